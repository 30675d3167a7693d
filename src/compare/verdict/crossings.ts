import { timesAsSlow } from '../costs/scaled.js'
import { essentials } from '../formula/estimate.js'
import type { Basis } from '../row-of.js'
import { boundsOf, INPUTS, isWhole, routineBeside, type InputName, type Workload } from '../workload.js'
import { verdictAt, type Contenders, type Verdict } from './contenders.js'
import type { Weights } from './recommend.js'

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
  /** What is taken a little beyond it; undefined where nothing fits any more. */
  readonly then: string | undefined
  /** What comes to the same then, within 15 %. */
  readonly ties: readonly string[]
  /** Whether nobody gave the input, so that a default decides here. */
  readonly assumed: boolean
  /**
   * Whether the two come to the same on this side of it, within 15 %, and what is taken now still
   * fits beyond it: there a tie ends, and no more.
   */
  readonly endsTie: boolean
  /**
   * Whether what is taken then is of the same kind, with another heartbeat or interval: the present
   * one does not fit beyond it. Among models that were named there is no such crossing.
   */
  readonly sameKind: boolean
}

/** How far is looked for a change, as a factor of what was given. */
export const FARTHEST = 100

/** How many steps there are for each power of ten. */
const STEPS = 10

/** Where the search begins above 0, which has no factor: at this share of the most that may be. */
const FROM_NOTHING = 1e-6

/** How exactly a crossing is found, as a share. */
const PRECISION = 0.005

/** How far beyond a crossing its answer is asked for, as a factor: what holds for less is none. */
const BEYOND = 1.02

/**
 * The least and the most that an input may be beside the other inputs: nobody can ask for a document
 * that is larger encoded than plain.
 *
 * ```ts
 * boundsBeside('encodedBytes', { ...workload, documentBytes: 20_480 }) // [2, 20_480]
 * ```
 */
export function boundsBeside(
  input: InputName,
  { documentBytes, encodedBytes }: Workload,
): readonly [least: number, most: number] {
  const [least, most] = boundsOf(input)
  return [least, input === 'encodedBytes' ? Math.max(documentBytes, encodedBytes) : most]
}

/**
 * How far is looked for a change of an input: 100 times as much and as little, within what it may
 * be beside the other inputs; from 0 on up to the most that it may be.
 *
 * ```ts
 * lookedAt('offlineShare', workload) // [0.0002, 0.99]
 * ```
 */
export function lookedAt(input: InputName, workload: Workload): readonly [least: number, most: number] {
  const [least, most] = boundsBeside(input, workload)
  const given = workload[input]
  const [from, to] = given === 0 ? [0, most] : [given / FARTHEST, given * FARTHEST]
  return [Math.max(least, isWhole(input) ? Math.round(from) : from), Math.min(most, to)]
}

/**
 * Solves the formulas the other way round: by how much each input would have to change, alone,
 * until another model is taken than `taken`, which is the formulas' own choice unless it is given.
 * Models that tie are not told apart, since a hair decides between them. Default models are fitted
 * to every value that is tried, so that what is found is what a comparison with that value finds;
 * of these one crossing more may be told of each side, from which on what is taken has to be fitted
 * anew.
 *
 * ```ts
 * crossingsOf(namedModels(models), { workload, costs, weights })
 * ```
 */
