import type { Json } from '../../contracts/json.js'
import type { ClientReport } from '../../contracts/report.js'
import { isInstant } from '../../core/release/release.js'
import { readReport } from '../../core/report/report-codec.js'

/** A report as a store keeps it: JSON, with the time at which it was heard. */
export function encodeReport(report: ClientReport, nowMs: number): string {
  return JSON.stringify({ ...report, receivedAt: new Date(nowMs).toISOString() })
}

/** Reads what {@link encodeReport} wrote; undefined for what somebody else wrote there. */
export function decodeReport(text: string): ClientReport | undefined {
  try {
    const value = JSON.parse(text) as Json
    const { receivedAt } = value as { readonly receivedAt?: unknown }
    return {
      ...readReport(value),
      ...(typeof receivedAt === 'string' && isInstant(receivedAt) && { receivedAt }),
    }
  } catch {
    // Not of our writing, or of a later version: one bad entry must not hide the others.
    return undefined
  }
}

/** How long a report stays although its instance says nothing more: long enough to be seen as missing, which is not gone. */
export function reportTtlMs({ nextReportWithinMs }: ClientReport, atLeastMs: number): number {
  return Math.max(atLeastMs, 4 * nextReportWithinMs)
}
