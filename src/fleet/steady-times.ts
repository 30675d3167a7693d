import type { ClientReport } from '../contracts/report.js'

/** By how much stamps and the monotonic clock may disagree before the stamps are not believed. */
const SLACK_MS = 1_000

/**
 * A report whose stamps fit the time that its receiver's clock tells now: one that was stamped
 * while that clock was ahead would count as just heard until the time has come, and its instance as
 * new once it is heard again. `silentMs` is how long ago it was heard by the monotonic clock,
 * `knownMs` how long ago its instance was heard first.
 *
 * ```ts
 * const report = steadyTimes(read(word), { nowMs: clock.now(), silentMs: sinceMs - heardMs, knownMs })
 * ```
 */
export function steadyTimes(
  report: ClientReport,
  {
    nowMs,
    silentMs,
    knownMs,
  }: { readonly nowMs: number; readonly silentMs: number; readonly knownMs: number },
): ClientReport {
  const { receivedAt, firstHeardAt } = report
  const isAhead = receivedAt !== undefined && Date.parse(receivedAt) > nowMs
  const firstMs = nowMs - knownMs
  const isYoung = firstHeardAt !== undefined && Date.parse(firstHeardAt) - firstMs > SLACK_MS
  if (!isAhead && !isYoung) return report
  return {
    ...report,
    ...(isAhead && { receivedAt: new Date(nowMs - silentMs).toISOString() }),
    ...(isYoung && { firstHeardAt: new Date(firstMs).toISOString() }),
  }
}

/**
 * A report without the stamps that are later than `asOf`, for whoever knows better when it was
 * heard.
 *
 * ```ts
 * const word = lastWord(withoutLaterTimes(kept, asOf), heardHere)
 * ```
 */
export function withoutLaterTimes(report: ClientReport, asOf: string): ClientReport {
  if (report.receivedAt === undefined || report.receivedAt <= asOf) return report
  const { receivedAt: _, firstHeardAt, ...rest } = report
  return { ...rest, ...(firstHeardAt !== undefined && firstHeardAt <= asOf && { firstHeardAt }) }
}
