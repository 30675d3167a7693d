import { NoticeboardError } from '../../contracts/errors.js'
import { defaultPeriods } from '../../core/defaults.js'
import { countsOf, REQUEST_TRIPS, isInline } from '../formula/counts.js'
import { estimate, type ShapedModel } from '../formula/estimate.js'
import { currentOf } from '../formula/freshness.js'
import { halfOpenOf } from '../formula/half-open.js'
import { OUTAGE_MS } from '../formula/return.js'
import { serviceOf } from '../formula/service.js'
import { onlineOf, processesOf } from '../formula/processes.js'
import { onClientMs } from '../formula/times.js'
import type { Counts, Kind } from '../costs/costs.js'
import { rowOf, type Basis, type Used } from '../row-of.js'
import type { Row } from '../row.js'
import type { Shape } from '../shape.js'
import { curveOf, quantile, timesFrom } from '../simulation/quantiles.js'
import { openFleetRun } from './fleet-run.js'
import { runFleet, type RunWindows, type SeenInRun, type Span } from './run-fleet.js'
import { whyNotRun } from './runnable.js'
import { WARM_AFTER } from './warm-up.js'

/** How much is run, and who is told. */
export interface RunModelOptions extends Basis {
  /** The file of the command line, which the processes are started from. */
  readonly cli: string
  /** The most clients that are run. */
  readonly mostClients: number
  readonly signal: AbortSignal
  readonly onStep: (text: string) => void
  readonly windows: RunWindowsOf
}

/** The windows of a run, but for the one that follows from the model. */
export interface RunWindowsOf extends Omit<RunWindows, 'changeMs'> {
  /** A document has soaked so soon: what is reported is the same. */
  readonly soakMs: number
  /** And so long after that everybody has reported it. */
  readonly reportsMs: number
}

/** A run of four to five minutes for each model. */
export const FULL_WINDOWS: RunWindowsOf = {
  startsOverMs: 10_000,
  settlesMs: 12_000,
  idleMs: 60_000,
  outageMs: OUTAGE_MS,
  patienceMs: 60_000,
  warmAfter: WARM_AFTER,
  soakMs: 4_000,
  reportsMs: 6_000,
}

/** A run of two minutes for each model: what an outage does is computed. */
export const QUICK_WINDOWS: RunWindowsOf = { ...FULL_WINDOWS, idleMs: 30_000, outageMs: 0 }

const DAY_MS = 86_400_000

/** What comes so seldom that a run of minutes does not see it. */
const SELDOM: readonly Kind[] = ['release', 'log', 'report', 'connect']

/**
 * What a model comes to, with real processes and sockets over loopback. What this machine cannot
 * show is computed: its row says so by its depth. Memory is that of a server with the clients that
 * are run; a sample of the fleet adds what the others hold.
 */
export async function runModel(model: ShapedModel, options: RunModelOptions): Promise<Row> {
  const { workload, costs, cli, mostClients, signal, onStep, windows } = options
  const basis = { workload, costs }
  const { shape } = model
  const whyNot = whyNotRun(shape)
  if (whyNot !== undefined) {
    onStep(`computed, since ${whyNot}`)
    return estimate(model, basis)
  }
  if (workload.servers > mostClients)
    throw new NoticeboardError('invalid-option', 'compare(): a run needs at least as many clients as servers')
  signal.throwIfAborted()
  const clients = Math.min(onlineOf(workload), mostClients)
  const fleet = await openFleetRun({
    cli,
    shape,
    // What is fetched comes as long as it is encoded, and is written once for all: so long is the
    // document that is run.
    documentBytes: isInline(shape, workload.documentBytes)
      ? workload.documentBytes
      : Math.min(workload.documentBytes, workload.encodedBytes),
    clients,
    servers: workload.servers,
    workers: shape.workers,
    heartbeatMs: shape.type === 'stream' ? shape.heartbeatMs : defaultPeriods.heartbeatMs,
    keepsState: workload.keepsState,
    soakMs: windows.soakMs,
  })
  try {
    const looksMs = shape.type === 'poll' ? 1.2 * shape.pollIntervalMs : 0
    const seen = await runFleet(fleet, {
      windows: { ...windows, changeMs: looksMs + windows.soakMs + windows.reportsMs },
      signal,
      onStep,
    })
    return rowOfRun(model, { seen, clients, basis })
  } catch (error) {
    // What an interruption breaks off fails in ways of its own.
    signal.throwIfAborted()
    throw error
  } finally {
    await fleet.close()
  }
}

