import type { ClientReport } from '../contracts/report.js'

/**
 * A report whose stamps are no later than the time that its receiver's clock tells now: one that
 * was stamped while that clock was ahead would count as just heard until the time has come.
 * `silentMs` is how long ago it was heard by the monotonic clock.
 *
 * ```ts
 * const report = steadyTimes(read(word), { nowMs: clock.now(), silentMs: clock.monotonic() - heardAtMs })
 * ```
 */
export function steadyTimes(
  report: ClientReport,
  { nowMs, silentMs }: { readonly nowMs: number; readonly silentMs: number },
): ClientReport {
  const { receivedAt, firstHeardAt } = report
  if (receivedAt === undefined || Date.parse(receivedAt) <= nowMs) return report
  const heard = new Date(nowMs - silentMs).toISOString()
  return {
    ...report,
    receivedAt: heard,
    ...(firstHeardAt !== undefined && { firstHeardAt: firstHeardAt < heard ? firstHeardAt : heard }),
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
