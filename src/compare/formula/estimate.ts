import type { Kind } from '../costs/costs.js'
import type { Model } from '../models.js'
import { requestsIn, rowOf, type Basis, type Essentials } from '../row-of.js'
import type { Row } from '../row.js'
import type { Shape } from '../shape.js'
import type { Workload } from '../workload.js'
import { countsOf, REQUEST_TRIPS } from './counts.js'
import { halfOpenOf } from './half-open.js'
import { pollingOf } from './intervals.js'
import { onlineOf, processesOf, serversOf } from './processes.js'
import { linkRecoveryOf, tenthRecoveryOf } from './recovery.js'
import { OUTAGE_MS, RESTART_MS, returnOf } from './return.js'
import { serviceOf } from './service.js'
import { currentShareOf, curveOf, timesOf } from './times.js'

const DAY_S = 86_400

/** A model that the closed form knows. */
export type ShapedModel = Model & { readonly shape: Shape }

/**
 * What a model comes to, by arithmetic alone.
 *
 * ```ts
 * const row = estimate({ name: 'mine', shape }, { workload, costs })
 * ```
 */
export function estimate(model: ShapedModel, basis: Basis): Row {
  const { shape } = model
  return {
    ...essentials(model, basis),
    ...backOf(shape, basis),
    curve: curveOf(shape, basis),
    peak: peaksOf(shape, basis),
  }
}

/**
 * The part of an estimate that a verdict needs; a search for crossing points makes thousands.
 *
 * ```ts
 * essentials({ name: 'mine', shape }, { workload, costs }).fits
 * ```
 */
export function essentials(model: ShapedModel, basis: Basis): Essentials {
  const { shape } = model
  const { workload } = basis
  const times = timesOf(shape, basis)
  return rowOf(
    {
      model,
      depth: 'formula',
      counts: countsOf(shape, workload),
      times,
      halfOpen: halfOpenOf(shape, workload),
      streams: shape.type === 'stream' ? 1 : 0,
      current: currentShareOf(shape, basis),
      missed: 0,
    },
    basis,
  )
}

function peaksOf(shape: Shape, basis: Basis): Row['peak'] {
  const { workload } = basis
  const online = onlineOf(workload)
  const service = serviceOf(shape, basis)
  const counts = countsOf(shape, workload)
  const requestsPerSecond = (online * requestsIn(counts.day)) / DAY_S
  const [servers, processes] = [serversOf(shape, workload), processesOf(shape, workload)]
  const first: Kind = shape.type === 'stream' ? 'connect' : 'release'
  const firstMs = service.occupiedMs(first)
  const { peakPerClient } = returnOf(shape, { awayMs: RESTART_MS, intervalMs: lookMsOf(shape, workload) })
  const back = Math.max(requestsPerSecond, peakPerClient * online)
  const { start } = counts
  const fetchMs = (start.snapshot ?? 0) * service.occupiedMs('snapshot')
  const reports = Math.min(1, start.report ?? 0)
  const fetchSharedMs = (start.snapshot ?? 0) * service.sharedMs('snapshot')
  const firstSharedMs = service.sharedMs(first)
  const answeredPerSecond = Math.min(
    (processes * 1_000) / (firstMs + fetchMs),
    (servers * 1_000) / (firstSharedMs + fetchSharedMs),
  )
  // Who fetches was answered before, and a server answers no faster than it can.
  const fetched = start.snapshot === undefined ? 0 : Math.min(online, answeredPerSecond)
  const perClientMs =
    firstMs +
    fetchMs +
    (start.delivery ?? 0) * service.occupiedMs('delivery') +
    reports * service.occupiedMs('report')
  const perClientSharedMs = firstSharedMs + fetchSharedMs + reports * service.sharedMs('report')
  /** So many clients, at the processes that serve and at those that share out. */
  const drain = (clients: number, servedMs: number, sharedMs: number): number =>
    Math.max((clients * servedMs) / processes, (clients * sharedMs) / servers)
  return {
    afterRestart: { requestsPerSecond: back, drainMs: drain(back, firstMs, firstSharedMs) },
    fleetStarts: {
      requestsPerSecond: online * (1 + reports) + fetched,
      drainMs: drain(online, perClientMs, perClientSharedMs),
    },
  }
}

/** How clients come back after an outage: by when, and how many requests that is in each second. */
function backOf(shape: Shape, basis: Basis): Pick<Row, 'recoveryMs' | 'loadAfterOutage'> {
  const { workload } = basis
  const { halfMs, allMs, perClientEachSecond, backBy } = returnOf(shape, {
    awayMs: OUTAGE_MS,
    intervalMs: lookMsOf(shape, workload),
  })
  const online = onlineOf(workload)
  const steady = (online * requestsIn(countsOf(shape, workload).day)) / DAY_S
  return {
    recoveryMs: {
      half: halfMs,
      all: allMs,
      link: linkRecoveryOf(shape, basis),
      tenth: tenthRecoveryOf(shape, basis),
    },
    // Who is back does what it always does from then on.
    loadAfterOutage: perClientEachSecond.map((count, second) => online * count + steady * backBy(second)),
  }
}

/**
 * How often a client asks that has no stream, in milliseconds; where that goes by the age of the
 * document, before one that is as old as the next change finds it.
 */
function lookMsOf(shape: Shape, workload: Workload): number {
  if (shape.type === 'stream') return shape.pollIntervalMs
  return pollingOf(shape, { ...workload, answerMs: REQUEST_TRIPS * workload.rttMs }).intervalMs
}