function rowOfRun(
  model: ShapedModel,
  { seen, clients, basis }: { readonly seen: SeenInRun; readonly clients: number; readonly basis: Basis },
): Row {
  const { workload } = basis
  const { shape } = model
  const known = estimate(model, basis)
  const online = onlineOf(workload)
  const weight = online / clients
  const counts = {
    day: dayOf(shape, { idle: seen.idle, basis }),
    change: { ...seen.change.counts, report: countsOf(shape, workload).change.report ?? 0 },
    start: startOf(seen.start.counts, countsOf(shape, workload).start),
  }
  // The network of the workload is not on loopback, and who is not run does not wait before the
  // last one.
  const inline = isInline(shape, workload.documentBytes)
  const trips = shape.type === 'poll' ? 2 * REQUEST_TRIPS : 0.5 + (inline ? 0 : REQUEST_TRIPS)
  const queueMs =
    shape.type === 'poll'
      ? 0
      : ((online - clients) / processesOf(shape, workload)) * onChangeMs(shape, { seen, basis })
  const ownMs = onClientMs(shape, { workload, service: serviceOf(shape, basis) })
  const delaysMs = seen.delaysMs.map(
    (delayMs, index) =>
      delayMs + trips * workload.rttMs + ownMs + (queueMs * (index + 1)) / Math.max(1, seen.delaysMs.length),
  )
  const times = timesFrom(delaysMs)
  const { outage } = seen
  return {
    ...rowOf(
      {
        model,
        depth: 'run',
        counts,
        used: usedOf(shape, { seen, basis, clients, day: counts.day }),
        times,
        halfOpen: halfOpenOf(shape, workload),
        streams: shape.type === 'stream' ? 1 : 0,
        current: currentOf({ meanMs: times.mean, ...workload }),
        missed: Math.round(seen.missed * weight),
        sample: { clients, machineIdle: seen.machineIdle },
      },
      basis,
    ),
    curve: curveOf(delaysMs, halfOpenOf(shape, workload)),
    loadAfterOutage: outage?.loadAfter.map(count => count * weight) ?? known.loadAfterOutage,
    // Links of loopback do not die, and nobody is away alone.
    recoveryMs: {
      ...known.recoveryMs,
      ...(outage !== undefined && {
        half: quantile(outage.recoveredMs, 0.5),
        all: quantile(outage.recoveredMs, 1),
      }),
    },
    peak: {
      afterRestart: {
        requestsPerSecond: seen.peakAfterRestart * weight,
        drainMs: known.peak.afterRestart.drainMs,
      },
      fleetStarts: {
        requestsPerSecond: seen.peakOfStart * weight,
        drainMs: (seen.start.serverMs * online) / processesOf(shape, workload),
      },
    },
  }
}

/**
 * A day in which nothing happens: marks and polls as they were seen, and what comes more seldom by
 * arithmetic.
 */
function dayOf(shape: Shape, { idle, basis }: { readonly idle: Span; readonly basis: Basis }): Counts {
  const { day } = countsOf(shape, basis.workload)
  const perDay = DAY_MS / idle.ms
  if (shape.type === 'stream')
    return { ...seldomOf(day), unchanged: day.unchanged ?? 0, mark: (idle.counts.mark ?? 0) * perDay }
  const polls = ((idle.counts.unchanged ?? 0) + (idle.counts.release ?? 0)) * perDay
  return { ...seldomOf(day), unchanged: polls - (day.release ?? 0) }
}

/** A start as it was seen; what it puts off by minutes is computed. */
function startOf(seen: Counts, known: Counts): Counts {
  return { ...seen, ...seldomOf(known) }
}

function seldomOf(day: Counts): Counts {
  return Object.fromEntries(SELDOM.map((kind): [Kind, number] => [kind, day[kind] ?? 0]))
}

/**
 * Processor time and bytes of one client, as they were measured; of what was not seen, as it is
 * recorded.
 */
function usedOf(
  shape: Shape,
  {
    seen,
    basis,
    clients,
    day,
  }: {
    readonly seen: SeenInRun
    readonly basis: Basis
    readonly clients: number
    readonly day: Counts
  },
): Used {
  const { idle, change, start, memoryBytes } = seen
  const service = serviceOf(shape, basis)
  const { servers } = basis.workload
  // What processes do once, or by themselves, is no client's.
  const looksMs = (servers * service.looksMsPerSecond * idle.ms) / 1_000 / clients
  const changeMs = service.writeMsOfAll / clients
  const perDay = DAY_MS / idle.ms
  const unseen = (each: (kind: Kind) => number): number => {
    const seldom = seldomOf(day)
    const more = SELDOM.reduce((sum, kind) => sum + (seldom[kind] ?? 0) * each(kind), 0)
    // A sweep is asked in the place of a poll, which was seen; what is asked beside a stream was
    // not.
    return more + (shape.type === 'poll' ? -(seldom.release ?? 0) : (day.unchanged ?? 0)) * each('unchanged')
  }
  return {
    day: {
      cpuMs: Math.max(0, idle.serverMs - looksMs) * perDay + unseen(service.cpuMs),
      bytes: idle.bytes * perDay + unseen(service.bytes),
    },
    // What the server does once for a change, however many clients there are, is counted by itself.
    change: { cpuMs: Math.max(0, change.serverMs - changeMs), bytes: change.bytes },
    start: { cpuMs: Math.max(0, start.serverMs), bytes: start.bytes },
    memoryBytes:
      memoryBytes +
      ((onlineOf(basis.workload) - clients) / basis.workload.servers) *
        ((shape.type === 'stream' ? basis.costs.memory.perStream : 0) + basis.costs.memory.perClient),
  }
}

/**
 * What the server does for each client before the last one has a change, in milliseconds; its
 * reports come later.
 */
function onChangeMs(
  shape: Shape,
  { seen, basis }: { readonly seen: SeenInRun; readonly basis: Basis },
): number {
  const service = serviceOf(shape, basis)
  const { change } = seen
  return Math.max(0, change.serverMs - (change.counts.report ?? 0) * service.cpuMs('report'))
}
