import type { Random } from '../../../src/contracts/system.js'
import { FEWEST_MEASURED, GUARDRAIL_ALPHA } from '../../../src/rollouts/guardrail.js'
import { marginOf, type Comparison, type Moments } from '../../../src/rollouts/mean-sequence.js'

/** One client's mean. */
export type Draw = (random: Random) => number

const normal: Draw = random =>
  Math.sqrt(-2 * Math.log(1 - random.number())) * Math.cos(2 * Math.PI * random.number())

/**
 * How the means of clients may be spread: even, skewed, with a heavy tail, in two lumps, mostly
 * zero.
 */
export const DISTRIBUTIONS: Readonly<Record<string, Draw>> = {
  normal: random => 10 + normal(random),
  uniform: random => random.number(),
  exponential: random => -Math.log(1 - random.number()),
  'log-normal, s = 0.5': random => Math.exp(0.5 * normal(random)),
  'log-normal, s = 1': random => Math.exp(normal(random)),
  'a tenth is ten times as slow': random => (random.number() < 0.1 ? 100 : 10) + normal(random),
  'one of twenty fails, the others never': random => (random.number() < 0.05 ? 1 : 0),
  'nineteen of twenty succeed, the others never': random => (random.number() < 0.05 ? 0 : 1),
}

/** Stages: exposed clients and others. */
export const SIZES = [
  [20, 180],
  [30, 30],
  [30, 270],
  [50, 450],
  [100, 900],
  [270, 30],
] as const

/** What decides at a look whether the exposed are worse. */
export type Rule = (exposed: Moments, control: Moments, comparison: Comparison) => number

/** The rule of the library, and two that do not hold. */
export const RULES = {
  sequence: marginOf,
  /** A test at the same level that is made for one look. */
  'one look': (exposed, control, { factor }) =>
    2.326 * Math.sqrt(exposed.variance / exposed.count + (factor ** 2 * control.variance) / control.count),
  /** The same sequence where each group is given the variance that it shows itself. */
  'own variances': (exposed, control, comparison) => {
    const { factor } = comparison
    const least = Math.min(exposed.variance, control.variance)
    const smaller = exposed.count < control.count ? exposed : control
    // What the smaller group lost to the larger one's variance is given back.
    const lent = Math.max(0, smaller === exposed ? control.variance - least : exposed.variance - least)
    const own = exposed.variance / exposed.count + (factor ** 2 * control.variance) / control.count
    const used = own + (lent * (smaller === exposed ? 1 : factor ** 2)) / smaller.count
    return marginOf(exposed, control, comparison) * Math.sqrt(used === 0 ? 1 : own / used)
  },
} satisfies Record<string, Rule>

/** One kind of stage. */
export interface TrialKind {
  readonly draw: Draw
  readonly exposed: number
  readonly control: number
  /** What the others' mean is multiplied by before the two are compared. */
  readonly factor: number
  /**
   * What the candidate multiplies an exposed client's mean by: `factor` is the worst that is
   * allowed.
   */
  readonly effect: number
  /** Where worse is. */
  readonly sign: 1 | -1
}

/**
 * Runs one stage whose clients report one after another, and looks after each. Gives how many
 * exposed clients had reported at the alarm; undefined without one.
 */
export function runTrial(kind: TrialKind, rule: Rule, random: Random): number | undefined {
  const { draw, factor, effect, sign } = kind
  const planned = { exposed: kind.exposed, control: kind.control }
  const comparison = { alpha: GUARDRAIL_ALPHA, factor, planned }
  const [exposed, control] = [running(), running()]
  for (let left = kind.exposed + kind.control; left > 0; left -= 1) {
    const isExposed = random.number() * left < kind.exposed - exposed.moments.count
    if (isExposed) exposed.add(effect * draw(random))
    else control.add(draw(random))
    const [here, there] = [exposed.moments, control.moments]
    if (Math.min(here.count, there.count) < FEWEST_MEASURED) continue
    if (sign * (here.mean - factor * there.mean) > rule(here, there, comparison)) return here.count
  }
  return undefined
}

/** Mean and variance as values come, by Welford's method, so that a look costs nothing. */
function running(): { readonly moments: Moments; add(value: number): void } {
  let [count, mean, squares] = [0, 0, 0]
  return {
    get moments() {
      return { count, mean, variance: Math.max(0, squares) / Math.max(1, count - 1) }
    },
    add(value) {
      count += 1
      const off = value - mean
      mean += off / count
      squares += off * (value - mean)
    },
  }
}
