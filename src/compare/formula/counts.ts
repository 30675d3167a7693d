import { MAX_INLINE_BYTES } from '../../core/limits.js'
import { maxDeltaBytes } from '../../core/release/delta-size.js'
import { KINDS, type Counts, type Kind } from '../costs/costs.js'
import type { Shape, StreamShape } from '../shape.js'
import type { Workload } from '../workload.js'
import { pollingOf } from './intervals.js'
import { halfOpenOf } from './half-open.js'

/** What one client exchanges: by itself in a day, for each change, and for each start. */
export interface CountsOfClient {
  readonly day: Counts
  readonly change: Counts
  readonly start: Counts
}

const DAY_MS = 86_400_000

/** How long a document must run before the client says that it is healthy, in milliseconds. */
export const SOAK_MS = 60_000

/**
 * The mean of the shorter of two ages that are each uniform within a fifth around theirs: the
 * client's and the server's.
 */
const RENEWED_AT: number = 0.8 + 0.4 / 3

/** How many requests a client waits for at a poll: connecting, a handshake, and the answer. */
export const REQUEST_TRIPS = 3

/**
 * Whether the document comes along with its release: with push, unless it is too large for a stream.
 *
 * ```ts
 * isInline(shape, 20_480)
 * ```
 */
export function isInline(shape: Shape, documentBytes: number): boolean {
  return shape.type === 'stream' && shape.inline && documentBytes <= MAX_INLINE_BYTES
}

/**
 * Whether a document is shorter encoded, as far as that is known.
 *
 * ```ts
 * isShorterEncoded({ documentBytes: 20_480, encodedBytes: 4_096 }) // true
 * ```
 */
export function isShorterEncoded({
  documentBytes,
  encodedBytes,
}: Pick<Workload, 'documentBytes' | 'encodedBytes'>): boolean {
  return encodedBytes < documentBytes
}

/**
 * Whether a change travels as a delta: where the model has them, and a delta of what changes is
 * short enough beside the document.
 *
 * ```ts
 * sendsDeltas(shape, { documentBytes: 204_800, changedBytes: 60 })
 * ```
 */
export function sendsDeltas(
  shape: Pick<Shape, 'deltas'> | undefined,
  { documentBytes, changedBytes }: Pick<Workload, 'documentBytes' | 'changedBytes'>,
): boolean {
  return shape?.deltas === true && changedBytes <= maxDeltaBytes(documentBytes)
}

/**
 * What one client exchanges with whoever answers it.
 *
 * ```ts
 * const { day } = countsOf(shape, workload)
 * ```
 */
export function countsOf(shape: Shape, workload: Workload): CountsOfClient {
  const { documentBytes, keepsState, restartsPerDay } = workload
  const inline = isInline(shape, documentBytes)
  const reports = reportsOf(shape, workload)
  // Who starts without a document has nothing that a delta could lead from.
  const deltas = sendsDeltas(shape, workload)
  const fetched: Counts = deltas ? { delta: 1 } : { snapshot: 1 }
  if (shape.type === 'stream') {
    const sweeps = DAY_MS / shape.sweepIntervalMs
    const { diesPerDay } = halfOpenOf(shape, workload)
    const streams = streamsOf(shape, workload)
    const start: Counts = keepsState ? {} : inline ? { delivery: 1 } : { snapshot: 1 }
    const sweepsLost = lostAtStart(sweeps, restartsPerDay)
    const opened = 1 - lostAtStart(streams, restartsPerDay)
    return {
      day: {
        // Beside a stream that died a client asks once.
        unchanged: diesPerDay,
        release: sweeps,
        log: sweeps,
        connect: streams,
        // One a heartbeat, and one with which each stream begins.
        mark: DAY_MS / shape.heartbeatMs + streams,
        report: reports.day,
      },
      change: {
        ...(inline ? (deltas ? { deltaDelivery: 1 } : { delivery: 1 }) : { notice: 1, ...fetched }),
        report: reports.change,
      },
      start: {
        ...start,
        connect: opened,
        mark: opened,
        release: -sweepsLost,
        log: -sweepsLost,
        report: reports.start,
      },
    }
  }
  const { perDay } = pollingOf(shape, { ...workload, answerMs: REQUEST_TRIPS * workload.rttMs })
  const found = foundOf(shape, workload)
  // The poll that finds a sweep due is the sweep, half an interval late in the mean.
  const sweeps =
    shape.sweepIntervalMs === Number.POSITIVE_INFINITY
      ? 0
      : Math.min(perDay, DAY_MS / (shape.sweepIntervalMs + DAY_MS / perDay / 2))
  const sweepsLost = lostAtStart(sweeps, restartsPerDay)
  // A sweep is answered in full anyway, whether it finds a change or not.
  const foundByPolls = found * (1 - sweeps / perDay)
  return {
    day: { unchanged: perDay - sweeps, release: sweeps, log: sweeps, report: reports.day },
    change: {
      unchanged: -foundByPolls,
      release: foundByPolls,
      ...sumOf([[fetched, found]]),
      report: reports.change * found,
    },
    start: {
      release: 1 - sweepsLost,
      unchanged: sweepsLost,
      log: -sweepsLost,
      ...(keepsState ? {} : { snapshot: 1 }),
      report: reports.start,
    },
  }
}

