import type { Costs, SharingCosts } from './costs.js'

/** How often a process looks at the folder by itself, a second. */
const LOOKS_PER_SECOND = 2

/**
 * What workers cost: as it was measured, or estimated by what one process takes. To hand a
 * connection over, and to take it, is each counted like a poll that finds nothing; to keep a report
 * like taking it, to read a change like writing it, and a look at the folder like being asked for
 * the log in it.
 *
 * ```ts
 * sharingOf(recordedCosts).connectionMs // 0.109
 * ```
 */
export function sharingOf({ sharing, kinds, changeMs }: Costs): SharingCosts {
  const { unchanged, report, log } = kinds
  return (
    sharing ?? {
      connectionMs: unchanged.serverMs,
      reportMs: report.serverMs,
      takenMs: unchanged.serverMs,
      changeMs,
      lookMsPerSecond: LOOKS_PER_SECOND * log.serverMs,
    }
  )
}
