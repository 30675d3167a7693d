import { REQUESTS, totalOf, type Costs, type Counts, type Kind } from '../costs/costs.js'
import { defaultPeriods } from '../../core/defaults.js'
import type { CountsOfClient } from './counts.js'
import type { Service } from './service.js'

const DAY_MS = 86_400_000

/**
 * What requests cost more because nobody else is there when they come, of all processes, in
 * milliseconds: in a day, and for each change.
 */
export interface Wakes {
  readonly perDayMs: number
  readonly perChangeMs: number
}

/** What is asked by itself. */
export interface WakesOptions {
  readonly counts: CountsOfClient
  readonly service: Service
  readonly costs: Pick<Costs, 'wakeMs'>
  readonly online: number
  readonly processes: number
  /** Whether a change comes to all clients at once, on their streams. */
  readonly isTold: boolean
  readonly changesPerDay: number
  readonly restartsPerDay: number
}

/**
 * How long a server remembers what it worked at, in the mean, in milliseconds: bit by bit its caches
 * fill with other things, and its processor slows down. Measured with requests that come by chance,
 * 10 to 800 a second: at 150 a second half of what one costs more alone is left.
 */
const REMEMBERS_MS = 7

/** Over so long the clients that were told of a change at once report that they have it. */
const REPORTED_OVER_MS: number = defaultPeriods.reports.batchMs / 2

/**
 * What it costs that a server sleeps while it has nothing to do: a request that finds it so is
 * dearer by {@link Costs.wakeMs}. What a change brings to all streams at once, and what is fetched
 * then, finds it awake; what clients then report comes within half of the time for which they
 * gather it.
 *
 * ```ts
 * wakesOf({ counts, service, costs, online, processes, isTold, changesPerDay, restartsPerDay })
 * ```
 */
export function wakesOf(options: WakesOptions): Wakes {
  const { counts, service, costs, online, processes, isTold, changesPerDay, restartsPerDay } = options
  const { wakeMs = 0 } = costs
  if (wakeMs === 0) return { perDayMs: 0, perChangeMs: 0 }
  const always = online * (askedIn(counts.day, service) + restartsPerDay * askedIn(counts.start, service))
  const change = online * comesAlone(counts.change, { service, isTold })
  const asleep = asleepOf((always + (isTold ? 0 : changesPerDay * change)) / processes / DAY_MS)
  const perChangeMs =
    change * wakeMs * (isTold ? asleepAfterChange({ asleep, reports: change, processes }) : asleep)
  return { perDayMs: always * wakeMs * asleep + changesPerDay * perChangeMs, perChangeMs }
}

/**
 * The share of the requests that find a process asleep, when so many come to it in a millisecond, at
 * any time.
 *
 * ```ts
 * asleepOf(0.1) // 0.59
 * ```
 */
export function asleepOf(requestsPerMs: number): number {
  return 1 / (1 + requestsPerMs * REMEMBERS_MS)
}

/**
 * The share of the reports of a change that find a process asleep, when all clients were told of it
 * at once.
 *
 * ```ts
 * asleepAfterChange({ asleep: 0.95, reports: 100, processes: 1 }) // 0.42
 * ```
 */
export function asleepAfterChange({
  asleep,
  reports,
  processes,
}: {
  /** The share of other requests that do. */
  readonly asleep: number
  /** How many there are, of all clients. */
  readonly reports: number
  readonly processes: number
}): number {
  return Math.min(asleep, asleepOf(reports / processes / REPORTED_OVER_MS))
}

/**
 * How many of the events that a change brings to one client are requests that come alone.
 *
 * ```ts
 * comesAlone({ notice: 1, snapshot: 1, report: 2 }, { service, isTold: true }) // 2
 * ```
 */
export function comesAlone(
  change: Counts,
  { service, isTold }: { readonly service: Pick<Service, 'isCached'>; readonly isTold: boolean },
): number {
  return isTold ? (change.report ?? 0) : askedIn(change, service)
}

/**
 * How many of some events are requests that a server answers.
 *
 * ```ts
 * askedIn({ unchanged: 3, mark: 4 }, service) // 3
 * ```
 */
export function askedIn(counts: Counts, { isCached }: Pick<Service, 'isCached'>): number {
  return totalOf(counts, (kind: Kind) => (REQUESTS.has(kind) && !isCached(kind) ? 1 : 0))
}
