import type { BlastRadius } from './blast-radius.js'
import type { Costs } from './costs/costs.js'
import type { Row } from './row.js'
import type { Crossing } from './verdict/crossings.js'
import type { CrossoverMap } from './verdict/crossover-map.js'
import type { Weights } from './verdict/recommend.js'
import type { InputName, Workload } from './workload.js'

/** What a comparison found: plain data. In JSON, what is undefined is left out. */
export interface Comparison {
  readonly v: 1
  readonly depth: Row['depth']
  readonly workload: Workload
  readonly recommendation: Recommendation
  /** A model each, in the order in which they were given. */
  readonly rows: readonly ComparedRow[]
  /**
   * What a bad document does with the model that is taken, or with the first where none is: to
   * everyone at once, and in stages. Each row has its own.
   */
  readonly blastRadius: BlastRadius
  /**
   * Which inputs move the answer when they alone change, as far as `unless` goes, and which do not.
   * Left out where that was not solved.
   */
  readonly inputs?: { readonly matter: readonly InputName[]; readonly doNotMatter: readonly InputName[] }
  /**
   * Which model is taken for other fleets and other deadlines, where that was asked for and the
   * formulas take the same model as the verdict.
   */
  readonly map?: CrossoverMap
  readonly weights: Weights
  readonly costs: Costs
}

/** What one model comes to, and what a bad document does with it. */
export interface ComparedRow extends Row {
  readonly blastRadius: BlastRadius
}

/**
 * The row of the model that is taken, or the first where none is.
 *
 * ```ts
 * shownRow(result).stalenessMs.half
 * ```
 */
export function shownRow({
  rows,
  recommendation,
}: {
  readonly rows: readonly ComparedRow[]
  readonly recommendation: Pick<Recommendation, 'model'>
}): ComparedRow {
  return rows.find(({ model }) => model === recommendation.model) ?? (rows[0] as ComparedRow)
}

/** Which model to take, and why. */
export interface Recommendation {
  /**
   * Its name; undefined where no model meets the deadlines, and where a real run is no evidence,
   * as `doubt` says.
   */
  readonly model: string | undefined
  /**
   * Why no model is named by a real run, whatever its rows say: the machine was less than 30 %
   * idle. Left out everywhere else.
   */
  readonly doubt?: string
  /** Models that come to the same within 15 %. */
  readonly ties: readonly string[]
  /** Why, a sentence each. */
  readonly because: readonly string[]
  /**
   * What would have to change for another kind of model (for another one, where models were named),
   * or for another heartbeat or interval, without which the one that is taken does not fit: within
   * 100 times as much or as little of each input alone; from 0 on, up to the most that it may be.
   * Solved by formulas, whatever the depth.
   */
  readonly unless: readonly Crossing[]
  /**
   * Whether the models are the default ones, so that `unless`, `inputs` and `map` fit them to each
   * value, as a comparison with that value would; else they are about the models that were named.
   */
  readonly refitted: boolean
  /** The models that `unless`, `inputs` and `map` do not know, since they have no formula. */
  readonly leftOut: readonly string[]
  /**
   * Why nothing is said of what would change the answer: the model that was taken has no formula,
   * or the formulas take another one. Left out where it was solved.
   */
  readonly unsolved?: string
}
