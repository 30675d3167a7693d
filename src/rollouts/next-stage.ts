import type { Audience } from '../core/release/audience.js'
import type { StageStart } from '../core/release/rollout.js'
import { audienceOf, inAudience, oneMore } from './cohort.js'
import { decideWithinMs } from './deadline.js'
import { liveMembers, type Member } from './members.js'
import type { NextStage, RolloutEvidence, RolloutStanding } from './policy.js'
import type { StageView } from './view.js'

/** What the next step of a rollout is made of. */
export interface NextQuery extends RolloutStanding, Pick<RolloutEvidence, 'heard'> {
  readonly view: StageView
}

/**
 * A stage that begins now, over the clients that are live now. `anew` counts how often it did.
 *
 * ```ts
 * const next = stageFrom({ release, hasher, heard, view }, rollout.stage + 1)
 * ```
 */
export function stageFrom(query: NextQuery, index: number, more: { readonly anew?: number } = {}): NextStage {
  const { view, release, hasher } = query
  const { plan, nowMs } = view
  const live = liveIn(query)
  const stage = plan.stages[index]
  const before = release.audience
  if (stage === undefined || before === undefined) throw new TypeError('a running stage has an audience')
  const audience = audienceOf({ stage, live, before, holdback: plan.holdback ?? 0, hasher })
  return {
    state: 'running',
    stage: index,
    audience,
    start: { ...startOf(query, live, audience), ...more },
    decideBy: new Date(nowMs + decideWithinMs(plan, live, release.spreadMs)).toISOString(),
  }
}

/**
 * The watch after the last stage. Who is held back stays so: then there is still a control group.
 */
export function watchFrom(query: NextQuery): NextStage {
  const { view, release } = query
  const { plan, rollout, nowMs } = view
  const live = liveIn(query)
  const audience = plan.holdback === undefined ? undefined : release.audience
  return {
    state: 'watching',
    stage: rollout.stage,
    audience,
    start: startOf(query, live, audience),
    decideBy: new Date(nowMs + plan.watchMs + decideWithinMs(plan, live)).toISOString(),
  }
}

/** The stage at hand with one client more; undefined where nobody is left to expose. */
export function oneMoreIn(query: NextQuery): NextStage | undefined {
  const { view, release, hasher } = query
  const { audience } = release
  if (audience === undefined) return undefined
  const wider = oneMore({ live: liveIn(query), before: audience, hasher })
  if (wider === audience) return undefined
  const { stageStart, stage, decideBy } = view.rollout
  return { state: 'running', stage, audience: wider, start: withOneMore(stageStart), decideBy }
}

/** The same start of a stage, with one client more than the plan says. */
export function withOneMore(start: StageStart): StageStart {
  const { exposed, control, added = 0 } = start
  return { ...start, exposed: exposed + 1, control: Math.max(0, control - 1), added: added + 1 }
}

/** The incumbents that are live now. */
export function liveIn({ heard, view: { nowMs, plan } }: NextQuery): readonly Member[] {
  return liveMembers(heard, { beforeMs: nowMs - plan.reportMs, nowMs })
}

/** How a stage with this audience begins now. */
export function startOf(
  { view, hasher }: NextQuery,
  live: readonly Member[],
  audience: Audience | undefined,
): NextStage['start'] {
  const exposed =
    audience === undefined ? live.length : live.filter(member => inAudience(member, audience, hasher)).length
  return {
    at: new Date(view.nowMs).toISOString(),
    live: live.length,
    exposed,
    control: live.length - exposed,
    ...beforeOf(view),
  }
}

/** What the control of a stage did, for those that have none; theirs is passed on. */
function beforeOf({ control, controlFailed, rollout }: StageView): Pick<NextStage['start'], 'before'> {
  const { before } = rollout.stageStart
  if (control.length > 0) return { before: { control: control.length, failed: controlFailed } }
  return before === undefined ? {} : { before }
}
