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
  readonly rows: readonly Row[]
  /** What a bad document does: to everyone at once, and in stages. */
  readonly blastRadius: BlastRadius
  /** Which inputs move the answer when they alone change, and which do not. */
  readonly inputs: { readonly matter: readonly InputName[]; readonly doNotMatter: readonly InputName[] }
  /** Which model is taken for other fleets and other deadlines, where that was asked for. */
  readonly map?: CrossoverMap
  readonly weights: Weights
  readonly costs: Costs
}

/** Which model to take, and why. */
export interface Recommendation {
  /** Its name; undefined where no model meets the deadlines. */
  readonly model: string | undefined
  /** Models that come to the same within 15 %. */
  readonly ties: readonly string[]
  /** Why, a sentence each. */
  readonly because: readonly string[]
  /** What would have to change for another answer. */
  readonly unless: readonly Crossing[]
}
