import { countsBy, KINDS, REQUESTS, type Counts, type Kind } from '../../costs/costs.js'
import type { Service } from '../../formula/service.js'
import type { RequestTimes } from '../population.js'
import { createRequestClock } from './request-times.js'

/** Servers that take time: everything that one does waits in its queue. */
export interface LightServers {
  /** How many there are. */
  readonly count: number
  /** Whether they are there. */
  up: boolean
  /**
   * Counts an event at a server, and returns when it will have dealt with it; what shares
   * connections out has its turn before.
   */
  serve(server: number, kind: Kind, nowMs: number): number
  /** The same for so many events, of which nobody waits for one alone. */
  serveMany(server: number, kind: Kind, nowMs: number, times: number): void
  /** Occupies all of them with a change, which one of each group writes and the others read. */
  change(nowMs: number): void
  counts(): Counts
  requestsSince(ms: number): RequestTimes
  freeAtMs(): number
}

/** What light servers are made of. */
export interface LightServersOptions {
  readonly service: Service
  /** For how many events of its kind each one stands. */
  readonly weight: number
  /** How many of them, one after another, are workers of one server; 0 where each is a server. */
  readonly workers: number
}

/** Makes servers whose queues are empty. */
export function createLightServers(
  count: number,
  { service, weight, workers }: LightServersOptions,
): LightServers {
  const freeAtMs = new Float64Array(count)
  const sharingFreeAtMs = new Float64Array(workers === 0 ? 0 : Math.ceil(count / workers))
  const counts = new Float64Array(KINDS.length)
  const requests = createRequestClock()
  const about = Object.fromEntries(
    KINDS.map((kind, number) => [
      kind,
      {
        number,
        ms: weight * service.occupiedMs(kind),
        sharedMs: weight * service.sharedMs(kind),
        isRequest: REQUESTS.has(kind),
      },
    ]),
  ) as Record<
    Kind,
    { readonly number: number; readonly ms: number; readonly sharedMs: number; readonly isRequest: boolean }
  >
  const occupyOne = (queues: Float64Array, one: number, ms: number, nowMs: number): number => {
    const doneMs = Math.max(queues[one] as number, nowMs) + ms
    queues[one] = doneMs
    return doneMs
  }
  const occupy = (server: number, ms: number, nowMs: number): number => occupyOne(freeAtMs, server, ms, nowMs)
  /** When a connection is with its worker. */
  const handed = (server: number, ms: number, nowMs: number): number => {
    if (ms === 0) return nowMs
    const sharing = Math.floor(server / workers)
    // The last server may have fewer workers, before as many of its clients as it has of these.
    const share = Math.min(workers, count - sharing * workers) / workers
    return occupyOne(sharingFreeAtMs, sharing, ms / share, nowMs)
  }
  return {
    count,
    up: true,
    serve(server, kind, nowMs) {
      const { number, ms, sharedMs, isRequest } = about[kind]
      counts[number] = (counts[number] as number) + 1
      if (isRequest) requests.add(nowMs)
      return occupy(server, ms, handed(server, sharedMs, nowMs))
    },
    serveMany(server, kind, nowMs, times) {
      const { number, ms } = about[kind]
      counts[number] = (counts[number] as number) + times
      occupy(server, times * ms, nowMs)
    },
    change(nowMs) {
      const { changeMs, readMs } = service
      for (let server = 0; server < count; server += 1)
        occupy(server, changeMs + (workers > 0 && server % workers > 0 ? readMs : 0), nowMs)
      for (let one = 0; one < sharingFreeAtMs.length; one += 1) occupyOne(sharingFreeAtMs, one, readMs, nowMs)
    },
    counts: () => countsBy(kind => counts[about[kind].number] as number),
    requestsSince: requests.since,
    freeAtMs: () =>
      [freeAtMs, sharingFreeAtMs].reduce(
        (latest, queues) => queues.reduce((most, atMs) => Math.max(most, atMs), latest),
        0,
      ),
  }
}
