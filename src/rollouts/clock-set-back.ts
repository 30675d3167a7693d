import type { RolloutState } from '../core/release/rollout.js'
import { startFrom } from './decide-start.js'
import { rehearsalFrom } from './next-rehearsal.js'
import { liveMembers } from './members.js'
import { liveIn, stageFrom, watchFrom } from './next-stage.js'
import type { Decision, NextStage } from './policy.js'
import { hold, say, type Place } from './say-decision.js'
import { unknown } from './unknowns.js'

/**
 * How far ahead of the clock a stage may begin, in milliseconds: the clocks of two servers may
 * differ by so much, and it is waited for.
 */
const AHEAD_MS = 60_000

/**
 * Whether a stage began at a time that is yet to come: the clock that stamps the reports was ahead
 * then, and was set back. Nothing that is heard now is of that stage.
 *
 * ```ts
 * if (beganAhead(rollout, nowMs)) return beginByThisClock(place)
 * ```
 */
export function beganAhead({ stageStart }: Pick<RolloutState, 'stageStart'>, nowMs: number): boolean {
  // What a later version rehearses is begun by a later version.
  return stageStart.rehearsal?.phase !== 'other' && Date.parse(stageStart.at) - nowMs > AHEAD_MS
}

/** Why a stage that {@link beganAhead} begins anew, for people. */
export const SET_BACK = 'the clock was set back since the stage began; it begins anew by the clock as it is'

/**
 * The stage at hand from now on, or its rehearsal or watch. It waits until those that are there have
 * been heard for a report period by this clock, as incumbents are.
 */
export function beginByThisClock(place: Place): Decision {
  const { heard, view } = place
  const { nowMs, plan } = view
  const there = liveMembers(heard, { beforeMs: Number.POSITIVE_INFINITY, nowMs }).length
  const incumbents = liveIn(place).length
  const unknowns = [unknown('clock-set-back', { text: SET_BACK })]
  return incumbents === 0 || incumbents < plan.quorum * there
    ? hold(place, { verdict: 'unknown', why: [], unknowns, wouldChange: ['a report period of its clients'] })
    : say(place, 'widen', { verdict: 'unknown', why: [], unknowns }, nextIn(place))
}

function nextIn(place: Place): NextStage {
  const { state, stage, stageStart } = place.view.rollout
  const { rehearsal, anew, awaitsGates } = stageStart
  if (state === 'watching') return watchFrom(place)
  if (awaitsGates === true) return startFrom(place)
  if (rehearsal !== undefined) return rehearsalFrom(place, rehearsal)
  return stageFrom(place, stage, anew === undefined ? {} : { anew })
}
