import { isNoticeboardError } from '../../contracts/errors.js'
import type { HeardReports } from '../../contracts/report.js'
import type { Hasher } from '../../contracts/system.js'
import type { Audience } from '../../core/release/audience.js'
import type { Release } from '../../core/release/release.js'
import type { Rehearsal } from '../../core/release/rollout.js'
import {
  audienceOf,
  inAudience,
  liveMembers,
  sayResolvingPower,
  sayStage,
  type Member,
} from '../../rollouts/index.js'
import { firstStep, whoIsThere } from '../../rollouts/first-step.js'
import { readStagedPlan, type StagedPlan } from '../../rollouts/plan.js'
import type { RolloutPolicy } from '../../rollouts/policy.js'
import { play } from './play.js'
import { nameOfPolicy } from './policies.js'
import { inRollout, onlyTried, type RolloutRelease } from './steps.js'

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
  /** How long it lasts at least, in milliseconds; 0 of a policy of your own, which does not say. */
  readonly lastsMs: number
  /** Some of those that it exposes and the stage before did not. */
  readonly clients: readonly string[]
}

/** How many clients a stage names. */
const NAMED = 10

/** What is foreseen of a rollout. */
export interface Forecast {
  readonly stages: readonly StageForecast[]
  /** For people: what of it cannot be foreseen. */
  readonly notes: readonly string[]
}

/** What a forecast is made of. */
export interface Foreseeing {
  readonly heard: HeardReports | undefined
  readonly hasher: Hasher
  /** The policy that planned it, where it was given one. */
  readonly policy: RolloutPolicy | undefined
}

const NOTHING: Forecast = { stages: [], notes: [] }

/**
 * Says whom each stage of a rollout would expose, if the fleet stays as it is: of `staged()` by its
 * plan, a rehearsal of the way back before the stages; of a policy of one's own by playing it with
 * clients that are well. Empty for `timed()` and where there are no stages.
 *
 * ```ts
 * for (const { stage, exposed, of } of forecast(release, { heard, hasher, policy }).stages) show(stage, exposed, of)
 * ```
 */
export function forecast(release: Release, foreseeing: Foreseeing): Forecast {
  if (!inRollout(release) || foreseeing.heard === undefined || onlyTried(release).length === 0) return NOTHING
  const { heard, hasher, policy } = foreseeing
  const plan = stagedPlan(release.rollout.plan)
  if (plan !== undefined) return { stages: byPlan(release, { plan, heard, hasher }), notes: [] }
  return policy === undefined || policy.type === 'timed'
    ? NOTHING
    : byPlaying(release, { policy, heard, hasher })
}

function byPlaying(
  release: RolloutRelease,
  asked: { readonly policy: RolloutPolicy; readonly heard: HeardReports; readonly hasher: Hasher },
): Forecast {
  const { policy, heard, hasher } = asked
  const nowMs = Date.parse(heard.asOf)
  const live = liveMembers(heard, { beforeMs: nowMs, nowMs })
  const played = play(release, asked)
  const foresee = foreseer(live)
  const stages = played.stages.flatMap(({ audience }, index) => {
    if (audience === undefined) return []
    const inside = live.filter(member => inAudience(member, audience, hasher))
    return [foresee(`stage ${index + 1}`, { inside, lastsMs: 0 })]
  })
  if (played.isWhole) return { stages: [...stages, foresee('all', { inside: live, lastsMs: 0 })], notes: [] }
  const name = nameOfPolicy(policy)
  return {
    stages,
    notes: [
      `policy ${name} does not go on here by clients that are well and green gates alone, so whom it exposes after stage ${stages.length} is not known`,
    ],
  }
}

interface Planned {
  readonly plan: StagedPlan
  readonly heard: HeardReports
  readonly hasher: Hasher
}

function byPlan(release: RolloutRelease, planned: Planned): readonly StageForecast[] {
  const { plan, heard, hasher } = planned
  const { audience, rehearsal } = beginningOf(release, planned)
  if (audience === undefined) return []
  const nowMs = Date.parse(heard.asOf)
  const live = liveMembers(heard, { beforeMs: nowMs - plan.reportMs, nowMs })
  let before: Audience = rehearsal === undefined ? { salt: audience.salt, clauses: [] } : audience
  const foresee = foreseer(live)
  const rehearsed =
    rehearsal === undefined ? [] : [rehearsalForecast(live, { audience, hasher, bakeMs: plan.bakeMs })]
  const stages = plan.stages.map(stage => {
    before = audienceOf({ stage, live, before, holdback: plan.holdback ?? 0, hasher })
    const inside = live.filter(member => inAudience(member, before, hasher))
    return foresee(sayStage(stage), { inside, lastsMs: plan.bakeMs })
  })
  return [...rehearsed, ...stages]
}

/** Whom a rollout exposes first, once its gates were asked. */
function beginningOf(
  { audience, rollout, stable, spreadMs = 0 }: RolloutRelease,
  { plan, heard, hasher }: Planned,
): { readonly audience: Audience | undefined; readonly rehearsal: Rehearsal | undefined } {
  const { rehearsal, awaitsGates } = rollout.stageStart
  if (audience === undefined || awaitsGates !== true) return { audience, rehearsal }
  const nowMs = Date.parse(heard.asOf)
  const { salt } = audience
  const first = firstStep(plan, {
    ...whoIsThere(heard, { nowMs, reportMs: plan.reportMs }),
    input: { nowMs, salt, stable: stable.variants.map(({ digest }) => digest), spreadMs, hasher },
  })
  if (first.type !== 'stage') return { audience, rehearsal }
  return { audience: first.next.audience, rehearsal: first.next.start.rehearsal }
}

/** Foresees one stage after the other: each names those that the one before did not expose. */
function foreseer(
  live: readonly Member[],
): (stage: string, of: { readonly inside: readonly Member[]; readonly lastsMs: number }) => StageForecast {
  let known: ReadonlySet<Member> = new Set()
  return (stage, { inside, lastsMs }) => {
    const fresh = inside.filter(member => !known.has(member))
    known = new Set(inside)
    return {
      stage,
      exposed: inside.length,
      of: live.length,
      canSee: sayResolvingPower({ live: live.length, healthy: inside.length }),
      lastsMs,
      clients: fresh.slice(0, NAMED).map(({ clientId }) => clientId),
    }
  }
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
