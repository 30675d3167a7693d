import { defaultPeriods } from '../../core/defaults.js'
import { DEAD_AFTER_HEARTBEATS } from '../../core/limits.js'
import { http } from '../../transports/http/index.js'
import { foundOf, lostAtStart, SOAK_MS, streamsOf, sumOf } from '../formula/counts.js'
import { estimate } from '../formula/estimate.js'
import { currentOf } from '../formula/freshness.js'
import { halfOpenOf } from '../formula/half-open.js'
import { serviceOf } from '../formula/service.js'
import { adaptedMs } from '../formula/intervals.js'
import { onlineOf, processesOf, serversOf } from '../formula/processes.js'
import type { Counts } from '../costs/costs.js'
import type { Model, RunnableModel } from '../models.js'
import { rowOf, type Basis, type Found } from '../row-of.js'
import type { Recovery, Row } from '../row.js'
import type { Workload } from '../workload.js'
import { wholeIntervals } from '../whole-intervals.js'
import { curveOf, quantile, timesFrom } from './quantiles.js'
import { openFleet } from './fleet.js'
import { openLightPopulation } from './light/light-population.js'
import { measureFleet, REPORTS_MS, type Seen, type Windows } from './measure.js'

/** How much is simulated, and who is told. */
export interface SimulateModelOptions extends Basis {
  /**
   * The most clients of the library that are simulated. A larger fleet is simulated by a light
   * population; where the model has no shape, each client stands for several.
   */
  readonly mostClients: number
  readonly seed: number
  /** Set to have a light population also where the library's own clients are few enough. */
  readonly population?: 'light'
  readonly signal: AbortSignal
  readonly onStep: (text: string) => void
}

/** More clients would take a machine's memory, for the same answer. */
const MOST_LIGHT = 1_000_000

const DAY_MS = 86_400_000

/**
 * How many looks of a strategy of one's own are counted while nothing happens, at least, so that
 * one more or less of it is little.
 */
const SEEN_LOOKS = 3

/**
 * For how long clients are waited for that a change has not reached, in milliseconds; longer where
 * they look more seldom.
 */
const PATIENCE_MS = 1_800_000

/**
 * What a model comes to, seen in virtual time. What asks in between is not simulated: such a model
 * is computed, and its row says so by its depth.
 */
export async function simulateModel(model: RunnableModel, options: SimulateModelOptions): Promise<Row> {
  const { workload, costs, mostClients, seed, signal, onStep } = options
  const online = onlineOf(workload)
  const { shape } = model
  if (shape !== undefined && shape.hops.length > 0) {
    onStep('computed, since what asks in between is not simulated')
    return estimate({ ...model, shape }, { workload, costs })
  }
  const isLight = options.population === 'light' || (shape !== undefined && online > mostClients)
  const simulated = isLight ? Math.min(online, MOST_LIGHT) : Math.min(online, mostClients)
  const weight = online / simulated
  const fleet =
    isLight && shape !== undefined
      ? openLightPopulation({ shape, workload, costs, size: simulated, weight, seed })
      : openFleet({ model, workload, costs, simulated, weight, seed })
  try {
    const seen = await measureFleet(fleet, { windows: windowsOf(model, workload), signal, onStep })
    return rowOfSeen(model, {
      seen: withSeldom(seen, model, workload),
      weight,
      sample: { clients: simulated, population: isLight ? 'light' : 'library' },
      basis: { workload, costs },
    })
  } finally {
    fleet.close()
  }
}

