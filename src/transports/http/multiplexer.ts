import type { Clock } from '../../contracts/system.js'
import type { Delivery, WatchQuery } from '../../contracts/transport.js'
import { createSharedStream, type OpenStream, type SharedStream } from './shared-stream.js'

/** Watches over one transport, brought together: a browser has six connections to a host. */
export interface Multiplexer {
  watch(query: WatchQuery, signal: AbortSignal): AsyncIterable<Delivery>
}

/**
 * Shares a connection among all watches that would get the same: those without snapshots, and those
 * of one identity. What one connection cannot carry goes over another.
 */
export function createMultiplexer(open: OpenStream, clock: Clock): Multiplexer {
  const streams = new Map<string, SharedStream>()

  const streamFor = (query: WatchQuery): SharedStream => {
    for (let part = 0; ; part += 1) {
      const key = `${keyOf(query)}#${part}`
      const known = streams.get(key)
      const isOurs = known !== undefined && !known.elsewhere()
      if (isOurs && known.fits(query)) return known
      if (isOurs) continue
      for (const [other, { idle }] of streams) if (idle()) streams.delete(other)
      const stream = createSharedStream(open, clock)
      streams.set(key, stream)
      return stream
    }
  }

  return {
    async *watch(query, signal) {
      yield* streamFor(query).watch(query, signal)
    },
  }
}

/** Without snapshots the answer does not depend on who asks. */
function keyOf({ inline, identity, deltas = false }: WatchQuery): string {
  if (!inline) return 'notices'
  const labels = Object.entries(identity?.labels ?? {}).sort(([a], [b]) => (a < b ? -1 : 1))
  return JSON.stringify([identity?.clientId ?? null, labels, deltas])
}
