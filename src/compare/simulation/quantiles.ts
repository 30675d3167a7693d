import { reachedMs, type HalfOpen } from '../formula/half-open.js'
import { curveThrough, type Times } from '../formula/times.js'
import type { Row } from '../row.js'

/**
 * How a change reached clients, from the delay of each whose connection lives, ascending; and with
 * those on dead streams, where these are more than a few.
 *
 * ```ts
 * curveOf([20, 40, 90], { share: 0, meanMs: 0, worstMs: 0 })
 * ```
 */
export function curveOf(
  delaysMs: ArrayLike<number>,
  halfOpen: Pick<HalfOpen, 'share' | 'meanMs' | 'worstMs'>,
): Row['curve'] {
  return curveThrough(share => reachedMs(share, { liveMs: live => quantile(delaysMs, live), halfOpen }))
}

const DAY_MS = 86_400_000

/**
 * How long a change took, from the delay of each client that got it, ascending. In the mean those
 * that never got it count as well, until the next change comes.
 *
 * ```ts
 * timesFrom([20, 40, 90], { clients: 3, changesPerDay: 40 }).half // 40
 * ```
 */
export function timesFrom(
  delaysMs: ArrayLike<number>,
  { clients, changesPerDay }: { readonly clients: number; readonly changesPerDay: number },
): Times {
  const missed = Math.max(0, 1 - delaysMs.length / clients)
  return {
    half: quantile(delaysMs, 0.5),
    p99: quantile(delaysMs, 0.99),
    all: quantile(delaysMs, 1),
    mean: (1 - missed) * meanOf(delaysMs) + (missed === 0 ? 0 : (missed * DAY_MS) / changesPerDay),
  }
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
function meanOf(values: ArrayLike<number>): number {
  let sum = 0
  for (let index = 0; index < values.length; index += 1) sum += values[index] ?? 0
  return sum / Math.max(1, values.length)
}