export function crossingsOf(
  contenders: Contenders,
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
  const answerAt = (basis: Basis): Verdict => verdictAt(contenders, basis, weights)
  const given = { workload, costs }
  const models = contenders.at(given)
  const named = taken ?? answerAt(given).best?.model
  const now = models.find(({ name }) => name === named)
  const kind = now && contenders.kindOf(now)
  const crossings: Crossing[] = []
  const varied: readonly Varied[] = [
    ...INPUTS.map((input): Varied => ({
      input,
      given: workload[input],
      bounds: lookedAt(input, workload),
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
  for (const one of varied)
    for (const side of ['below', 'above'] as const) crossings.push(...cross(one, side))
  return crossings.sort((a, b) => (a.factor ?? Infinity) - (b.factor ?? Infinity))

  function cross(one: Varied, side: 'below' | 'above'): readonly Crossing[] {
    const { given, isCounted } = one
    if (given === 0 && side === 'below') return []
    const [least, most] = one.bounds
    const startsAt = given > 0 ? given : most * FROM_NOTHING
    const steps = Math.ceil(STEPS * Math.log10(given > 0 ? FARTHEST : 1 / FROM_NOTHING))
    const valueAt = (step: number): number => {
      const factor = 10 ** (step / STEPS)
      const value = side === 'above' ? startsAt * factor : startsAt / factor
      const bounded = Math.min(most, Math.max(least, value))
      return isCounted ? Math.round(bounded) : bounded
    }
    const crossings: Crossing[] = []
    let known = given
    // From 0 on, the first step is where the search begins.
    for (let step = given > 0 ? 1 : 0; step <= steps; step += 1) {
      const value = valueAt(step)
      if (value === known) continue
      const basis = one.basisAt(value)
      const steps = { same: known, other: value }
      if (differs(basis)) {
        const at = narrowed(one, steps, differs)
        if (crossings.length === 0 && at.same !== known && isOutgrown(one.basisAt(at.same)))
          crossings.push(told(one, side, narrowed(one, { same: known, other: at.same }, isOutgrown)))
        return [...crossings, told(one, side, at)]
      }
      if (crossings.length === 0 && isOutgrown(basis))
        crossings.push(told(one, side, narrowed(one, steps, isOutgrown)))
      known = value
    }
    return crossings
  }

  /** Whether what is taken now, however it is fitted, is not among the best any more. */
  function differs(basis: Basis): boolean {
    const { best, ties } = answerAt(basis)
    return best?.kind !== kind && (kind === undefined || ties.every(row => row.kind !== kind))
  }

  /** Whether what is taken now does not fit any more as it is. */
  function isOutgrown(basis: Basis): boolean {
    return contenders.refitted && now !== undefined && !essentials(now, basis).fits
  }

  /**
   * Between a value where something is not so and one where it is, two that are as close as told.
   */
  function narrowed(
    { given, bounds, isCounted, basisAt }: Varied,
    between: Between,
    isSo: (basis: Basis) => boolean,
  ): Between {
    let { same, other } = between
    // What changes with the least above 0 is not halved for ever.
    const finest = given > 0 ? 0 : bounds[1] * FROM_NOTHING * PRECISION
    while (Math.abs(other - same) > Math.max(finest, PRECISION * Math.abs(other))) {
      const middle = isCounted ? Math.round((same + other) / 2) : (same + other) / 2
      if (middle === same || middle === other) break
      if (isSo(basisAt(middle))) other = middle
      else same = middle
    }
    return { same, other }
  }

  function told(one: Varied, side: 'below' | 'above', { same, other }: Between): Crossing {
    const { input, given, bounds, isCounted, basisAt } = one
    const [least, most] = bounds
    const farther = side === 'above' ? Math.min(most, other * BEYOND) : Math.max(least, other / BEYOND)
    const { best, ties, fitting } = answerAt(basisAt(isCounted ? Math.round(farther) : farther))
    const tied = answerAt(basisAt(same))
    const sameKind = kind !== undefined && [best, ...ties].some(row => row?.kind === kind)
    return {
      input,
      side,
      crossesAt: other,
      ...(given > 0 && { factor: Math.max(other / given, given / other) }),
      // A name, which nobody can await by mistake.
      // oxlint-disable-next-line unicorn/no-thenable
      then: best?.model,
      ties: ties.map(({ model }) => model),
      assumed: workload.assumed.some(name => name === input),
      endsTie:
        best !== undefined &&
        !sameKind &&
        fitting.some(row => row.kind === kind) &&
        [tied.best, ...tied.ties].some(row => row?.kind === best.kind),
      sameKind,
    }
  }
}

/**
 * A workload with one input changed: what a comparison with that value alone would read. What nobody
 * gave follows it, and so does the other size of a document.
 *
 * ```ts
 * withInput(workload, 'clients', 2 * workload.clients)
 * ```
 */
export function withInput(workload: Workload, input: InputName, value: number): Workload {
  const { documentBytes, encodedBytes, changedBytes, assumed } = workload
  if (input === 'killSwitchMs' && assumed.includes('routineMs'))
    return { ...workload, killSwitchMs: value, routineMs: routineBeside(value) }
  // A larger document is larger encoded too.
  if (input === 'documentBytes')
    return {
      ...workload,
      documentBytes: value,
      // A ratio of 1 stays one, exactly.
      encodedBytes: value * (encodedBytes / documentBytes),
      changedBytes: assumed.includes('changedBytes')
        ? (changedBytes * value) / documentBytes
        : Math.min(changedBytes, value),
    }
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

/** A value at which the answer is what it was, and one at which it is not. */
interface Between {
  readonly same: number
  readonly other: number
}
