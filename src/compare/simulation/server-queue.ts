import type { Clock } from '../../contracts/system.js'
import { REQUESTS, type Kind } from '../costs/costs.js'
import type { Service } from '../formula/service.js'

/** A server that takes time: everything that it does waits in one queue, as in one event loop. */
export interface ServerQueue {
  /** Resolves when the server has dealt with an event of that kind, and counts it. */
  serve(kind: Kind): Promise<void>
  /** Occupies the server for so long. */
  occupy(ms: number): void
  /** When it will have dealt with everything that is there now, in milliseconds of virtual time. */
  readonly freeAtMs: number
}

/** What servers did until some instant. */
export interface Tally {
  readonly counts: Map<Kind, number>
  /** When each request arrived, in milliseconds of virtual time, in order. */
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
  let freeAtMs = 0
  const occupy = (ms: number): number => {
    freeAtMs = Math.max(clock.monotonic(), freeAtMs) + ms
    return freeAtMs
  }
  return {
    get freeAtMs() {
      return freeAtMs
    },
    occupy: ms => void occupy(ms),
    serve(kind) {
      tally.counts.set(kind, (tally.counts.get(kind) ?? 0) + 1)
      if (REQUESTS.has(kind)) tally.arrivals.push(clock.monotonic())
      const doneAtMs = occupy(weight * service.occupiedMs(kind))
      return new Promise(resolve => void clock.after(doneAtMs - clock.monotonic(), resolve))
    },
  }
}
