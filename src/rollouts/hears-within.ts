import type { ClientReport } from '../contracts/report.js'

/** A stream brings a release within so long, in milliseconds, unless the fleet is a large one. */
const STREAM_MS = 1_000

/**
 * How long after a step a client hears of it at the latest while nothing fails, in milliseconds:
 * within a second by a stream, the others within the time that they say they look in. A client that
 * states no bound has `Number.MAX_SAFE_INTEGER`.
 *
 * ```ts
 * const slowestMs = Math.max(...reports.map(hearsWithinMs))
 * ```
 */
export function hearsWithinMs({ strategy, lookMs }: Pick<ClientReport, 'strategy' | 'lookMs'>): number {
  return strategy === 'push' || strategy === 'hybrid' ? STREAM_MS : lookMs
}
