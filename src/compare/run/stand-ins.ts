import { createLinkedAbortController } from '../../async/signals.js'
import type { Clock } from '../../contracts/system.js'
import { NAMESPACE } from '../board.js'
import type { Shape } from '../shape.js'
import { followServers } from './follow-servers.js'
import { unkeptHttp } from './unkept-http.js'

/** More streams than that are not opened by one process, and more is not asked a second. */
const MOST_OPENED = 6_000
const MOST_POLLS_PER_SECOND = 1_000

/**
 * How many clients of a fleet something stands in for that are not run, as far as one process can.
 *
 * ```ts
 * standInsOf(shape, 5_387) // 5,000 where they ask every 5 s
 * ```
 */
export function standInsOf(shape: Shape, notRun: number): number {
  const most = shape.type === 'stream' ? MOST_OPENED : (MOST_POLLS_PER_SECOND * shape.pollIntervalMs) / 1_000
  return Math.max(0, Math.floor(Math.min(notRun, most)))
}

/**
 * Stands in for clients that are not run, until it is called off: opens their streams, which are
 * read and left, or asks as often as they would and finds nothing new. A server that answers a whole
 * fleet costs less for each client than one that has the time to forget what it did. Something must
 * have been published. Resolves to what ends it.
 *
 * ```ts
 * const leave = await standIn(5_387, { urls, shape, clock, signal })
 * ```
 */
export async function standIn(
  count: number,
  {
    urls,
    shape,
    clock,
    signal,
  }: {
    readonly urls: readonly string[]
    readonly shape: Shape
    readonly clock: Pick<Clock, 'monotonic' | 'sleep'>
    readonly signal: AbortSignal
  },
): Promise<() => void> {
  if (shape.type === 'stream') return followServers(urls, { count, signal })
  const end = createLinkedAbortController(signal)
  const asks = await Promise.all(urls.map(url => pollerOf(url, end.signal)))
  const fromMs = clock.monotonic()
  const perMs = count / shape.pollIntervalMs
  const asking = async (): Promise<void> => {
    for (let asked = 0; !end.signal.aborted;) {
      const due = (clock.monotonic() - fromMs) * perMs
      for (; asked < due; asked += 1) void asks[asked % asks.length]?.()
      await clock.sleep(1, end.signal)
    }
  }
  void asking()
  return () => end.abort()
}

/** Asks a server for the newest release as whoever runs it does. */
async function pollerOf(url: string, signal: AbortSignal): Promise<() => Promise<void>> {
  const transport = unkeptHttp(url)
  const newest = await transport.latest({ namespace: NAMESPACE }, signal)
  const tag = newest.type === 'release' ? newest.tag : undefined
  return () =>
    transport.latest({ namespace: NAMESPACE, tag }, signal).then(
      () => {},
      // A server that does not answer one of them is seen by the clients that are run.
      () => {},
    )
}
