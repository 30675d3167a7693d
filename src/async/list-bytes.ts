import type { Clock } from '../contracts/system.js'
import { encodeText, joinBytes } from '../core/json/text.js'
import { inSlices } from './in-slices.js'

/**
 * A JSON text with a list in it, as bytes: `before`, the items with commas between them, and
 * `after`. A long one takes longer than others may be kept waiting, so it gives way to them.
 *
 * ```ts
 * const body = await listBytes(reports, { before: '{"reports":[', text: canonicalize, after: ']}', clock })
 * ```
 */
export async function listBytes<Item>(
  items: Iterable<Item>,
  { before, text, after, clock }: ListOptions<Item>,
): Promise<Uint8Array> {
  const parts = [encodeText(before)]
  const write = (item: Item): void => {
    parts.push(encodeText(`${parts.length === 1 ? '' : ','}${text(item)}`))
  }
  await inSlices(items, write, { clock })
  parts.push(encodeText(after))
  return joinBytes(parts)
}

/** What surrounds a list, and how its items are written. */
export interface ListOptions<Item> {
  readonly before: string
  readonly text: (item: Item) => string
  readonly after: string
  readonly clock: Pick<Clock, 'monotonic' | 'turn'>
}
