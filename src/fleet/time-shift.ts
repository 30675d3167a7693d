import type { HeardReports } from '../contracts/report.js'

/** By how much clocks may differ before anybody is told, in milliseconds. */
export const CLOCK_SLACK_MS = 60_000

/** What was asked of another clock, and when, by the clock here. */
export interface ClockAnswer {
  readonly askedAtMs: number
  readonly answeredAtMs: number
  /** The time that it named, in milliseconds since 1970. */
  readonly asOfMs: number
}

/**
 * How far another clock is ahead, of which was known before that it is `aheadMs`: that stands as
 * long as the answer allows it, so that times that are shifted by it do not waver with the time
 * that answers take.
 *
 * ```ts
 * aheadMs = clockAhead(aheadMs, { askedAtMs, answeredAtMs: clock.now(), asOfMs: Date.parse(asOf) })
 * ```
 */
export function clockAhead(aheadMs: number, { askedAtMs, answeredAtMs, asOfMs }: ClockAnswer): number {
  return Math.min(Math.max(aheadMs, asOfMs - answeredAtMs), asOfMs - askedAtMs)
}

/**
 * The same as another clock says it that is `aheadMs` ahead and answered at `asOf`, before which
 * all was heard.
 *
 * ```ts
 * const { since, reports } = shiftTimes({ since: registry.since, reports: registry.of(namespace) }, { aheadMs, asOf })
 * ```
 */
export function shiftTimes(
  { since, reports }: Pick<HeardReports, 'since' | 'reports'>,
  { aheadMs, asOf }: { readonly aheadMs: number; readonly asOf: string },
): HeardReports {
  const shifted = (instant: string): string => {
    const time = aheadMs === 0 ? instant : new Date(Date.parse(instant) + aheadMs).toISOString()
    return time < asOf ? time : asOf
  }
  return {
    since: shifted(since),
    asOf,
    reports: reports.map(report => ({
      ...report,
      ...(report.receivedAt !== undefined && { receivedAt: shifted(report.receivedAt) }),
      ...(report.firstHeardAt !== undefined && { firstHeardAt: shifted(report.firstHeardAt) }),
    })),
  }
}
