import { isNoticeboardError } from '../../contracts/errors.js'
import type { HeardReports } from '../../contracts/report.js'
import type { Hasher } from '../../contracts/system.js'
import type { Audience } from '../../core/release/audience.js'
import type { Release } from '../../core/release/release.js'
import {
  audienceOf,
  inAudience,
  liveMembers,
  sayResolvingPower,
  sayStage,
  type Member,
} from '../../rollouts/index.js'
import { readStagedPlan, type StagedPlan } from '../../rollouts/plan.js'

/** What one stage of a rollout would do, if the fleet stays as it is. */
export interface StageForecast {
  /** The stage for people: `10 %`. */
  readonly stage: string
  /** How many clients it exposes, with those before it. */
  readonly exposed: number
  /** How many clients are live. */
  readonly of: number
  /** What it can see: `12 of 60 clients; with no failure seen …`. */
  readonly canSee: string
  /** How long it lasts at least, in milliseconds. */
  readonly lastsMs: number
  /** Some of those that it exposes and the stage before did not. */
  readonly clients: readonly string[]
}

/** How many clients a stage names. */
const NAMED = 10

/**
 * Says whom each stage of a staged rollout would expose, if the fleet stays as it is, a rehearsal
 * of the way back before them; empty for other rollouts.
 *
 * ```ts
 * for (const { stage, exposed, of } of forecast(release, { heard, hasher })) show(stage, exposed, of)
 * ```
 */
export function forecast(
  { rollout, audience, candidate }: Release,
  { heard, hasher }: { readonly heard: HeardReports | undefined; readonly hasher: Hasher },
): readonly StageForecast[] {
  const plan = rollout === undefined ? undefined : stagedPlan(rollout.plan)
  if (plan === undefined || heard === undefined || audience === undefined || candidate === undefined)
    return []
  const nowMs = Date.parse(heard.asOf)
  const live = liveMembers(heard, { beforeMs: nowMs - plan.reportMs, nowMs })
  const { rehearsal } = rollout?.stageStart ?? {}
  let before: Audience = rehearsal === undefined ? { salt: audience.salt, clauses: [] } : audience
  let known: ReadonlySet<Member> = new Set()
  const rehearsed =
    rehearsal === undefined ? [] : [rehearsalForecast(live, { audience, hasher, bakeMs: plan.bakeMs })]
  const stages = plan.stages.map(stage => {
    before = audienceOf({ stage, live, before, holdback: plan.holdback ?? 0, hasher })
    const inside = live.filter(member => inAudience(member, before, hasher))
    const fresh = inside.filter(member => !known.has(member))
    known = new Set(inside)
    return {
      stage: sayStage(stage),
      exposed: inside.length,
      of: live.length,
      canSee: sayResolvingPower({ live: live.length, healthy: inside.length }),
      lastsMs: plan.bakeMs,
      clients: fresh.slice(0, NAMED).map(({ clientId }) => clientId),
    }
  })
  return [...rehearsed, ...stages]
}

function rehearsalForecast(
  live: readonly Member[],
  {
    audience,
    hasher,
    bakeMs,
  }: { readonly audience: Audience; readonly hasher: Hasher; readonly bakeMs: number },
): StageForecast {
  const clients = live.filter(member => inAudience(member, audience, hasher))
  return {
    stage: 'the way back: forward, back, forward',
    exposed: clients.length,
    of: live.length,
    canSee: 'whether one client can go back to what ran before',
    lastsMs: 3 * bakeMs,
    clients: clients.map(({ clientId }) => clientId),
  }
}

function stagedPlan(plan: Parameters<typeof readStagedPlan>[0]): StagedPlan | undefined {
  try {
    return readStagedPlan(plan)
  } catch (error) {
    if (isNoticeboardError(error, 'invalid-data')) return undefined
    throw error
  }
}
