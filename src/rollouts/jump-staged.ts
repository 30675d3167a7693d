import type { Audience } from '../core/release/audience.js'
import { stageNumberOf } from '../core/release/rollout.js'
import { audienceOf } from './cohort.js'
import { liveIn, stageFrom, type NextQuery } from './next-stage.js'
import { readStagedPlan } from './plan.js'
import type { NextStage, RolloutEvidence, RolloutStanding } from './policy.js'
import { viewOf } from './view.js'

/**
 * A later stage of a staged rollout, which begins now. Its audience is the one that it would have if
 * each stage before had begun with the clients that are live now. Undefined where none is.
 *
 * ```ts
 * const next = jumpStaged({ release, hasher }, { heard }, 2)
 * ```
 */
export function jumpStaged(
  { release, hasher }: RolloutStanding,
  { heard }: Pick<RolloutEvidence, 'heard'>,
  to: number,
): NextStage | undefined {
  const { rollout } = release
  if (rollout === undefined) throw new TypeError('a staged rollout is taken to a stage on a release of it')
  const plan = readStagedPlan(rollout.plan)
  const query: NextQuery = {
    release,
    hasher,
    heard,
    view: viewOf({ release, rollout, plan, heard, hasher }),
  }
  const live = liveIn(query)
  if (live.length === 0) return undefined
  const holdback = plan.holdback ?? 0
  const before = plan.stages
    .slice(stageNumberOf(rollout), to)
    .reduce<Audience>(
      (audience, stage) => audienceOf({ stage, live, before: audience, holdback, hasher }),
      audienceSoFar(release),
    )
  return stageFrom({ ...query, release: { ...release, audience: before } }, to)
}

/** Who is exposed now, and the client that rehearses the way back: it would go forward again. */
function audienceSoFar({ audience, rollout }: NextQuery['release']): Audience {
  if (audience === undefined) throw new TypeError('a rollout under way has an audience')
  const { rehearsal } = rollout?.stageStart ?? {}
  return rehearsal === undefined || audience.clauses.length > 0
    ? audience
    : { salt: audience.salt, clauses: [{ ids: [rehearsal.id] }] }
}
