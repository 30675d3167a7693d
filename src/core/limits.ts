/** How many snapshots one release may withdraw. */
export const MAX_WITHDRAWN = 128

/**
 * A client that was silent for this many times its `nextReportWithinMs` is missing: two reports may
 * be lost, and the period is stretched by its jitter.
 */
export const MISSING_AFTER_PERIODS = 3