function windowsOf(model: RunnableModel, workload: Workload): Windows {
  const { shape } = model
  const { sweepIntervalMs } = defaultPeriods
  // Sweeps and reports come once in five minutes: who starts over so long is in every place of it.
  // A strategy of one's own may look more seldom, and nothing says that its clients spread by
  // themselves.
  const seldomMs = shape === undefined ? statedLookOf(model) : 0
  const startsOverMs = wholeIntervals(seldomMs, sweepIntervalMs)
  const idleMs = wholeIntervals(SEEN_LOOKS * seldomMs, sweepIntervalMs)
  const growsMs = growthOf(model, workload)
  // No heartbeat falls on the change. Where intervals still grow by then, it meets documents of
  // their usual age in the mean; where they do not, nothing is still growing while nothing happens.
  const youngerMs = growsMs < DAY_MS / workload.changesPerDay ? 0 : startsOverMs / 2 + idleMs
  const settlesMs = Math.max(REPORTS_MS + defaultPeriods.heartbeatMs / 2, growsMs - youngerMs)
  const lookMs = 1.2 * longestLookOf(model, startsOverMs + settlesMs + idleMs)
  const heartbeatMs = shape?.type === 'stream' ? shape.heartbeatMs : defaultPeriods.heartbeatMs
  const deadMs = DEAD_AFTER_HEARTBEATS * heartbeatMs + lookMs
  return {
    startsOverMs,
    settlesMs,
    idleMs,
    // What begins anew with the next start or change is part of what that costs.
    changeMs: Math.max(REPORTS_MS, lookMs, Math.min(growsMs, betweenMs(workload))),
    lookMs,
    deadMs,
    heartbeatMs,
    patienceMs: Math.max(PATIENCE_MS, 2 * lookMs),
  }
}

/**
 * For how long the interval of a model that asks the more seldom the older its document is grows
 * between two changes, in milliseconds; 0 for the others. A change meets a document of its usual
 * age, and what is asked for more often after it is part of what it costs.
 */
function growthOf({ shape }: Model, { changesPerDay }: Workload): number {
  if (shape?.type !== 'poll' || shape.adapts === undefined) return 0
  return Math.min(DAY_MS / changesPerDay, shape.pollIntervalMs / shape.adapts.share)
}

/** From one change or start of a client to the next, in milliseconds. */
function betweenMs({ changesPerDay, restartsPerDay }: Workload): number {
  return DAY_MS / (changesPerDay + restartsPerDay)
}

/** The longest that a client takes to look by itself, before a document that is at most so old. */
function longestLookOf(model: RunnableModel, ageMs: number): number {
  const { shape } = model
  if (shape === undefined) return statedLookOf(model)
  if (shape.type !== 'poll') return LOOK_MS
  const { pollIntervalMs, adapts } = shape
  const intervalMs =
    adapts === undefined ? pollIntervalMs : adaptedMs({ ...adapts, mostMs: pollIntervalMs }, ageMs)
  return intervalMs * 1.1
}

/** How long a client of the library takes to look by itself, while it has no stream. */
const LOOK_MS = 1.1 * defaultPeriods.pollIntervalMs

/** The same of a strategy of one's own, as it states it; of one that never looks by itself too. */
function statedLookOf({ strategy }: RunnableModel): number {
  const nowhere = http('http://server', { fetch: () => Promise.reject(new TypeError('fetch failed')) })
  const { lookMs, stream } = strategy(nowhere)
  const statedMs = stream === undefined ? lookMs : 1.1 * stream.pollIntervalMs
  return Number.isFinite(statedMs) ? Math.max(LOOK_MS, statedMs) : LOOK_MS
}

function rowOfSeen(
  model: RunnableModel,
  {
    seen,
    weight,
    sample,
    basis,
  }: {
    readonly seen: Seen
    readonly weight: number
    readonly sample: Required<Row>['sample']
    readonly basis: Basis
  },
): Row {
  const { workload } = basis
  const { shape } = model
  const { delaysMs, recoveredMs, linkMs, startedMs } = seen
  const times = timesFrom(delaysMs, { ...workload, clients: sample.clients })
  const heartbeatMs = shape?.type === 'stream' ? shape.heartbeatMs : defaultPeriods.heartbeatMs
  const streams = Math.min(1, ((seen.day.mark ?? 0) * heartbeatMs) / DAY_MS)
  const found: Found = {
    model,
    depth: 'simulation',
    counts: seen,
    times,
    halfOpen: shape === undefined ? seenHalfOpen(seen, { basis, streams }) : halfOpenOf(shape, workload),
    streams,
    current: currentOf({ meanMs: times.mean, ...workload }),
    missed: Math.round(seen.missed * weight),
    sample,
  }
  const service = serviceOf(shape, basis)
  const first = streams > 0.5 ? 'connect' : 'unchanged'
  const back = seen.peakAfterRestart * weight
  return {
    ...rowOf(found, basis),
    curve: curveOf(delaysMs, found.halfOpen),
    loadAfterOutage: seen.loadAfterOutage.map(count => count * weight),
    peak: {
      afterRestart: {
        requestsPerSecond: back,
        drainMs: Math.max(
          (back * service.occupiedMs(first)) / processesOf(shape, workload),
          (back * service.sharedMs(first)) / serversOf(shape, workload),
        ),
      },
      fleetStarts: { requestsPerSecond: seen.peakOfStart * weight, drainMs: seen.drainMs },
    },
    recoveryMs: { ...recoveryFrom(recoveredMs), link: recoveryFrom(linkMs), tenth: recoveryFrom(startedMs) },
  }
}

