import type { Digest } from '../contracts/names.js'
import type { Position } from '../contracts/position.js'
import type { ArmName } from '../core/release/target.js'

/**
 * Where the running value came from. `network`: the newest release said so. `state`: kept on disk
 * from an earlier life. `defaults`: the client's own. `unmanaged`: a bare document, without a
 * publisher. `pinned`: a pin file, by an operator.
 */
export type Origin = 'network' | 'state' | 'defaults' | 'unmanaged' | 'pinned'

/** What runs, and where it came from: frozen, and the same object until the next commit. */
export interface Running<Value> {
  readonly value: Value
  /** Absent for defaults and pins, which are no snapshots of a board. */
  readonly digest: Digest | undefined
  /**
   * The sequence of the release that first named the snapshot, in its epoch; undefined where
   * `digest` is.
   */
  readonly version: number | undefined
  /** The release that asked for it. */
  readonly position: Position | undefined
  readonly origin: Origin
  /**
   * Whether this client runs the candidate of a rollout, to tell the two apart in your own metrics.
   * Absent where no release says so: for defaults, pins, and what an earlier life ran.
   */
  readonly arm: ArmName | undefined
  /**
   * The rollout that the release is a step of; also in clients that are not exposed to its
   * candidate.
   */
  readonly rolloutId: string | undefined
  /** Paths that this client's overrides changed. */
  readonly overridden: readonly string[]
}
