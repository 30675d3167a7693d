/**
 * The chance that a sample of `drawn` out of `all` holds none of the `marked` ones.
 *
 * ```ts
 * chanceOfNone({ all: 60, marked: 3, drawn: 38 }) // 0.045
 * ```
 */
export function chanceOfNone({ all, marked, drawn }: Draw): number {
  if (marked > all - drawn) return 0
  return Math.exp(logChoose(all - marked, drawn) - logChoose(all, drawn))
}

/**
 * The chance that such a sample holds at least `least` of the marked ones.
 *
 * ```ts
 * chanceOfAtLeast({ all: 100, marked: 10, drawn: 10 }, 5) // 0.0007
 * ```
 */
export function chanceOfAtLeast({ all, marked, drawn }: Draw, least: number): number {
  const whole = logChoose(all, drawn)
  let chance = 0
  for (let hits = Math.max(least, drawn - (all - marked)); hits <= Math.min(marked, drawn); hits += 1)
    chance += Math.exp(logChoose(marked, hits) + logChoose(all - marked, drawn - hits) - whole)
  return Math.min(1, chance)
}

/** A sample without replacement. */
export interface Draw {
  readonly all: number
  readonly marked: number
  readonly drawn: number
}

/** The logarithm of a binomial coefficient. */
function logChoose(all: number, chosen: number): number {
  return logGamma(all + 1) - logGamma(chosen + 1) - logGamma(all - chosen + 1)
}

/**
 * Coefficients of Lanczos' approximation for g = 7, n = 9 (Numerical Recipes, 3rd edition, 6.1).
 */
const LANCZOS = [
  0.999_999_999_999_809_93, 676.520_368_121_885_1, -1_259.139_216_722_402_8, 771.323_428_777_653_13,
  -176.615_029_162_140_59, 12.507_343_278_686_905, -0.138_571_095_265_720_12, 9.984_369_578_019_571_6e-6,
  1.505_632_735_149_311_6e-7,
] as const

/** The logarithm of the gamma function, for 1 and above. */
function logGamma(x: number): number {
  const [first, ...rest] = LANCZOS
  const series = rest.reduce((sum, coefficient, index) => sum + coefficient / (x + index), first as number)
  const t = x + 6.5
  return 0.5 * Math.log(2 * Math.PI) + (x - 0.5) * Math.log(t) - t + Math.log(series)
}
