import { defaultPeriods } from '../../core/defaults.js'
import { seededRandom } from '../../sim/index.js'
import type { Shape } from '../shape.js'
import { waitOf } from './intervals.js'

/** How clients come back after their server was away. */
export interface Return {
  /**
   * Requests of each client in the busiest second after it: coming back, and the report that says
   * so.
   */
  readonly peakPerClient: number
  /** Such requests of each client in every second after it, for a minute. */
  readonly perClientEachSecond: readonly number[]
  /** The share of clients that are back by the start of a second. */
  readonly backBy: (second: number) => number
  /** After how long the clients have reached it again, in milliseconds. */
  readonly halfMs: number
  readonly allMs: number
}

/**
 * For how long servers that are restarted are gone, and those that fail, in milliseconds: at every
 * depth.
 */
export const RESTART_MS = 2_000
export const OUTAGE_MS = 60_000

/** How long a client gathers what it reports, in milliseconds. */
const REPORT_BATCH_MS = defaultPeriods.reports.batchMs

/** Enough for the busiest second to be within a few per cent. */
const SAMPLES = 4_000

/**
 * How clients come back after all servers were away for so long and lost every stream at once: a
 * random delay, whose bound doubles with each failure. Drawn for some thousand clients from a fixed
 * seed, since there is no closed form; the same each time.
 *
 * ```ts
 * returnOf(shape, { awayMs: 60_000, intervalMs: 30_000 }).allMs
 * ```
 */
export function returnOf(
  shape: Pick<Shape, 'type'>,
  {
    awayMs,
    intervalMs,
  }: {
    readonly awayMs: number
    /** How often a client asks that has no stream, in milliseconds. */
    readonly intervalMs: number
  },
): Return {
  const random = seededRandom(1)
  const { baseMs, capMs } = defaultPeriods.backoff
  const retried = (fromMs: number): number => {
    let atMs = fromMs
    for (let bound = baseMs; atMs < awayMs; bound = Math.min(capMs, 2 * bound))
      atMs += random.number() * bound
    return atMs
  }
  const backMs = Array.from({ length: SAMPLES }, () => {
    if (shape.type === 'poll') return retried(waitOf(random.number()) * intervalMs) - awayMs
    // Beside its stream it goes on to poll at its own place, failures or not.
    return Math.min(random.number() * intervalMs, retried(random.number() * baseMs) - awayMs)
  }).sort((a, b) => a - b)
  // Who polls and met no failure has nothing to report.
  const reportsMs = backMs
    .filter(() => shape.type === 'stream' || random.number() < awayMs / intervalMs)
    .map(atMs => atMs + REPORT_BATCH_MS * (0.5 + random.number() / 2))
  const requestsMs = [...backMs, ...reportsMs].sort((a, b) => a - b)
  return {
    peakPerClient: busiestSecond(requestsMs) / SAMPLES,
    perClientEachSecond: eachSecond(requestsMs).map(count => count / SAMPLES),
    backBy: second => backMs.filter(atMs => atMs < 1_000 * second).length / SAMPLES,
    halfMs: backMs[SAMPLES / 2] ?? 0,
    allMs: backMs[SAMPLES - 1] ?? 0,
  }
}

/**
 * The most events within one second, of instants in order.
 *
 * ```ts
 * busiestSecond([0, 400, 1_200]) // 2
 * ```
 */
export function busiestSecond(atMs: readonly number[]): number {
  let most = 0
  for (let from = 0, to = 0; to < atMs.length; to += 1) {
    while ((atMs[to] ?? 0) - (atMs[from] ?? 0) >= 1_000) from += 1
    most = Math.max(most, to - from + 1)
  }
  return most
}

/**
 * How many events fall into each second of the first minute.
 *
 * ```ts
 * eachSecond([200, 1_100, 1_900]) // [1, 2, 0, …]
 * ```
 */
export function eachSecond(atMs: readonly number[]): readonly number[] {
  const counts = Array.from({ length: 60 }, () => 0)
  for (const at of atMs) {
    const second = Math.floor(at / 1_000)
    const known = counts[second]
    if (known !== undefined) counts[second] = known + 1
  }
  return counts
}
