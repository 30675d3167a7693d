/** What is known of one group: each client is one value, the mean of what it measured. */
export interface Moments {
  /** How many clients there are. */
  readonly count: number
  /** The mean of the clients' values, in the unit in which the application measures. */
  readonly mean: number
  /** The variance of the clients' values, in that unit squared, with `count - 1` below. */
  readonly variance: number
}

/** What two groups are compared by. */
export interface Comparison {
  /** The chance of a false alarm that is allowed, from 0 to 1, whatever the number of looks. */
  readonly alpha: number
  /**
   * The factor by which the control's mean is multiplied before the exposed are measured against
   * it: 1.2 where 20 % more is allowed.
   */
  readonly factor: number
  /**
   * How many clients of each group are expected in the end: there the sequence is at its tightest.
   */
  readonly planned: { readonly exposed: number; readonly control: number }
}

/**
 * By how much the mean of the exposed clients has to leave that of the others, times the factor, to
 * be beyond chance: the width of an asymptotic confidence sequence. Where the groups differ by the
 * factor and by nothing else, it is passed in one direction with a chance of at most about `alpha`,
 * at whatever numbers of clients one looks, and however often.
 *
 * With the variance V of the difference of the means, the information 1/V is the time of a Brownian
 * motion, also where the groups grow at different paces (Jennison and Turnbull, Group Sequential
 * Methods, 2000, section 11.3). Its boundary is the one-sided one of Waudby-Smith, Arbour, Sinha,
 * Kennedy and Ramdas, Time-uniform central limit theory and asymptotic confidence sequences, 2024;
 * x stands for their t rho^2, and is proportional to the information:
 *
 *     margin = sqrt(V * 2 * (1 + x) / x * ln(1 + sqrt(1 + x) / (2 * alpha)))
 *
 * The smaller group is given the variance of the larger one where that is higher. A small group
 * that lacks the rare large values has too small a mean and too small a variance at once, which
 * would be a false alarm in up to a quarter of the stages.
 *
 * ```ts
 * const margin = marginOf(momentsOf(exposed), momentsOf(others), { alpha: 0.01, factor: 1.2, planned })
 * ```
 */
export function marginOf(exposed: Moments, control: Moments, { alpha, factor, planned }: Comparison): number {
  const [inside, outside] = [varianceFor(exposed, control), varianceFor(control, exposed)]
  const varianceWith = (exposedCount: number, controlCount: number): number =>
    inside / exposedCount + (factor * factor * outside) / controlCount
  const now = varianceWith(exposed.count, control.count)
  if (now === 0) return 0
  const x = (varianceWith(planned.exposed, planned.control) / now) * tightest(alpha)
  return Math.sqrt(((now * 2 * (1 + x)) / x) * Math.log(1 + Math.sqrt(1 + x) / (2 * alpha)))
}

/** The variance that a group is taken to have beside another one. */
function varianceFor(group: Moments, other: Moments): number {
  return group.count < other.count ? Math.max(group.variance, other.variance) : group.variance
}

/**
 * Mean and variance of the values of a group; the order in which they come changes no digit.
 *
 * ```ts
 * momentsOf([1, 2, 3]) // { count: 3, mean: 2, variance: 1 }
 * ```
 */
export function momentsOf(values: readonly number[]): Moments {
  const sorted = Float64Array.from(values).sort()
  const count = sorted.length
  const mean = sorted.reduce((sum, value) => sum + value, 0) / count
  const squares = sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0)
  return { count, mean, variance: squares / (count - 1) }
}

/** The x at which the boundary is tightest, nearly: the same paper, for a one-sided one. */
function tightest(alpha: number): number {
  const a = -2 * Math.log(2 * alpha)
  return a + Math.log(1 + a)
}
