import { defaultPeriods } from '../../core/defaults.js'
import { totalOf, type Costs, type Counts, type Kind } from '../costs/costs.js'
import type { Shape } from '../shape.js'
import type { Workload } from '../workload.js'
import { countsOf, isInline, REQUEST_TRIPS, sendsDeltas } from './counts.js'
import { freshnessOf } from './freshness.js'
import { halfOpenOf, reachedMs } from './half-open.js'
import { lastOf, MEAN_WAIT, pollingOf, waitOf } from './intervals.js'
import { onlineOf, processesOf, serversOf } from './processes.js'
import { serviceOf, type Service } from './service.js'

/** How long a change takes to clients that are there, from `publish()` on, in milliseconds. */
export interface Times {
  readonly half: number
  readonly p99: number
  readonly all: number
  readonly mean: number
}

/**
 * How long a change takes. Streams are written to one after another; what is fetched after a notice
 * waits in one queue a server, behind all notices; who polls waits for the next poll. Clients whose
 * stream is dead come later, and are not in these times.
 *
 * ```ts
 * timesOf(shape, { workload, costs }).all
 * ```
 */
export function timesOf(shape: Shape, basis: TimesBasis): Times {
  const { at, meanMs } = arrivalsOf(shape, basis)
  return {
    half: at(0.5, 0.5),
    p99: at(0.99, 1),
    all: at(shape.type === 'poll' ? lastOf(onlineOf(basis.workload)) : 1, 1),
    mean: meanMs,
  }
}

/** A point of a curve: the share of clients that a change has reached by then. */
export interface CurvePoint {
  readonly ms: number
  readonly share: number
}

const CURVE_STEPS = 40

const DAY_MS = 86_400_000

/**
 * How a change reaches the clients that are there, as a curve: with those on dead streams, where
 * these are more than a few.
 *
 * ```ts
 * curveOf(shape, { workload, costs })
 * ```
 */
export function curveOf(shape: Shape, basis: TimesBasis): readonly CurvePoint[] {
  const { at } = arrivalsOf(shape, basis)
  const halfOpen = halfOpenOf(shape, basis.workload)
  // Of some clients that poll, the last waits for no whole interval.
  const last = shape.type === 'poll' ? lastOf(onlineOf(basis.workload)) : 1
  // What is in between is as late as the clients behind it: by nothing for the first, and by its
  // whole interval for the last.
  return curveThrough(share => reachedMs(share, { liveMs: live => at(Math.min(live, last), live), halfOpen }))
}

/**
 * A curve of even steps, from when each share of the clients has a change, in milliseconds.
 *
 * ```ts
 * curveThrough(share => share * 30_000)
 * ```
 */
export function curveThrough(msAt: (share: number) => number): readonly CurvePoint[] {
  return Array.from({ length: CURVE_STEPS + 1 }, (_, step) => {
    const share = step / CURVE_STEPS
    return { ms: msAt(share), share }
  })
}

/** What times follow from. */
export interface TimesBasis {
  readonly workload: Workload
  readonly costs: Costs
}

/**
 * When a share of the clients has a change; `lagShare` says how much of what is in between goes by
 * before that.
 */
interface Arrivals {
  at(share: number, lagShare: number): number
  readonly meanMs: number
  /** What every client waits for, and what is anything from 0 to so much, in milliseconds. */
  readonly alwaysMs: number
  readonly upToMs: readonly number[]
}

function arrivalsOf(shape: Shape, { workload, costs }: TimesBasis): Arrivals {
  const { rttMs } = workload
  const service = serviceOf(shape, { workload, costs })
  const perServer = onlineOf(workload) / serversOf(shape, workload)
  const perProcess = onlineOf(workload) / processesOf(shape, workload)
  const lag = lagOf(shape, { workload, readMs: service.readMs })
  const { backlogMs, answering } = service.steady()
  const beginsMs = backlogMs + service.changeMs + lag.leastMs
  const begin = (share: number): number => beginsMs + share * lag.upToMs.reduce((sum, ms) => sum + ms, 0)

  const deltas = sendsDeltas(shape, workload)
  const fetched = deltas ? 'delta' : 'snapshot'
  const fetchedMs = service.occupiedMs(fetched)

  if (shape.type === 'poll') {
    const { intervalMs } = pollingOf(shape, { ...workload, answerMs: REQUEST_TRIPS * rttMs })
    const ownMs = service.occupiedMs('release') + fetchedMs
    const sharedMs = service.sharedMs('release') + service.sharedMs(fetched)
    const tripsMs = 2 * REQUEST_TRIPS * rttMs + sharedMs + ownMs + onClientMs(shape, { workload, service })
    const besides = besidesOf(shape, { workload, intervalMs })
    const besidesMs = totalOf(besides, service.occupiedMs)
    const besidesSharedMs = totalOf(besides, service.sharedMs)
    const queueMs = inRow([
      { ownMs: sharedMs, busy: (perServer * (sharedMs + besidesSharedMs)) / intervalMs, intervalMs },
      { ownMs, busy: (perProcess * (ownMs + besidesMs)) / intervalMs, intervalMs },
    ])
    return {
      at: (share, lagShare) => begin(lagShare) + waitOf(share) * intervalMs + tripsMs + queueMs(share),
      meanMs: begin(0.5) + MEAN_WAIT * intervalMs + tripsMs + queueMs(0.5),
      alwaysMs: beginsMs + tripsMs + queueMs(0.5),
      upToMs: [...lag.upToMs, intervalMs],
    }
  }
  const inline = isInline(shape, workload.documentBytes)
  const frameMs = service.occupiedMs(inline ? (deltas ? 'deltaDelivery' : 'delivery') : 'notice')
  const fetchMs = inline ? 0 : fetchedMs
  const sharedMs = inline ? 0 : service.sharedMs(fetched)
  const tripsMs =
    rttMs / 2 + (inline ? 0 : REQUEST_TRIPS * rttMs) + sharedMs + onClientMs(shape, { workload, service })
  const at = (share: number, lagShare: number): number => {
    // Who fetches from the same server waits until all notices are written.
    const framesMs = (fetchMs > 0 ? 1 : share) * perProcess * frameMs
    // What is asked besides until then stands among those who fetch.
    const othersMs = fetchMs > 0 ? share * answering * framesMs : 0
    // What a content delivery network sends it has to have.
    const queueMs = Math.max(framesMs, service.fillMs) + othersMs + share * perProcess * fetchMs
    // Connections are shared out meanwhile, by a process that does nothing else.
    return begin(lagShare) + Math.max(queueMs, share * perServer * sharedMs) + tripsMs
  }
  return { at, meanMs: at(0.5, 0.5), alwaysMs: at(0.5, 0), upToMs: lag.upToMs }
}