function recoveryFrom(delaysMs: ArrayLike<number>): Recovery {
  return { half: quantile(delaysMs, 0.5), all: quantile(delaysMs, 1) }
}

/**
 * What comes more seldom than a simulation lasts is arithmetic: streams that are renewed, and those
 * that die, each of which begins with a mark. And a change puts off the next report of everybody,
 * and a start its sweeps too, by half of one in the end, which is after a simulation has stopped to
 * look. Clients that are started anew say "stopped" before, which those of a simulation, that
 * crash, do not.
 */
function withSeldom(seen: Seen, { shape }: Model, workload: Workload): Seen {
  const { changeMs, startMs } = seen
  // Nobody reports to a folder, which in a simulation is served by a server all the same.
  const heard = Number.isFinite(shape?.reportIntervalMs ?? 0) ? {} : { report: 0 }
  const [day, change, start] = [seen.day, seen.change, seen.start].map(counts => ({
    ...counts,
    ...heard,
  })) as [Counts, Counts, Counts]
  const { intervalMs } = defaultPeriods.reports
  const reports = change.report ?? 0
  const putOff = Math.max(0, 0.5 + (SOAK_MS - changeMs) / intervalMs)
  const isSeldom = workload.changesPerDay * intervalMs < DAY_MS
  const { restartsPerDay } = workload
  /** What a start puts off, and a simulation does not look on for long enough to see. */
  const unseen = (perDay = 0, share = 0.5): number =>
    Math.max(0, lostAtStart(perDay, restartsPerDay, share) - (perDay * startMs) / DAY_MS)
  const sweepsLost = unseen(day.log)
  const reportsLost = unseen(day.report, 0.5 + SOAK_MS / intervalMs)
  const diesPerDay = shape === undefined ? 0 : halfOpenOf(shape, workload).diesPerDay
  const streams = shape?.type === 'stream' ? streamsOf(shape, workload) : 0
  const streamsLost = streams > 0 ? lostAtStart(streams, restartsPerDay) : 0
  return {
    ...seen,
    day: {
      ...day,
      // Beside a stream that died a client asks once.
      unchanged: (day.unchanged ?? 0) + diesPerDay,
      connect: (day.connect ?? 0) + streams,
      mark: (day.mark ?? 0) + streams,
    },
    start: {
      ...start,
      ...(sweepsLost > 0 && {
        log: (start.log ?? 0) - sweepsLost,
        release: (start.release ?? 0) - sweepsLost,
        unchanged: (start.unchanged ?? 0) + (shape?.type === 'poll' ? sweepsLost : 0),
      }),
      connect: (start.connect ?? 0) - streamsLost,
      mark: (start.mark ?? 0) - streamsLost,
      report: reports > 0 ? (start.report ?? 0) + 1 - reportsLost : (start.report ?? 0),
    },
    // One change was seen, by everybody.
    change: sumOf([
      [
        { ...change, report: reports > 0 && isSeldom ? Math.max(0, reports - putOff) : reports },
        shape === undefined ? 1 : foundOf(shape, workload),
      ],
    ]),
  }
}

function seenHalfOpen(
  { linkMs }: Seen,
  { basis, streams }: { readonly basis: Basis; readonly streams: number },
): Found['halfOpen'] {
  // Those that it never reached are missed.
  const deadMs = streams > 0.5 && linkMs.length > 0 ? quantile(linkMs, 1) : 0
  return {
    share: Math.min(1, (basis.workload.halfOpenPerClientDay * deadMs) / DAY_MS),
    meanMs: deadMs / 2,
    worstMs: deadMs,
  }
}
