import type { Hasher } from '../contracts/system.js'
import type { Release } from '../core/release/release.js'
import { goesOn, type Rehearsal, type RolloutPhase } from '../core/release/rollout.js'
import type { Fleet } from '../publisher/index.js'
import type { ClientCounts } from '../publisher/rollouts/client-counts.js'
import { outlineOf } from '../publisher/rollouts/outline.js'
import { inRollout } from '../publisher/rollouts/steps.js'
import { countsOf } from '../publisher/rollouts/watch-stages.js'
import { sayReach, sayStageOf } from './progress.js'

/** Which stage a rollout is in, and how far the document has come there. */
export interface StageAtHand extends Partial<ClientCounts> {
  readonly id: string
  readonly state: RolloutPhase
  /** From 0 on. */
  readonly stage: number
  readonly of: number
  readonly rehearsal?: Rehearsal['phase']
  readonly awaitsGates?: true
}

/**
 * The stage at hand, by the newest release and the fleet alone; undefined while no rollout goes on.
 * Without counts where the fleet is not known. A pure function.
 *
 * ```ts
 * const stage = stageAtHand(newest.release, await publisher.fleet(), hasher)
 * ```
 */
export function stageAtHand(release: Release, fleet: Fleet, hasher: Hasher): StageAtHand | undefined {
  if (!inRollout(release) || !goesOn(release.rollout)) return undefined
  const { id, state, stage, plan, stageStart } = release.rollout
  const { rehearsal, awaitsGates } = stageStart
  return {
    id,
    state,
    stage,
    of: Math.max(outlineOf(plan).stages, stage + 1),
    ...(rehearsal !== undefined && { rehearsal: rehearsal.phase }),
    ...(awaitsGates !== undefined && { awaitsGates }),
    ...(fleet.type === 'known' && countsOf({ hasher }, release, fleet)),
  }
}

/**
 * The same in one line, for people.
 *
 * ```ts
 * sayStageAtHand(stage) // stage 2 of 4, running: 3 of 3 exposed run it
 * ```
 */
export function sayStageAtHand(at: StageAtHand): string {
  const { exposed, applied = 0, behind = 0, rejected = 0, failed = 0, missing = 0, state } = at
  const where = `${sayStageOf(at)}, ${state}`
  if (exposed === undefined) return where
  return `${where}: ${sayReach({ state, exposed, applied, behind, rejected, failed, missing })}`
}
