import type { PlannedGate } from './plan.js'
import { unknown, type Unknown } from './unknowns.js'

/**
 * What a gate answered for a stage. `unknown` is for one that threw, timed out or does not know.
 */
export interface GateAnswer {
  readonly verdict: 'good' | 'bad' | 'unknown'
  /** The stage that it was asked about, from 0 on; an answer for another one does not count. */
  readonly stage: number
  /** What it found, for people; never a value of the configuration. */
  readonly why?: string
}

/** The answers of a stage's gates, by name. */
export type GateAnswers = Readonly<Record<string, GateAnswer>>

/** What the gates of a plan come to together. */
export interface GateResult {
  /** Red gates that take the candidate back, and those that hold the stage. */
  readonly rollBack: readonly string[]
  readonly pause: readonly string[]
  /** What gates that are only written down have found, but for what is well. */
  readonly recorded: readonly string[]
  readonly unknowns: readonly Unknown[]
}

/**
 * What several results come to together.
 *
 * ```ts
 * const result = bothResults(readGates(plan.gates, answers, stage), guardrailResult(view.readings, view))
 * ```
 */
export function bothResults(a: GateResult, b: GateResult): GateResult {
  return {
    rollBack: [...a.rollBack, ...b.rollBack],
    pause: [...a.pause, ...b.pause],
    recorded: [...a.recorded, ...b.recorded],
    unknowns: [...a.unknowns, ...b.unknowns],
  }
}

/**
 * Puts the answers of a stage's gates together; `stage` counts from 0. A gate without an answer
 * holds the stage: `waiting for: gate prometheus`.
 *
 * ```ts
 * const { rollBack, unknowns } = readGates(plan.gates, answers, rollout.stage)
 * ```
 */
export function readGates(gates: readonly PlannedGate[], answers: GateAnswers, stage: number): GateResult {
  const rollBack: string[] = []
  const pause: string[] = []
  const recorded: string[] = []
  const unknowns: Unknown[] = []
  for (const { name, onBad } of gates) {
    const given = Object.hasOwn(answers, name) ? answers[name] : undefined
    const answer = given?.stage === stage ? given : undefined
    const why = answer?.why === undefined ? '' : `: ${answer.why}`
    if (onBad === 'record') {
      if (answer?.verdict === 'bad') recorded.push(`gate ${name} is red and only recorded${why}`)
      if (answer?.verdict === 'unknown')
        recorded.push(`gate ${name} does not know and is only recorded${why}`)
    } else if (answer === undefined) {
      unknowns.push(unknown('gate-waiting', { text: `waiting for: gate ${name}` }))
    } else if (answer.verdict === 'unknown') {
      unknowns.push(unknown('gate-unknown', { text: `gate ${name} does not know${why}` }))
    } else if (answer.verdict === 'bad') {
      const said = `gate ${name} is red${why}`
      if (onBad === 'pause') pause.push(said)
      else rollBack.push(said)
    }
  }
  return { rollBack, pause, recorded, unknowns }
}
