const DAY_MS = 86_400_000

/**
 * The share of time in which a copy is current that is polled at a fixed interval, when changes
 * come at random: `(1 - e^-r) / r`, r changes in an interval in the mean (Cho and Garcia-Molina,
 * SIGMOD 2000).
 *
 * ```ts
 * freshnessOf(1) // 0.632
 * ```
 */
export function freshnessOf(changesPerInterval: number): number {
  const r = changesPerInterval
  return r === 0 ? 1 : -Math.expm1(-r) / r
}

/**
 * How old such a copy is, averaged over time, as a share of the interval:
 * `1/2 - 1/r + (1 - e^-r) / r^2` (same source). A copy that is current has the age 0.
 *
 * ```ts
 * ageOf(1) // 0.132
 * ```
 */
export function ageOf(changesPerInterval: number): number {
  const r = changesPerInterval
  // The terms cancel each other out near 0; the series does not.
  if (r < 0.01) return r / 6 - (r * r) / 24
  return 0.5 - 1 / r - Math.expm1(-r) / (r * r)
}

/**
 * The share of time in which a copy is current that is told, when each change takes so long to it
 * in the mean.
 *
 * ```ts
 * currentOf({ meanMs: 864, changesPerDay: 10 }) // 0.9999
 * ```
 */
export function currentOf({
  meanMs,
  changesPerDay,
}: {
  readonly meanMs: number
  readonly changesPerDay: number
}): number {
  if (changesPerDay === 0) return 1
  return Math.max(0, 1 - (changesPerDay * meanMs) / DAY_MS)
}
