import type { Costs } from './costs.js'

/**
 * What workers cost beside what each of them serves: the process that shares connections out, and
 * the folder that all of them read.
 */
export interface SharingCosts {
  /** Processor time of the process that shares out, for each connection, in milliseconds. */
  readonly connectionMs: number
  /** More of it for each report that a worker passes on, in milliseconds. */
  readonly reportMs: number
  /**
   * What a connection that was handed over costs a worker more than one that it accepts itself, in
   * milliseconds of its processor.
   */
  readonly takenMs: number
  /**
   * What a change costs each process that did not write it and reads it from the folder, in
   * milliseconds: every worker but one, and the process that shares out.
   */
  readonly changeMs: number
  /**
   * What each of these processes takes although nothing happens, in milliseconds of processor time
   * a second: it looks at the folder.
   */
  readonly lookMsPerSecond: number
}

/** How often a process looks at the folder by itself, a second. */
const LOOKS_PER_SECOND = 2

/**
 * What workers cost: as it was measured, or estimated by what one process takes. To hand a
 * connection over, and to take it, is each counted like a poll that finds nothing; to keep a report
 * like taking it, to read a change like writing it, and a look at the folder like being asked for
 * the log in it.
 *
 * ```ts
 * sharingOf(recordedCosts).connectionMs // 0.173
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
