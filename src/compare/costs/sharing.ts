import type { Costs } from './costs.js'

/** What workers cost beside what each of them serves: the process that shares out, and the folder. */
export interface SharingCosts {
  /** Processor time of the process that shares out, for each connection, in milliseconds. */
  readonly connectionMs: number
  /** More of it for each report that a worker passes on, in milliseconds. */
  readonly reportMs: number
  /**
   * What a change costs each process that did not write it and reads it from the folder, in
   * milliseconds: every worker but one, and the process that shares out.
   */
  readonly changeMs: number
}

/**
 * What workers cost: as it was measured, or at most what costs say of a process that does the whole
 * thing. To hand a connection over is less than to answer on it, to keep a report less than to take
 * it, and to read a change less than to write it.
 *
 * ```ts
 * sharingOf(recordedCosts).connectionMs // 0.173
 * ```
 */
export function sharingOf({ sharing, kinds, changeMs }: Costs): SharingCosts {
  return (
    sharing ?? { connectionMs: kinds.unchanged.serverMs, reportMs: kinds.report.serverMs, changeMs }
  )
}
