import type { ClientReport } from '../../contracts/report.js'
import { MAX_REPORT_BYTES } from '../limits.js'
import { encodeText } from '../json/text.js'

/** What `,"overriddenOmitted":` and a number of it take. */
const OMITTED_BYTES = 32

/**
 * How many bytes a value takes as JSON.
 *
 * ```ts
 * if (jsonBytes(report) > MAX_REPORT_BYTES) leaveOut(report)
 * ```
 */
export function jsonBytes(value: object | string): number {
  return encodeText(JSON.stringify(value)).length
}

/**
 * A report that receivers take: of one that is too large the last paths of `overridden` are left
 * out and counted, then the oldest verdicts are left out, then the reason of a veto, as far as
 * needed.
 *
 * ```ts
 * await transport.report([fitReport(report)], signal)
 * ```
 */
export function fitReport(report: ClientReport): ClientReport {
  let excess = jsonBytes(report) - MAX_REPORT_BYTES
  if (excess <= 0) return report
  excess += OMITTED_BYTES
  const { overridden = [], overriddenOmitted = 0, verdicts = [], reason, ...rest } = report
  const paths = [...overridden]
  for (let path = paths.at(-1); path !== undefined && excess > 0; path = paths.at(-1)) {
    excess -= jsonBytes(path) + 1
    paths.pop()
  }
  const latest = [...verdicts]
  for (let [oldest] = latest; oldest !== undefined && excess > 0; [oldest] = latest) {
    excess -= jsonBytes(oldest) + 1
    latest.shift()
  }
  const omitted = overriddenOmitted + overridden.length - paths.length
  return {
    ...rest,
    ...(reason !== undefined && excess <= 0 && { reason }),
    ...(latest.length > 0 && { verdicts: latest }),
    ...(paths.length > 0 && { overridden: paths }),
    ...(omitted > 0 && { overriddenOmitted: omitted }),
  }
}
