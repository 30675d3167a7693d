/**
 * The least number of whole intervals that is as long as a time, and one at least, in milliseconds:
 * what clients do in turns comes to the same in it, whenever it begins, and a shorter window has as
 * much of it as it happens to.
 *
 * ```ts
 * wholeIntervals(30_000, 8_000) // 32,000
 * ```
 */
export function wholeIntervals(ms: number, intervalMs: number): number {
  return Math.max(1, Math.ceil(ms / intervalMs)) * intervalMs
}
