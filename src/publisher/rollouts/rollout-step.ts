import type { Rehearsal, RolloutPhase } from '../../core/release/rollout.js'
import type { Fleet } from '../../fleet/summary.js'
import type { Explanation } from '../../rollouts/explanation.js'
import type { RolloutReach } from './reach.js'

/**
 * How a rollout ended. `completed`: every stage and the watch have passed; a release for everyone
 * ends so when it is appended, since no stage follows it. `rolled-back`: what ran before runs
 * again. `paused`: somebody paused it or took it back for now, or its policy held it up when its
 * `decideBy` passed. `superseded`: another release took its place. `running`: it goes on, and
 * nobody here waits any longer: its `decideBy` has passed, or the publisher was closed.
 */
export type RolloutEnd = 'completed' | 'rolled-back' | 'paused' | 'superseded' | 'running'

/** Where a rollout stands; a new step comes when anything of it but its fleet changed. */
export interface RolloutStep {
  /** `everyone` where there are no stages. */
  readonly state: RolloutPhase | 'everyone'
  /** The stage at hand, from 0 on. */
  readonly stage: number
  /** How many stages there are. */
  readonly of: number
  /** Set before the first stage, while the way back is rehearsed with one client: where that is. */
  readonly rehearsal?: Rehearsal['phase']
  /** Set before the first stage, while nobody is exposed and gates are asked. */
  readonly awaitsGates?: true
  /**
   * What its policy makes of the evidence; absent where it is not known here, or nothing is judged.
   */
  readonly verdict?: Explanation['verdict']
  /** Why it stands where it stands, for people. */
  readonly why: readonly string[]
  /** What has to be there before it goes on: `gate latency`. */
  readonly waitingFor: readonly string[]
  /**
   * Whether it stands still until somebody has looked: it was paused or taken back, or its policy
   * holds it up. The last ends by itself when the evidence changes.
   */
  readonly isPaused: boolean
  /** The controllers that are heard and able to move it on, by name. */
  readonly controllers: readonly string[]
  /**
   * How many clients of the audience are live, for everyone how many there are in all; each counts
   * once, however many instances it has, as the one of them that is worst.
   */
  readonly exposed: number
  /** How many of the exposed clients run it. */
  readonly applied: number
  /** How many of those came through their soak, which is each client's own and no bake. */
  readonly healthy: number
  /** How many of the exposed clients do not run it yet. */
  readonly behind: number
  /** How many clients refused it. */
  readonly rejected: number
  /**
   * How many of the exposed clients failed with it: it was taken back there, or the process died.
   */
  readonly failed: number
  /** How many clients have an instance that is missing. */
  readonly missing: number
  /**
   * How far it has come with the clients that count, and which of them refused it; once it was taken
   * back, how far what runs in its place has come.
   */
  readonly reach: RolloutReach
  readonly explanation?: Explanation
  readonly fleet: Fleet
}
