import { timesAsSlow } from '../costs/scaled.js'
import { essentials, type ShapedModel } from '../formula/estimate.js'
import type { Basis } from '../row-of.js'
import { boundsOf, INPUTS, isWhole, type InputName, type Workload } from '../workload.js'
import { choose, type Weights } from './recommend.js'

/** Where the verdict changes. */
export interface Crossing {
  /**
   * The input that would have to change, alone; `serverCosts` is the processor time of the servers,
   * as a factor of what the costs say.
   */
  readonly input: InputName | 'serverCosts'
  /** From where on, in the unit of the input. */
  readonly crossesAt: number
  /** On which side of what was given that is. */
  readonly side: 'below' | 'above'
  /** By which factor that is from what was given; left out where that is 0. */
  readonly factor?: number
  /** What is taken then; undefined where nothing fits any more. */
  readonly then: string | undefined
  /** Whether nobody gave the input, so that a default decides here. */
  readonly assumed: boolean
  /**
   * Whether the two come to the same on this side of it, within 15 %, and what is taken now still
   * fits beyond it: there a tie ends, and no more.
   */
  readonly endsTie: boolean
}

/** How far is looked for a change, as a factor of what was given. */
export const FARTHEST = 100

/** How many steps there are for each power of ten. */
const STEPS = 5

/** Where the search begins above 0, which has no factor: at this share of the most that may be. */
const FROM_NOTHING = 1e-6

/** How exactly a crossing is found, as a share. */
const PRECISION = 0.005

/**
 * How far is looked for a change of an input: 100 times as much and as little, within what it may
 * be; from 0 on up to the most that it may be.
 *
 * ```ts
 * lookedAt('offlineShare', 0.02) // [0.0002, 0.99]
 * ```
 */
export function lookedAt(input: InputName, given: number): readonly [least: number, most: number] {
  const [least, most] = boundsOf(input)
  const [from, to] = given === 0 ? [0, most] : [given / FARTHEST, given * FARTHEST]
  return [Math.max(least, isWhole(input) ? Math.round(from) : from), Math.min(most, to)]
}

/**
 * Solves the formulas the other way round: by how much each input would have to change, alone,
 * until another model is taken than `taken`, which is the formulas' own choice unless it is given.
 * Models that tie are not told apart, since a hair decides between them.
 *
 * ```ts
 * crossingsOf(models, { workload, costs, weights })
 * ```
 */
