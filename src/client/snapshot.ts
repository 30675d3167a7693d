import type { Digest } from '../contracts/names.js'
import type { Position } from '../contracts/position.js'

/**
 * Where the running value came from. `network`: the newest release said so. `state`: kept on disk from an earlier life.
 * `defaults`: the client's own. `unmanaged`: a bare document, without a publisher. `pinned`: a pin file, by an operator.
 */
export type Origin = 'network' | 'state' | 'defaults' | 'unmanaged' | 'pinned'

/** The running value and where it came from. */
export interface Snapshot<Value> {
  readonly value: Value
  /** Absent for defaults and pins, which are no snapshots of a board. */
  readonly digest: Digest | undefined
  readonly version: number | undefined
  /** The release that asked for it. */
  readonly position: Position | undefined
  readonly origin: Origin
  /** Milliseconds since it was last known to be what the newest release asks for; infinite before the first proof. */
  readonly ageMs: number
  /** Paths that this client's overrides changed. */
  readonly overridden: readonly string[]
}

/** What is running, as the client holds it: a snapshot but for its age. */
export type View<Value> = Omit<Snapshot<Value>, 'ageMs'>
