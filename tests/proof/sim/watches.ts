import type { WatchTransport } from '../../../src/contracts/transport.js'

/** The watches of one namespace by one process, whatever connections they share with others. */
export interface Watches {
  /** Stands before the transport that they go over. */
  over<Given extends WatchTransport>(transport: Given): Given
  /** Whether one is open on which something came since then. */
  aliveSince(atMs: number): boolean
  /** When the first mark came on any of them, in milliseconds of the clock given. */
  readonly firstMarkMs: number | undefined
}

/** Makes {@link Watches}. */
export function watchWatches(namespace: string, nowMs: () => number): Watches {
  const open = new Set<{ heardMs: number }>()
  let firstMarkMs: number | undefined
  return {
    over: transport => ({
      ...transport,
      async *watch(query, signal) {
        const own = { heardMs: Number.NEGATIVE_INFINITY }
        if (query.namespaces.includes(namespace)) open.add(own)
        try {
          for await (const delivery of transport.watch(query, signal)) {
            own.heardMs = nowMs()
            if (delivery.type === 'mark') firstMarkMs ??= own.heardMs
            yield delivery
          }
        } finally {
          open.delete(own)
        }
      },
    }),
    aliveSince: atMs => [...open].some(({ heardMs }) => heardMs > atMs),
    get firstMarkMs() {
      return firstMarkMs
    },
  }
}
