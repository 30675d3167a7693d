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
  /** By which factor that is from what was given; Infinity from 0. */
  readonly factor: number
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

/** How far is looked for a change, as a factor of what was given, and in how many steps. */
const FARTHEST = 1_000
const STEPS = 15

/** How exactly a crossing is found, as a share. */
const PRECISION = 0.005

/**
 * Solves the formulas the other way round: by how much each input would have to change, alone,
 * until another model is taken. Models that tie are not told apart, since a hair decides between
 * them.
 *
 * ```ts
 * crossingsOf(models, { workload, costs, weights })
 * ```
 */
export function crossingsOf(
  models: readonly ShapedModel[],
  { workload, costs, weights }: Basis & { readonly weights: Weights },
): readonly Crossing[] {
  const verdictAt = (basis: Basis): Verdict => {
    const rows = models.map(model => essentials(model, basis))
    const { best, ties, fitting } = choose(rows, weights)
    return { best: best?.model, ties: namesOf(ties), fitting: namesOf(fitting) }
  }
  const now = verdictAt({ workload, costs })
  const crossings: Crossing[] = []
  const varied: readonly Varied[] = [
    ...INPUTS.map((input): Varied => ({
      input,
      given: workload[input],
      bounds: boundsOf(input),
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
  return crossings.sort((a, b) => a.factor - b.factor)

  function cross(one: Varied, side: 'below' | 'above'): Crossing | undefined {
    const { given, isCounted } = one
    const [least, most] = one.bounds
    // What is 0 has no factor: its first step is a small part of the most that is looked at.
    const startsAt = given > 0 ? given : most / FARTHEST ** 2
    const valueAt = (step: number): number => {
      const factor = FARTHEST ** (step / STEPS)
      const value = side === 'above' ? startsAt * factor : startsAt / factor
      const bounded = Math.min(most, Math.max(least, value))
      return isCounted ? Math.round(bounded) : bounded
    }
    if (given === 0 && side === 'below') return undefined
    let known = given
    for (let step = 1; step <= STEPS; step += 1) {
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
    return best !== now.best && (now.best === undefined || !ties.has(now.best))
  }

  function found(
    one: Varied,
    side: 'below' | 'above',
    between: { readonly same: number; readonly other: number },
  ): Crossing {
    const { input, given, isCounted, basisAt } = one
    let { same, other } = between
    while (Math.abs(other - same) > PRECISION * Math.abs(other)) {
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
      factor: Math.max(other / given, given / other),
      // A name, which nobody can await by mistake.
      // oxlint-disable-next-line unicorn/no-thenable
      then: best,
      assumed: workload.assumed.some(name => name === input),
      endsTie:
        best !== undefined &&
        now.best !== undefined &&
        fitting.has(now.best) &&
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
  const { killSwitchMs, routineMs } = workload
  if (input === 'killSwitchMs')
    return { ...workload, killSwitchMs: value, routineMs: Math.max(routineMs, value) }
  if (input === 'routineMs')
    return { ...workload, routineMs: value, killSwitchMs: Math.min(killSwitchMs, value) }
  // A larger document is larger encoded too.
  if (input === 'documentBytes')
    return {
      ...workload,
      documentBytes: value,
      encodedBytes: (workload.encodedBytes * value) / workload.documentBytes,
    }
  // Encoded it is never larger than plain.
  if (input === 'encodedBytes')
    return { ...workload, encodedBytes: value, documentBytes: Math.max(workload.documentBytes, value) }
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
