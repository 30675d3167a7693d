import type { Clock } from '../../contracts/system.js'
import { REQUESTS, type Kind } from '../costs/costs.js'
import type { Service } from '../formula/service.js'

/** A server that takes time: everything that it does waits in one queue, as in one event loop. */
export interface ServerQueue {
  /**
   * Counts an event of that kind, and resolves when the server has dealt with it and the client's
   * line has taken what was sent; `arrivedAtMs` is when it came to the server, now unless given.
   */
  serve(kind: Kind, arrivedAtMs?: number): Promise<void>
  /** Occupies the server for so long. */
  occupy(this: void, ms: number): void
  /** When it will have dealt with everything that is there now, in milliseconds of virtual time. */
  readonly freeAtMs: number
}

/** What servers did until some instant. */
export interface Tally {
  readonly counts: Map<Kind, number>
  /** When each request arrived, in milliseconds of virtual time. */
  readonly arrivals: number[]
}

/** An empty tally, which several servers may share. */
export function createTally(): Tally {
  return { counts: new Map(), arrivals: [] }
}

/**
 * Makes a server's queue. `weight` says for how many clients of the fleet each simulated one
 * stands: so much longer each event occupies the server.
 *
 * ```ts
 * await queue.serve('snapshot')
 * ```
 */
export function createServerQueue({
  clock,
  service,
  weight,
  tally,
}: {
  readonly clock: Clock
  readonly service: Service
  readonly weight: number
  readonly tally: Tally
}): ServerQueue {
  const line = createLine(clock)
  return {
    get freeAtMs() {
      return line.freeAtMs
    },
    occupy: line.occupy,
    serve(kind, arrivedAtMs = clock.monotonic()) {
      tally.counts.set(kind, (tally.counts.get(kind) ?? 0) + 1)
      if (REQUESTS.has(kind)) tally.arrivals.push(arrivedAtMs)
      return line.wait(weight * service.occupiedMs(kind), service.transferMs(kind))
    },
  }
}

/** The process that shares a server's connections out among its workers: a queue of its own. */
export interface SharingQueue extends Pick<ServerQueue, 'occupy' | 'freeAtMs'> {
  /** Resolves when the connection of a request of that kind was handed to a worker. */
  hand(kind: Kind): Promise<void>
}

/**
 * Makes the queue of a process that shares out; `weight` as that of a server's.
 *
 * ```ts
 * await sharing.hand('snapshot')
 * ```
 */
export function createSharingQueue({
  clock,
  service,
  weight,
}: {
  readonly clock: Clock
  readonly service: Service
  readonly weight: number
}): SharingQueue {
  const line = createLine(clock)
  return {
    get freeAtMs() {
      return line.freeAtMs
    },
    occupy: line.occupy,
    async hand(kind) {
      const ms = weight * service.sharedMs(kind)
      if (ms > 0) await line.wait(ms)
    },
  }
}

/** One after another. */
function createLine(clock: Clock) {
  let freeAtMs = 0
  const occupy = (ms: number): void => {
    freeAtMs = Math.max(clock.monotonic(), freeAtMs) + ms
  }
  return {
    get freeAtMs() {
      return freeAtMs
    },
    occupy,
    /** Resolves when it has had its turn, and so long after it. */
    wait(ms: number, afterMs = 0): Promise<void> {
      occupy(ms)
      return new Promise(resolve => void clock.after(freeAtMs + afterMs - clock.monotonic(), resolve))
    },
  }
}
