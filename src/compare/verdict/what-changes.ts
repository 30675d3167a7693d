import { essentials, type ShapedModel } from '../formula/estimate.js'
import type { Model } from '../models.js'
import type { Comparison, Recommendation } from '../result.js'
import type { Basis } from '../row-of.js'
import type { Row } from '../row.js'
import { INPUTS } from '../workload.js'
import { namedModels, type Contenders } from './contenders.js'
import { crossingsOf } from './crossings.js'
import { choose, type Choice, type Weights } from './recommend.js'

/** What a verdict says of what would change it. */
export type WhatChanges = Pick<Recommendation, 'unless' | 'refitted' | 'leftOut' | 'unsolved'> &
  Pick<Comparison, 'inputs'>

/**
 * What would change a verdict, solved by the formulas for the model that was taken; or why that
 * cannot be said. A verdict that the formulas do not share would be said to change where theirs
 * does.
 *
 * ```ts
 * whatChanges(models, { choice, depth: 'simulation', workload, costs, weights }).unless
 * ```
 */
export function whatChanges(
  models: readonly Model[],
  {
    choice,
    depth,
    workload,
    costs,
    weights,
    contenders = namedModels(models.filter(isShaped)),
  }: Basis & {
    readonly choice: Pick<Choice, 'best'>
    readonly depth: Row['depth']
    readonly weights: Weights
    /** What would be compared with other inputs. Default: the same models. */
    readonly contenders?: Contenders
  },
): WhatChanges {
  const shaped = models.filter(isShaped)
  const leftOut = models.filter(model => !isShaped(model)).map(({ name }) => name)
  const taken = choice.best?.model
  const { refitted } = contenders
  const unsolved = (why: string): WhatChanges => ({ ...unchanged(contenders, why), leftOut })
  if (shaped.length === 0)
    return unsolved(`${HOW}, and none of these models has one: vary an input, and compare again`)
  if (taken !== undefined && leftOut.includes(taken))
    return unsolved(`${HOW}, and ${taken} has none: vary an input, and compare again`)
  const { best, ties } = choose(
    shaped.map(model => essentials(model, { workload, costs })),
    weights,
  )
  const formulas = [best, ...ties].map(row => row?.model)
  if (!formulas.includes(taken))
    return unsolved(
      `${HOW}, which would take ${formulas[0] ?? 'none of the models'} where the ${depth} takes ${taken ?? 'none'}: vary an input, and compare again with the ${depth}`,
    )
  const unless = crossingsOf(contenders, { workload, costs, weights, taken })
  const moved = new Set(unless.map(({ input }) => input))
  return {
    unless,
    refitted,
    leftOut,
    inputs: {
      matter: INPUTS.filter(input => moved.has(input)),
      doNotMatter: INPUTS.filter(input => !moved.has(input)),
    },
  }
}

/** What a verdict says of what would change it, where that was not solved. */
export function unchanged({ refitted }: Pick<Contenders, 'refitted'>, unsolved: string): WhatChanges {
  return { unless: [], refitted, leftOut: [], unsolved }
}

const HOW = 'what would change the answer is solved by formulas'

/**
 * Whether the formulas know a model.
 *
 * ```ts
 * models.filter(isShaped)
 * ```
 */
export function isShaped(model: Model): model is ShapedModel {
  return model.shape !== undefined
}
