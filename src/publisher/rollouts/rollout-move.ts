import type { Digest, Namespace } from '../../contracts/names.js'
import type { Position } from '../../contracts/position.js'
import type { Arm } from '../../core/release/release.js'
import type { Rehearsal, RolloutPhase } from '../../core/release/rollout.js'
import type { StepEvidence } from '../../core/release/step-evidence.js'

/** What happened to a rollout; see docs/formats.md. */
export type RolloutEvent =
  | 'begun'
  | 'stage'
  | 'paused'
  | 'retreated'
  | 'resumed'
  | 'watching'
  | 'completed'
  | 'rolled-back'
  | 'killed'
  | 'superseded'
  | 'stands-still'
  | 'other'

/** One move of a rollout, as webhooks are sent it (docs/formats.md). */
export interface RolloutMove {
  readonly v: 1
  /** The same from each controller, and each time that it is told. */
  readonly id: string
  readonly event: RolloutEvent
  /** What happened, in one line for people. */
  readonly says: string
  readonly namespace: Namespace
  /** The rollout as the move left it. */
  readonly rollout: MovedRollout
  /** The release that is the move, that took its place, or at which it stands still. */
  readonly position: Position
  readonly issuedAt: string
  readonly cause: string
  /** Who moved it, where this reader may see it. */
  readonly author?: string
  readonly reason?: string
  /** What it was decided on: verdict, counts, and clients with code and path. */
  readonly evidence?: StepEvidence
}

/** A rollout as `noticeboard rollout show --json` names it. */
export interface MovedRollout {
  readonly id: string
  readonly state: RolloutPhase
  /** The stage at hand, from 0 on. */
  readonly stage: number
  /** How many stages there are. */
  readonly of: number
  readonly rehearsal?: Rehearsal['phase']
  readonly awaitsGates?: true
  /** What it tries or tried; absent where the log does not hold that any more. */
  readonly digest?: Digest
  readonly variants?: Arm['variants']
  readonly version?: number
}
