import { isOfStage, type RolloutState } from '../../core/release/rollout.js'
import { policyOf, sayResolvingPower } from '../../rollouts/index.js'

/**
 * What a stage of `staged()` can see that has just begun, once its clients are healthy; undefined
 * for what begins besides, and for a policy of one's own.
 *
 * ```ts
 * canSeeFrom(release.rollout) // 3 of 20 clients; with no failure seen this excludes …
 * ```
 */
export function canSeeFrom({ state, plan, stageStart }: RolloutState): string | undefined {
  const { live, exposed } = stageStart
  if (state !== 'running' || !isOfStage(stageStart) || policyOf(plan) !== 'staged@1') return undefined
  return sayResolvingPower({ live, healthy: exposed })
}
