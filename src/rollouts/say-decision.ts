import { explain, type Reasons } from './explanation.js'
import type { GateResult } from './gate.js'
import type { Decision, NextStage, RolloutEvidence, RolloutStanding } from './policy.js'
import { percent } from './resolving-power.js'
import { saySkipped } from './skipped.js'
import { unknown } from './unknowns.js'
import type { StageView } from './view.js'

/** What a decision is made in. */
export interface Place extends RolloutStanding, RolloutEvidence {
  readonly view: StageView
  /** What its gates and guardrails come to. */
  readonly result: GateResult
}

/**
 * A decision with its explanation.
 *
 * ```ts
 * return say(place, 'advance', { verdict: 'good', why: ['6 of 6 clients are healthy'] }, next)
 * ```
 */
export function say(place: Place, type: 'advance' | 'widen', reasons: Reasons, next: NextStage): Decision
export function say(
  place: Place,
  type: 'hold' | 'pause' | 'roll-back' | 'retreat',
  reasons: Reasons,
): Decision
export function say(place: Place, type: Decision['type'], reasons: Reasons, next?: NextStage): Decision {
  const { view } = place
  const { state, stageStart } = view.rollout
  const isBegun = stageStart.awaitsGates !== true
  // In the watch nothing waits for that any more.
  const lag =
    state === 'watching' || !isBegun
      ? []
      : [`${percent(view.seenShare)} of the live clients have seen this stage`]
  // Where nothing else is the reason, what is unknown is.
  const why = reasons.why.length > 0 ? reasons.why : (reasons.unknowns ?? []).map(({ text }) => text)
  // Whatever is decided, so that a gate can be tried before it decides.
  const numbers = isBegun ? view.readings.map(({ text }) => text) : []
  const besides = [...place.result.recorded, ...numbers, ...saySkipped(view.rollout.skipped)].filter(
    text => !why.includes(text),
  )
  const explanation = explain(view, { ...reasons, why: [...new Set([...why, ...besides, ...lag])] })
  return (next === undefined ? { type, explanation } : { type, explanation, next }) as Decision
}

/** Nothing is appended, and the stage stays as it is. */
export function hold(place: Place, reasons: Reasons): Decision {
  return say(place, 'hold', reasons)
}

/** A rollout that somebody paused stays where it is, whatever its evidence, unless that is bad. */
export function stayPaused(place: Place): Decision {
  const text = `paused: ${place.view.rollout.why ?? 'by an operator'}`
  const wouldChange = ['resume it, abort it or roll it back']
  return hold(place, { verdict: 'unknown', why: [], unknowns: [unknown('paused', { text })], wouldChange })
}