/**
 * The share of time in which a client is current whose connection lives, when changes come at
 * random: it is not where one came within what each waits for, or within where it is between two
 * polls, its own or of what polls in between (Cho and Garcia-Molina).
 *
 * ```ts
 * currentShareOf(pullModel().shape, { workload, costs }) // 0.993
 * ```
 */
export function currentShareOf(shape: Shape, basis: TimesBasis): number {
  const { alwaysMs, upToMs } = arrivalsOf(shape, basis)
  const perMs = basis.workload.changesPerDay / DAY_MS
  return upToMs.reduce((share, ms) => share * freshnessOf(perMs * ms), Math.exp(-perMs * alwaysMs))
}

/**
 * What a change takes at a client once it was sent, in milliseconds: on the client's own line, and
 * until a delta was applied.
 *
 * ```ts
 * onClientMs(shape, { workload, service })
 * ```
 */
export function onClientMs(
  shape: Shape,
  { workload, service }: { readonly workload: Workload; readonly service: Service },
): number {
  const deltas = sendsDeltas(shape, workload)
  const brings: readonly Kind[] =
    shape.type === 'stream' && isInline(shape, workload.documentBytes)
      ? [deltas ? 'deltaDelivery' : 'delivery']
      : [shape.type === 'poll' ? 'release' : 'notice', deltas ? 'delta' : 'snapshot']
  return brings.reduce((sum, kind) => sum + service.transferMs(kind), service.appliedMs)
}

/** A process that every request of some clients passes. */
interface Station {
  /** How long one occupies it, in milliseconds. */
  readonly ownMs: number
  /** How much of the time it is occupied while a change comes; above 1 it falls behind. */
  readonly busy: number
  readonly intervalMs: number
}

/**
 * What a client that polls asks besides within one interval after a change: for its log and with its
 * reports, as always, and to say that it has the change.
 */
function besidesOf(
  shape: Shape,
  { workload, intervalMs }: { readonly workload: Workload; readonly intervalMs: number },
): Counts {
  const { day } = countsOf(shape, workload)
  const [log = 0, report = 0] = [day.log, day.report].map(count => ((count ?? 0) * intervalMs) / DAY_MS)
  // It gathers what it reports for three quarters of that in the mean.
  const toldMs = 0.75 * defaultPeriods.reports.batchMs
  return { log, report: report === 0 ? 0 : report + Math.max(0, 1 - toldMs / intervalMs) }
}

/**
 * How long requests wait at stations one behind the other, in milliseconds, by the share of the
 * clients that asked before: at each for a steady queue; where clients ask faster than one is, at
 * the slowest alone, which the others follow, and the longer the later they ask.
 */
function inRow(stations: readonly Station[]): (share: number) => number {
  const slowest = Math.max(...stations.map(({ busy }) => busy))
  if (slowest < 1) {
    const steadyMs = stations.reduce((sum, { busy, ownMs }) => sum + (busy * ownMs) / (2 * (1 - busy)), 0)
    return () => steadyMs
  }
  const mostMs = Math.max(...stations.map(({ busy, intervalMs }) => Math.max(0, (busy - 1) * intervalMs)))
  return share => share * mostMs
}

/** For how long a server answers with what it was last told is the newest, in milliseconds. */
export const FRESH_MS = 1_000

/**
 * What passes before the servers that clients ask have a change themselves, in milliseconds: in any
 * case, and from nothing to so much, each by itself.
 */
function lagOf(
  shape: Shape,
  { workload, readMs }: { readonly workload: Workload; readonly readMs: number },
): { readonly leastMs: number; readonly upToMs: readonly number[] } {
  const { hops, relays, workers, type } = shape
  const { rttMs, servers } = workload
  // Streams are told; who asks another server than the one that was written to is answered with
  // what that knew a moment ago.
  const relayMs = relays > 0 ? rttMs / 2 : 0
  const isTold = type === 'stream' || (servers === 1 && workers <= 1)
  // A worker that did not write it reads it from the folder, once it was written.
  const leastMs = relayMs + (workers > 1 ? readMs : 0)
  return { leastMs, upToMs: isTold ? hops : [FRESH_MS, ...hops] }
}
