import type { Clock } from '../contracts/system.js'

/** How long one slice may keep others waiting, in milliseconds. */
const SLICE_MS = 3

/**
 * Does something with each item, giving way to other work every few milliseconds. `perLook` is how
 * many items go by between two looks at the clock: 32 unless given, for what takes microseconds
 * each.
 *
 * ```ts
 * await inSlices(connections, connection => connection.sink.write(frame), { clock })
 * ```
 */
export async function inSlices<Item>(
  items: Iterable<Item>,
  act: (item: Item) => void,
  { clock, perLook = 32 }: { readonly clock: Pick<Clock, 'monotonic' | 'turn'>; readonly perLook?: number },
): Promise<void> {
  let untilMs = clock.monotonic() + SLICE_MS
  let count = 0
  for (const item of items) {
    act(item)
    count += 1
    if (count % perLook !== 0 || clock.monotonic() < untilMs) continue
    await clock.turn()
    untilMs = clock.monotonic() + SLICE_MS
  }
}
