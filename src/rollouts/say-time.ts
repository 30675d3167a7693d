/**
 * A length of time for people who wait for its end, rounded up: whole seconds up to two minutes,
 * then whole minutes, and hours from two hours on. What was measured or computed is told by digits
 * that count, and never rounded up: `sayMs` of compare.
 *
 * ```ts
 * sayTime(180_000) // 3 min
 * ```
 */
export function sayTime(ms: number): string {
  const seconds = Math.max(0, Math.ceil(ms / 1_000))
  if (seconds < 120) return `${seconds} s`
  const minutes = Math.ceil(seconds / 60)
  return minutes < 120 ? `${minutes} min` : `${Math.ceil(minutes / 6) / 10} h`
}

/**
 * How much is left of a length of time, in steps of ten seconds above ten, so that what is shown
 * changes seldom.
 *
 * ```ts
 * sayLeft(39_500, 60_000) // 40 s
 * ```
 */
export function sayLeft(leftMs: number, ofMs: number): string {
  return sayTime(leftMs <= 10_000 ? leftMs : Math.min(ofMs, Math.ceil(leftMs / 10_000) * 10_000))
}
