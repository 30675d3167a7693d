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
  /** Counts an event at a server, and returns when it will have dealt with it. */
  serve(server: number, kind: Kind, nowMs: number): number
  /** The same for so many events, of which nobody waits for one alone. */
  serveMany(server: number, kind: Kind, nowMs: number, times: number): void
  /** Occupies all of them for so long. */
  occupy(ms: number, nowMs: number): void
  counts(): Counts
  requestsSince(ms: number): RequestTimes
  freeAtMs(): number
}

/**
 * Makes servers whose queues are empty; each event occupies one for so many of its kind as `weight`
 * says.
 */
export function createLightServers(
  count: number,
  { service, weight }: { readonly service: Service; readonly weight: number },
): LightServers {
  const freeAtMs = new Float64Array(count)
  const counts = new Float64Array(KINDS.length)
  const requests = createRequestClock()
  const about = Object.fromEntries(
    KINDS.map((kind, number) => [
      kind,
      { number, ms: weight * service.occupiedMs(kind), isRequest: REQUESTS.has(kind) },
    ]),
  ) as Record<Kind, { readonly number: number; readonly ms: number; readonly isRequest: boolean }>
  const occupy = (server: number, ms: number, nowMs: number): number => {
    const doneMs = Math.max(freeAtMs[server] as number, nowMs) + ms
    freeAtMs[server] = doneMs
    return doneMs
  }
  return {
    count,
    up: true,
    serve(server, kind, nowMs) {
      const { number, ms, isRequest } = about[kind]
      counts[number] = (counts[number] as number) + 1
      if (isRequest) requests.add(nowMs)
      return occupy(server, ms, nowMs)
    },
    serveMany(server, kind, nowMs, times) {
      const { number, ms } = about[kind]
      counts[number] = (counts[number] as number) + times
      occupy(server, times * ms, nowMs)
    },
    occupy(ms, nowMs) {
      for (let server = 0; server < count; server += 1) occupy(server, ms, nowMs)
    },
    counts: () => countsBy(kind => counts[about[kind].number] as number),
    requestsSince: requests.since,
    freeAtMs: () => freeAtMs.reduce((most, atMs) => Math.max(most, atMs), 0),
  }
}
