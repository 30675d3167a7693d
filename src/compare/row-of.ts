import { REQUESTS, totalOf, type Costs, type Counts } from './costs/costs.js'
import { sendsDeltas, sumOf, type CountsOfClient } from './formula/counts.js'
import { halfOf, type HalfOpen } from './formula/half-open.js'
import { onlineOf, processesOf, serversOf } from './formula/processes.js'
import { serviceOf, type Service } from './formula/service.js'
import type { Times } from './formula/times.js'
import { wakesOf } from './formula/wakes.js'
import type { Model } from './models.js'
import type { Row } from './row.js'
import { missesOf } from './verdict/misses.js'
import type { Workload } from './workload.js'

const DAY_MS = 86_400_000
const DAY_S = 86_400

/** What a comparison is made from. */
export interface Basis {
  readonly workload: Workload
  readonly costs: Costs
}

/** What was found of a model, by whatever depth; `current` of clients whose connection lives. */
export interface Found extends Pick<Row, 'depth' | 'missed' | 'current' | 'sample'> {
  readonly model: Pick<Model, 'name' | 'shape'>
  readonly counts: CountsOfClient
  readonly times: Times
  readonly halfOpen: Pick<HalfOpen, 'share' | 'meanMs' | 'worstMs'>
  /** Open streams for each client. */
  readonly streams: number
  /** Measured amounts, in place of counts times costs. */
  readonly used?: Used
}

/**
 * What one client was measured to take: of the servers' processors, but for what it costs that
 * they were idle; and of the wire.
 */
export interface Used {
  readonly day: Amount
  readonly change: Amount
  readonly start: Amount
  /** Memory of one server, in bytes. */
  readonly memoryBytes: number
}

interface Amount {
  readonly cpuMs: number
  readonly bytes: number
}

/** A row but for the moments in which many come at once. */
export type Essentials = Omit<Row, 'peak' | 'recoveryMs' | 'curve' | 'loadAfterOutage'>

/**
 * What comes of what was found: every total of a row follows from counts for one client, times and
 * costs.
 *
 * ```ts
 * rowOf(found, { workload, costs }).cpu.share
 * ```
 */
export function rowOf(found: Found, { workload, costs }: Basis): Essentials {
  const { model, counts, times, halfOpen, depth, missed, current, sample, used } = found
  const { shape } = model
  const { changesPerDay, restartsPerDay, clients } = workload
  const online = onlineOf(workload)
  const [servers, processes] = [serversOf(shape, workload), processesOf(shape, workload)]
  const workers = shape?.workers ?? 0
  const service = serviceOf(shape, { workload, costs })
  const perChange = sumOf([[counts.change, online]])
  const idle = sumOf([[counts.day, online]])
  const perDay = sumOf([
    [counts.day, online],
    [counts.change, online * changesPerDay],
    [counts.start, online * restartsPerDay],
  ])
  const changeMs = service.changeMsOfAll + service.fillCpuMs
  const streams = online * found.streams
  /** What all clients take of something in a day, as it was measured for one. */
  const inAll = (each: (amount: Amount) => number): number | undefined =>
    used && online * (each(used.day) + changesPerDay * each(used.change) + restartsPerDay * each(used.start))
  const wakes = wakesOf({
    counts,
    service,
    costs,
    online,
    processes,
    isTold: found.streams > 0,
    changesPerDay,
    restartsPerDay,
  })
  const msPerDay =
    (inAll(({ cpuMs }) => cpuMs) ?? cpuOf(perDay, service)) +
    wakes.perDayMs +
    changesPerDay * changeMs +
    (servers * service.looksMsPerSecond + service.idleMsPerSecondOfAll) * DAY_S +
    (streams * costs.streamMsPerSecond * DAY_MS) / 1_000
  // Whose stream is dead fetches what it missed; a strategy of one's own was seen to.
  const isKnown = shape !== undefined && halfOpen.worstMs > 0
  const besideMs = isKnown ? service.transferMs(sendsDeltas(shape, workload) ? 'delta' : 'snapshot') : 0
  /** How long a client waits more for a change in the mean, for being on a dead stream. */
  const deadMs = halfOpen.share * halfOpen.meanMs
  const figures = {
    model: model.name,
    depth,
    ...(sample !== undefined && { sample }),
    stalenessMs: { half: halfOf(times, halfOpen), p99: times.p99, all: times.all },
    halfOpen: { clients: online * halfOpen.share, worstMs: halfOpen.worstMs + besideMs },
    offline: clients - online,
    integral: (online * (times.mean + deadMs)) / 1_000,
    current: Math.max(0, current - (changesPerDay * deadMs) / DAY_MS),
    missed,
    perDay,
    requests: { perSecond: requestsIn(perDay) / DAY_S, perChange: requestsIn(perChange) },
    bytes: {
      perDay: inAll(({ bytes }) => bytes) ?? bytesIn(perDay, service),
      fromCache: totalOf(perDay, kind => (service.isCached(kind) ? service.bytes(kind) : 0)),
      perIdleHour: (used === undefined ? bytesIn(idle, service) : online * used.day.bytes) / 24,
      perChange: used === undefined ? bytesIn(perChange, service) : online * used.change.bytes,
    },
    cpu: {
      share: msPerDay / DAY_MS,
      msPerDay,
      msPerChange:
        (used === undefined ? cpuOf(perChange, service) : online * used.change.cpuMs) +
        wakes.perChangeMs +
        changeMs,
    },
    memory:
      used?.memoryBytes ??
      // Each worker has its own copy, and beside them is the process that shares out.
      (workers === 0 ? 1 : workers + 1) * costs.memory.base +
        (streams / servers) * costs.memory.perStream +
        (online / servers) * costs.memory.perClient +
        Math.max(1, workers) * workload.documentBytes,
  }
  const sharingMs =
    totalOf(perDay, service.sharedMs) / servers +
    changesPerDay * service.readMs +
    (service.looksMsPerSecond * DAY_S) / Math.max(1, workers)
  const servingMs = msPerDay - servers * sharingMs
  const keepsUp = Math.max(servingMs / processes, sharingMs) <= DAY_MS
  const misses = missesOf(figures, {
    workload,
    keepsUp,
    processes,
    servedBy: shape?.answers === 'static' ? 'folder' : workers > 0 ? 'worker' : 'server',
    servingMs,
    sharingMs,
    streams: streams / processes,
    share: halfOpen.share,
  })
  return { ...figures, fits: misses.length === 0, misses, keepsUp }
}

/**
 * How many of some events are requests.
 *
 * ```ts
 * requestsIn({ unchanged: 3, mark: 4 }) // 3
 * ```
 */
export function requestsIn(counts: Counts): number {
  return totalOf(counts, kind => (REQUESTS.has(kind) ? 1 : 0))
}

function cpuOf(counts: Counts, service: Service): number {
  return totalOf(counts, kind => service.cpuMs(kind) + service.sharedMs(kind))
}

function bytesIn(counts: Counts, service: Service): number {
  return totalOf(counts, service.bytes)
}
