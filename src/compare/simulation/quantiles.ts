import type { Row } from '../row.js'

const CURVE_STEPS = 40

/**
 * How a change reached clients, from the delay of each, ascending.
 *
 * ```ts
 * curveOf([20, 40, 90])
 * ```
 */
export function curveOf(delaysMs: ArrayLike<number>): Row['curve'] {
  return Array.from({ length: CURVE_STEPS + 1 }, (_, step) => {
    const share = step / CURVE_STEPS
    return { ms: quantile(delaysMs, share), share }
  })
}

/**
 * The value that a share of some values, ascending, does not pass; Infinity of none.
 *
 * ```ts
 * quantile([20, 40, 90], 0.5) // 40
 * ```
 */
export function quantile(sorted: ArrayLike<number>, share: number): number {
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? Number.POSITIVE_INFINITY
}

/**
 * The mean of some values; 0 of none.
 *
 * ```ts
 * meanOf([20, 40, 90]) // 50
 * ```
 */
export function meanOf(values: ArrayLike<number>): number {
  let sum = 0
  for (let index = 0; index < values.length; index += 1) sum += values[index] ?? 0
  return sum / Math.max(1, values.length)
}
