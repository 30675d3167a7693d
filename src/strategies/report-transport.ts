import { canReport } from '../contracts/capabilities.js'
import type { NoticeTransport, ReportTransport, Transport } from '../contracts/transport.js'

/**
 * The first of the transports that carries reports; undefined when none does.
 *
 * ```ts
 * const reportTo = reporterOf(fetched, notified)
 * ```
 */
export function reporterOf(
  ...transports: readonly (NoticeTransport | Transport)[]
): ReportTransport | undefined {
  return transports.find(canReport)
}