/**
 * The share of changes that a client gets: all of them, unless they come faster than it polls, of
 * which a poll brings the newest.
 *
 * ```ts
 * foundOf(pullModel().shape, { ...workload, changesPerDay: 28_800 }) // 0.1
 * ```
 */
export function foundOf(shape: Shape, workload: Workload): number {
  if (shape.type === 'stream') return 1
  const { perDay } = pollingOf(shape, { ...workload, answerMs: REQUEST_TRIPS * workload.rttMs })
  return workload.changesPerDay > perDay ? perDay / workload.changesPerDay : 1
}

/**
 * How much less often something comes for each start, which begins its interval anew: half of an
 * interval in the mean, and never more than there is.
 *
 * ```ts
 * lostAtStart(288, 4) // 0.5
 * ```
 */
export function lostAtStart(perDay: number, restartsPerDay: number, share = 0.5): number {
  return Math.min(share, restartsPerDay === 0 ? share : perDay / restartsPerDay)
}

/**
 * Streams that a client opens in a day because the one before was old, or dead.
 *
 * ```ts
 * streamsOf(shape, workload) // 51.5
 * ```
 */
export function streamsOf(shape: StreamShape, workload: Workload): number {
  const { diesPerDay } = halfOpenOf(shape, workload)
  return DAY_MS / (shape.maxConnectionAgeMs * RENEWED_AT) + diesPerDay
}

/**
 * Reports: once an interval; and for each change "applied", and "healthy" once it has soaked. Each
 * begins the interval anew, so half a report of the interval falls out, and none comes while the
 * document soaks.
 */
function reportsOf(
  { reportIntervalMs }: Shape,
  { changesPerDay, restartsPerDay }: Workload,
): { readonly day: number; readonly change: number; readonly start: number } {
  if (reportIntervalMs === Number.POSITIVE_INFINITY) return { day: 0, change: 0, start: 0 }
  const day = DAY_MS / reportIntervalMs
  // "Applied", "healthy", and "stopped" at the end.
  const start = 3 - lostAtStart(day, restartsPerDay, 0.5 + SOAK_MS / reportIntervalMs)
  if (changesPerDay === 0) return { day, change: 2, start }
  const gapMs = DAY_MS / changesPerDay
  const own = gapMs > SOAK_MS ? 2 : 1
  const between = Math.max(0, (gapMs - SOAK_MS) / reportIntervalMs - 0.5)
  return { day, change: own + between - gapMs / reportIntervalMs, start }
}

/**
 * Counts added up, each times a number.
 *
 * ```ts
 * sumOf([[counts.day, 3_000], [counts.change, 40 * 3_000]])
 * ```
 */
export function sumOf(parts: readonly (readonly [counts: Counts, times: number])[]): Counts {
  const sum: { [K in Kind]?: number } = {}
  for (const [counts, times] of parts) {
    for (const kind of KINDS) {
      const count = counts[kind]
      if (count !== undefined) sum[kind] = (sum[kind] ?? 0) + count * times
    }
  }
  return sum
}
