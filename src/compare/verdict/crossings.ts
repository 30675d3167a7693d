import { essentials, type ShapedModel } from '../formula/estimate.js'
import type { Basis } from '../row-of.js'
import { boundsOf, INPUTS, isWhole, type InputName, type Workload } from '../workload.js'
import { choose, type Weights } from './recommend.js'

/** Where the verdict changes. */
export interface Crossing {
  /** The input that would have to change, alone. */
  readonly input: InputName
  /** From where on. */
  readonly crossesAt: number
  /** On which side of what was given that is. */
  readonly side: 'below' | 'above'
  /** By which factor that is from what was given; Infinity from 0. */
  readonly factor: number
  /** What is taken then; undefined where nothing fits any more. */
  readonly then: string | undefined
  /** Whether nobody gave the input, so that a default decides here. */
  readonly assumed: boolean
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
  const verdictAt = (at: Workload): Verdict => {
    const rows = models.map(model => essentials(model, { workload: at, costs }))
    const { best, ties } = choose(rows, weights)
    return { best: best?.model, ties: new Set(ties.map(({ model }) => model)) }
  }
  const now = verdictAt(workload)
  const crossings: Crossing[] = []
  for (const input of INPUTS) {
    for (const side of ['below', 'above'] as const) {
      const crossing = cross(input, side)
      if (crossing !== undefined) crossings.push(crossing)
    }
  }
  return crossings.sort((a, b) => a.factor - b.factor)

  function cross(input: InputName, side: 'below' | 'above'): Crossing | undefined {
    const given = workload[input]
    const [least, most] = boundsOf(input)
    // What is 0 has no factor: its first step is a small part of the most that is looked at.
    const startsAt = given > 0 ? given : most / FARTHEST ** 2
    const valueAt = (step: number): number => {
      const factor = FARTHEST ** (step / STEPS)
      const value = side === 'above' ? startsAt * factor : startsAt / factor
      const bounded = Math.min(most, Math.max(least, value))
      return isWhole(input) ? Math.round(bounded) : bounded
    }
    if (given === 0 && side === 'below') return undefined
    let known = given
    for (let step = 1; step <= STEPS; step += 1) {
      const value = valueAt(step)
      if (value === known) continue
      if (!differs(input, value)) {
        known = value
        continue
      }
      return found(input, side, { same: known, other: value })
    }
    return undefined
  }

  /** Whether what is taken now is not among the best any more. */
  function differs(input: InputName, value: number): boolean {
    const { best, ties } = verdictAt(withInput(workload, input, value))
    return best !== now.best && (now.best === undefined || !ties.has(now.best))
  }

  function found(
    input: InputName,
    side: 'below' | 'above',
    between: { readonly same: number; readonly other: number },
  ): Crossing {
    let { same, other } = between
    while (Math.abs(other - same) > PRECISION * Math.abs(other)) {
      const middle = isWhole(input) ? Math.round((same + other) / 2) : (same + other) / 2
      if (middle === same || middle === other) break
      if (differs(input, middle)) other = middle
      else same = middle
    }
    return {
      input,
      side,
      crossesAt: other,
      factor: Math.max(other / workload[input], workload[input] / other),
      // A name, which nobody can await by mistake.
      // oxlint-disable-next-line unicorn/no-thenable
      then: verdictAt(withInput(workload, input, other)).best,
      assumed: workload.assumed.includes(input),
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

interface Verdict {
  readonly best: string | undefined
  readonly ties: ReadonlySet<string>
}
