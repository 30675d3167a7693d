import { MISSING_AFTER_PERIODS, REPORT_LAG_MS } from '../limits.js'

/**
 * After how long without a word an instance with such a report period is missing, in milliseconds:
 * three periods, and with a short one a period and the time that a report may take through a folder.
 *
 * ```ts
 * const isMissing = silentMs > missingAfterMs(report.nextReportWithinMs)
 * ```
 */
export function missingAfterMs(periodMs: number): number {
  return Math.max(MISSING_AFTER_PERIODS * periodMs, periodMs + REPORT_LAG_MS)
}
