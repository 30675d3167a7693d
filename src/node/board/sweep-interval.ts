/** How often a namespace is swept that is followed or asked, in milliseconds. */
const SWEEP_INTERVAL_MS = 60_000

/**
 * So many namespaces are swept between two sweeps of one; where there are more, each waits longer.
 */
const SWEPT = 64

/**
 * How often each of so many namespaces is put in order although nothing says that it needs it, in
 * milliseconds: what others did to its pointer shows by nothing else.
 *
 * ```ts
 * sweepIntervalMs(640) // 600,000
 * ```
 */
export function sweepIntervalMs(namespaces: number): number {
  return SWEEP_INTERVAL_MS * Math.max(1, namespaces / SWEPT)
}
