import { defaultModels } from '../default-models.js'
import { essentials, type ShapedModel } from '../formula/estimate.js'
import type { Basis, Essentials } from '../row-of.js'
import type { Row } from '../row.js'
import type { Shape } from '../shape.js'
import { choose, type Choice, type Weights } from './recommend.js'

/** What a verdict chooses from, for one workload and costs or for others. */
export interface Contenders {
  /**
   * Whether these are the default models, whose heartbeats and intervals are fitted to each
   * workload: what counts of one is its kind then.
   */
  readonly refitted: boolean
  at(basis: Basis): readonly ShapedModel[]
  /** What two models share that are one answer: their kind, or their name. */
  kindOf(model: ShapedModel): string
}

/**
 * The default models of a comparison that looks so deeply, fitted to whatever is compared.
 *
 * ```ts
 * crossingsOf(fittedModels('formula'), { workload, costs, weights })
 * ```
 */
export function fittedModels(depth: Row['depth']): Contenders {
  return {
    refitted: true,
    at: basis => defaultModels(basis, depth),
    kindOf: ({ shape }) => kindOf(shape),
  }
}

/**
 * Models that somebody named: the same for every workload, each an answer of its own.
 *
 * ```ts
 * crossingsOf(namedModels([hybridModel(), pullModel()]), { workload, costs, weights })
 * ```
 */
export function namedModels(models: readonly ShapedModel[]): Contenders {
  return { refitted: false, at: () => models, kindOf: ({ name }) => name }
}

/** What is taken of some models, each with its kind. */
export type Verdict = Choice<Essentials & { readonly kind: string }>

/**
 * What the formulas take of what there is to choose from.
 *
 * ```ts
 * verdictAt(fittedModels('formula'), { workload, costs }, WEIGHTS).best?.kind
 * ```
 */
export function verdictAt(contenders: Contenders, basis: Basis, weights: Weights): Verdict {
  const rows = contenders
    .at(basis)
    .map(model => ({ ...essentials(model, basis), kind: contenders.kindOf(model) }))
  return choose(rows, weights)
}

/**
 * What a model is, whatever its heartbeat or its interval.
 *
 * ```ts
 * kindOf(pullModel({ pollIntervalMs: 4_000 }).shape) // pull
 * ```
 */
export function kindOf(shape: Shape): 'hybrid' | 'push' | 'pull' | 'adaptive' {
  if (shape.type === 'stream') return shape.inline ? 'push' : 'hybrid'
  return shape.adapts === undefined ? 'pull' : 'adaptive'
}
