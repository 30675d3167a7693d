import { NoticeboardError } from '../contracts/errors.js'
import type { System } from '../contracts/system.js'
import type { ReportTransport, Transport, WatchTransport } from '../contracts/transport.js'
import { abortable, isElsewhere } from '../async/signals.js'
import { digestOf } from '../core/release/digest.js'
import { checkOptions, isPositive } from '../core/options.js'
import { readSystem } from '../system/system.js'

/** Everything has a default. */
export interface CachedOptions {
  /** How many snapshots are kept. Default 64. */
  readonly maxSnapshots?: number
  /** How many bytes they may have together. Default 67,108,864. */
  readonly maxBytes?: number
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System>
}

/** Notifies and carries reports where the transport within does. */
export type Cached<Given extends Transport> = Transport &
  (Given extends WatchTransport ? WatchTransport : unknown) &
  (Given extends ReportTransport ? ReportTransport : unknown)

type SnapshotQuery = Parameters<Transport['snapshot']>[0]

/** One fetch that several wait for. */
interface Flight {
  readonly bytes: Promise<Uint8Array>
  readonly controller: AbortController
  waiting: number
}

/**
 * Keeps snapshots in memory by their digest, and asks for one once however many want it at the same
 * time: for relays, and for several clients in one process. Only what matches its digest is kept;
 * the least recently used goes first. The bytes are shared by all who get them and must not be
 * changed. Everything else passes through. Throws `invalid-option`.
 *
 * ```ts
 * const relay = await serve(cached(http('https://config.internal')))
 * ```
 */
export function cached<Given extends Transport>(
  transport: Given,
  options: CachedOptions = {},
): Cached<Given> {
  checkOptions('cached()', options, { maxSnapshots: true, maxBytes: true, system: true })
  const { maxSnapshots = 64, maxBytes = 67_108_864 } = options
  const { hasher } = readSystem('cached()', options.system)
  for (const [name, value] of Object.entries({ maxSnapshots, maxBytes })) {
    if (!isPositive(value))
      throw new NoticeboardError('invalid-option', `cached: ${name} must be a number greater than 0`)
  }
  const kept = new Map<string, Uint8Array>()
  const flights = new Map<string, Flight>()
  let keptBytes = 0

  const keep = (key: string, bytes: Uint8Array): void => {
    if (bytes.length > maxBytes) return
    forget(key)
    kept.set(key, bytes)
    keptBytes += bytes.length
    for (const oldest of kept.keys()) {
      if (kept.size <= maxSnapshots && keptBytes <= maxBytes) break
      forget(oldest)
    }
  }
  const forget = (key: string): void => {
    keptBytes -= kept.get(key)?.length ?? 0
    kept.delete(key)
  }

  const launch = (key: string, flightKey: string, query: SnapshotQuery): Flight => {
    const controller = new AbortController()
    const fetch = async (): Promise<Uint8Array> => {
      try {
        const bytes = await transport.snapshot(query, controller.signal)
        if (digestOf(hasher, bytes) === query.digest) keep(key, bytes)
        return bytes
      } finally {
        if (flights.get(flightKey) === flight) flights.delete(flightKey)
      }
    }
    const flight: Flight = { bytes: Promise.resolve().then(fetch), controller, waiting: 0 }
    flights.set(flightKey, flight)
    return flight
  }

  /** Waits along; whoever leaves last takes the fetch with it. */
  const board = async (flight: Flight, flightKey: string, signal: AbortSignal): Promise<Uint8Array> => {
    flight.waiting += 1
    try {
      return await abortable(
        flight.bytes,
        signal,
        () => new NoticeboardError('closed', 'the caller aborted the request'),
      )
    } finally {
      flight.waiting -= 1
      if (flight.waiting === 0) {
        if (flights.get(flightKey) === flight) flights.delete(flightKey)
        flight.controller.abort()
      }
    }
  }

  const inner: Transport & Partial<WatchTransport & ReportTransport> = transport
  const { name, unmanaged, remote, delta, next, report } = inner
  return {
    name,
    ...(unmanaged && { unmanaged }),
    ...(remote && { remote }),
    latest: async (query, signal) => inner.latest(query, signal),
    async snapshot(query, signal) {
      // A digest alone would let one namespace see what only another may read.
      const key = `${query.namespace} ${query.digest}`
      const found = kept.get(key)
      if (found === undefined) {
        const flightKey = `${key} ${query.maxSnapshotBytes}`
        const under = flights.get(flightKey)
        const flight =
          under === undefined || isElsewhere(under.controller.signal) ? launch(key, flightKey, query) : under
        return board(flight, flightKey, signal)
      }
      if (found.length > query.maxSnapshotBytes) {
        throw new NoticeboardError(
          'too-large',
          `the snapshot has ${found.length} bytes; ${query.maxSnapshotBytes} are allowed: raise maxSnapshotBytes of the client, or publish a smaller document`,
        )
      }
      kept.delete(key)
      kept.set(key, found)
      return found
    },
    ...(delta && { delta: async (query, signal) => delta.call(inner, query, signal) }),
    ...(next && { next: async (query, signal) => next.call(inner, query, signal) }),
    ...(inner.watch && { watch: inner.watch.bind(inner) }),
    ...(report && {
      report: async (...[states, signal]: Parameters<typeof report>) => report.call(inner, states, signal),
    }),
  } satisfies Transport as Cached<Given>
}