export function crossingsOf(
  models: readonly ShapedModel[],
  {
    workload,
    costs,
    weights,
    taken,
  }: Basis & {
    readonly weights: Weights
    /** The model that is taken now, which has to be among the best by the formulas. */
    readonly taken?: string | undefined
  },
): readonly Crossing[] {
  const verdictAt = (basis: Basis): Verdict => {
    const rows = models.map(model => essentials(model, basis))
    const { best, ties, fitting } = choose(rows, weights)
    return { best: best?.model, ties: namesOf(ties), fitting: namesOf(fitting) }
  }
  const now = taken ?? verdictAt({ workload, costs }).best
  const crossings: Crossing[] = []
  const varied: readonly Varied[] = [
    ...INPUTS.map((input): Varied => ({
      input,
      given: workload[input],
      bounds: lookedAt(input, workload[input]),
      isCounted: isWhole(input),
      basisAt: value => ({ workload: withInput(workload, input, value), costs }),
    })),
    {
      input: 'serverCosts',
      given: 1,
      bounds: [1 / FARTHEST, FARTHEST],
      isCounted: false,
      basisAt: factor => ({ workload, costs: timesAsSlow(costs, factor) }),
    },
  ]
  for (const one of varied) {
    for (const side of ['below', 'above'] as const) {
      const crossing = cross(one, side)
      if (crossing !== undefined) crossings.push(crossing)
    }
  }
  return crossings.sort((a, b) => (a.factor ?? Infinity) - (b.factor ?? Infinity))

  function cross(one: Varied, side: 'below' | 'above'): Crossing | undefined {
    const { given, isCounted } = one
    if (given === 0 && side === 'below') return undefined
    const [least, most] = one.bounds
    const startsAt = given > 0 ? given : most * FROM_NOTHING
    const steps = Math.ceil(STEPS * Math.log10(given > 0 ? FARTHEST : 1 / FROM_NOTHING))
    const valueAt = (step: number): number => {
      const factor = 10 ** (step / STEPS)
      const value = side === 'above' ? startsAt * factor : startsAt / factor
      const bounded = Math.min(most, Math.max(least, value))
      return isCounted ? Math.round(bounded) : bounded
    }
    let known = given
    // From 0 on, the first step is where the search begins.
    for (let step = given > 0 ? 1 : 0; step <= steps; step += 1) {
      const value = valueAt(step)
      if (value === known) continue
      if (!differs(one, value)) {
        known = value
        continue
      }
      return found(one, side, { same: known, other: value })
    }
    return undefined
  }

  /** Whether what is taken now is not among the best any more. */
  function differs({ basisAt }: Varied, value: number): boolean {
    const { best, ties } = verdictAt(basisAt(value))
    return best !== now && (now === undefined || !ties.has(now))
  }

  function found(
    one: Varied,
    side: 'below' | 'above',
    between: { readonly same: number; readonly other: number },
  ): Crossing {
    const { input, given, isCounted, basisAt } = one
    let { same, other } = between
    // What changes with the least above 0 is not halved for ever.
    const finest = given > 0 ? 0 : one.bounds[1] * FROM_NOTHING * PRECISION
    while (Math.abs(other - same) > Math.max(finest, PRECISION * Math.abs(other))) {
      const middle = isCounted ? Math.round((same + other) / 2) : (same + other) / 2
      if (middle === same || middle === other) break
      if (differs(one, middle)) other = middle
      else same = middle
    }
    const { best, fitting } = verdictAt(basisAt(other))
    const tied = verdictAt(basisAt(same))
    return {
      input,
      side,
      crossesAt: other,
      ...(given > 0 && { factor: Math.max(other / given, given / other) }),
      // A name, which nobody can await by mistake.
      // oxlint-disable-next-line unicorn/no-thenable
      then: best,
      assumed: workload.assumed.some(name => name === input),
      endsTie:
        best !== undefined &&
        now !== undefined &&
        fitting.has(now) &&
        [tied.best, ...tied.ties].includes(best),
    }
  }
}

/**
 * A workload with one input changed. A kill switch never has more time than a routine change, so
 * the two move together where they meet.
 *
 * ```ts
 * withInput(workload, 'clients', 2 * workload.clients)
 * ```
 */
export function withInput(workload: Workload, input: InputName, value: number): Workload {
  const { killSwitchMs, routineMs, documentBytes, encodedBytes, changedBytes, assumed } = workload
  if (input === 'killSwitchMs')
    return { ...workload, killSwitchMs: value, routineMs: Math.max(routineMs, value) }
  if (input === 'routineMs')
    return { ...workload, routineMs: value, killSwitchMs: Math.min(killSwitchMs, value) }
  // A larger document is larger encoded too, and what nobody gave follows it.
  if (input === 'documentBytes')
    return {
      ...workload,
      documentBytes: value,
      encodedBytes: (encodedBytes * value) / documentBytes,
      changedBytes: assumed.includes('changedBytes')
        ? (changedBytes * value) / documentBytes
        : Math.min(changedBytes, value),
    }
  // Encoded it is never larger than plain.
  if (input === 'encodedBytes')
    return { ...workload, encodedBytes: value, documentBytes: Math.max(documentBytes, value) }
  return { ...workload, [input]: value }
}

/** What is varied, alone: an input of the workload, or the costs. */
interface Varied {
  readonly input: Crossing['input']
  readonly given: number
  readonly bounds: readonly [least: number, most: number]
  /** Whether it is counted in ones. */
  readonly isCounted: boolean
  basisAt(value: number): Basis
}

/** The names of models. */
interface Verdict {
  readonly best: string | undefined
  readonly ties: ReadonlySet<string>
  readonly fitting: ReadonlySet<string>
}

function namesOf(rows: readonly { readonly model: string }[]): ReadonlySet<string> {
  return new Set(rows.map(({ model }) => model))
}
