import { isOfStage, type RolloutState } from '../../core/release/rollout.js'
import type { NextStage } from '../../rollouts/policy.js'
import { NoticeboardError } from '../../contracts/errors.js'
import { outlineOf } from './outline.js'

/** A step of a rollout, as far as its time goes. */
type Step = Pick<NextStage, 'stage' | 'audience' | 'start' | 'decideBy'>

/**
 * When clients begin to run what a step brings them, and by when it is decided: the last stage, and
 * whatever is stable, waits for the time that the rollout names, and has as much longer. Earlier
 * stages do not wait, since they are what that time rests on.
 *
 * ```ts
 * const { activateAt, decideBy } = activationOf(rollout, next, nowMs)
 * ```
 */
export function activationOf(
  { activateAt, plan }: Pick<RolloutState, 'activateAt' | 'plan'>,
  { stage, audience, start, decideBy }: Step,
  nowMs: number,
): { readonly activateAt?: string; readonly decideBy: string } {
  const isLast = isOfStage(start) && stage >= outlineOf(plan).stages - 1
  const waitMs = activateAt === undefined ? 0 : Date.parse(activateAt) - nowMs
  if (activateAt === undefined || !(isLast || audience === undefined) || waitMs <= 0) return { decideBy }
  return { activateAt, decideBy: new Date(Date.parse(decideBy) + waitMs).toISOString() }
}

/**
 * The refusal of a time that the stages before the last cannot be done by; undefined where they
 * can, or where the plan does not say how long they take.
 */
export function tooEarly(
  { activateAt, plan }: Pick<RolloutState, 'activateAt' | 'plan'>,
  { stage }: Pick<NextStage, 'stage'>,
  nowMs: number,
): NoticeboardError | undefined {
  if (activateAt === undefined) return undefined
  const { stages, stageMs } = outlineOf(plan)
  const earliestMs = nowMs + Math.max(0, stages - 1 - stage) * stageMs
  if (Date.parse(activateAt) >= earliestMs) return undefined
  const earliest = new Date(earliestMs).toISOString()
  return new NoticeboardError(
    'invalid-option',
    `activateAt is too early: the stages before the last take until ${earliest} at least; name a later time, or publish with everyone()`,
  )
}
