import { countsOf, REQUEST_TRIPS, isInline } from '../formula/counts.js'
import { estimate, type ShapedModel } from '../formula/estimate.js'
import { currentOf } from '../formula/freshness.js'
import { halfOpenOf } from '../formula/half-open.js'
import { serviceOf } from '../formula/service.js'
import { onlineOf, processesOf } from '../formula/processes.js'
import { onClientMs } from '../formula/times.js'
import { askedIn, asleepAfterChange, asleepOf, comesAlone } from '../formula/wakes.js'
import type { Counts, Kind } from '../costs/costs.js'
import { rowOf, type Basis, type Used } from '../row-of.js'
import type { Row } from '../row.js'
import type { Shape } from '../shape.js'
import { curveOf, quantile, timesFrom } from '../simulation/quantiles.js'
import type { SeenInRun, Span } from './run-fleet.js'

const DAY_MS = 86_400_000

/** What comes so seldom that a run of minutes does not see it. */
const SELDOM: readonly Kind[] = ['release', 'log', 'report', 'connect']

/**
 * What a model comes to, by what was seen of a sample of its fleet.
 *
 * ```ts
 * rowOfRun(model, { seen, clients: 200, basis: { workload, costs } }).cpu.share
 * ```
 */
export function rowOfRun(
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
    shape.type === 'poll' ? 0 : ((online - clients) / processesOf(shape, workload)) * toldMsOf(seen, clients)
  const ownMs = onClientMs(shape, { workload, service: serviceOf(shape, basis) })
  const delaysMs = seen.delaysMs.map(
    (delayMs, index) =>
      delayMs + trips * workload.rttMs + ownMs + (queueMs * (index + 1)) / Math.max(1, seen.delaysMs.length),
  )
  const times = timesFrom(delaysMs, { ...workload, clients })
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
        sample: { clients, population: 'library', machineIdle: seen.machineIdle },
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
  const { alone, idle, crowd, change, start, memoryBytes } = seen
  const service = serviceOf(shape, basis)
  // What servers do with nobody there, and once for a change, is no client's; what it costs that
  // they are idle depends on how many clients there are.
  const isTold = shape.type === 'stream'
  const asked = askedIn(idle.counts, service)
  const processes = processesOf(shape, basis.workload)
  const asleepWith = (answered: number): number => asleepOf((answered * asked) / processes / idle.ms)
  const { wakeMs = 0 } = basis.costs
  // Servers that answer as much as the fleet asks tell best what one client costs them.
  const { served, serverMs, ms } =
    crowd === undefined
      ? { served: clients, serverMs: idle.serverMs * clients, ms: idle.ms }
      : { served: clients + crowd.standIns, ...crowd }
  const perDay = DAY_MS / idle.ms
  const dayMs =
    ((serverMs - (alone.msPerSecond * ms) / 1_000) / served) * (DAY_MS / ms) -
    asleepWith(served) * wakeMs * asked * perDay
  const asleep = asleepWith(clients)
  const onChange = comesAlone(change.counts, { service, isTold })
  const asleepThen = isTold ? asleepAfterChange({ asleep, reports: clients * onChange, processes }) : asleep
  const unseen = (each: (kind: Kind) => number): number => {
    const seldom = seldomOf(day)
    const more = SELDOM.reduce((sum, kind) => sum + (seldom[kind] ?? 0) * each(kind), 0)
    // A sweep is asked in the place of a poll, which was seen; what is asked beside a stream was
    // not.
    return more + (shape.type === 'poll' ? -(seldom.release ?? 0) : (day.unchanged ?? 0)) * each('unchanged')
  }
  return {
    day: {
      cpuMs: Math.max(0, dayMs) + unseen(service.cpuMs),
      bytes: idle.bytes * perDay + unseen(service.bytes),
    },
    change: {
      cpuMs: Math.max(0, change.serverMs - alone.changeMs / clients - asleepThen * wakeMs * onChange),
      bytes: change.bytes,
    },
    // All of them start at once, which keeps a server awake.
    start: { cpuMs: Math.max(0, start.serverMs), bytes: start.bytes },
    memoryBytes:
      memoryBytes +
      ((onlineOf(basis.workload) - clients) / basis.workload.servers) *
        ((shape.type === 'stream' ? basis.costs.memory.perStream : 0) + basis.costs.memory.perClient),
  }
}

/**
 * What a server does for each client before the last one has a change, in milliseconds; its reports
 * come later.
 */
function toldMsOf({ alone, toldMs }: SeenInRun, clients: number): number {
  return Math.max(0, toldMs - alone.changeMs) / clients
}
