import type { Namespace } from '../contracts/names.js'
import type { Clock, Hasher, Logger, Random, System } from '../contracts/system.js'
import type { Schema } from '../contracts/schema.js'
import type { Mirror, Store } from '../contracts/transport.js'
import type { Validator } from '../contracts/validator.js'
import type { RolloutFloor } from '../rollouts/floor.js'
import type { RolloutPolicy } from '../rollouts/policy.js'
import type { Gate } from './rollouts/gates.js'
import { remembering } from '../core/store/remembering-store.js'
import { DEFAULT_RETRIES } from './retry.js'
import { createVersionIndex, type VersionIndex } from './versions.js'
import { anything } from '../core/schema/anything.js'

/** What every operation of one publisher works with. */
export interface PublisherContext {
  readonly namespace: Namespace
  readonly schema: Schema
  /** Whether the JSON Schema of the schema is kept beside the documents. */
  readonly keepsSchema: boolean
  readonly validators: readonly Validator[]
  readonly store: Store
  readonly mirrors: readonly Mirror[]
  readonly author: string | undefined
  readonly clock: Clock
  readonly random: Random
  readonly hasher: Hasher
  readonly logger: Logger
  /** The largest document that is published, in bytes. */
  readonly maxSnapshotBytes: number
  /** The largest release with its snapshots; undefined: what the mirrors take. */
  readonly maxBoardBytes: number | undefined
  /** The largest that is read: what was published under another limit is still here. */
  readonly maxReadBytes: number
  readonly versions: VersionIndex
  readonly retries: number
  /** How documents spread where a publish does not say; undefined: see `begin`. */
  readonly rollout: RolloutPolicy | undefined
  /** Those of one's own, by which rollouts are judged besides. */
  readonly policies: readonly RolloutPolicy[]
  /** How careful a rollout has to be at least. */
  readonly floor: RolloutFloor | undefined
  readonly gates: readonly Gate[]
}

/** What a {@link bareContext} is made of. */
export interface BareContextOptions {
  readonly namespace: Namespace
  readonly store: Store
  readonly mirrors: readonly Mirror[]
  readonly system: Pick<System, 'clock' | 'random' | 'hasher'>
  readonly logger: Logger
  readonly author: string
}

/**
 * A context for what appends steps and publishes no document of its own: it has no schema and no
 * policy.
 *
 * ```ts
 * const tended = await tend(bareContext({ namespace, store, mirrors, system, logger, author }), tending, signal)
 * ```
 */
export function bareContext({ store, system, ...rest }: BareContextOptions): PublisherContext {
  const { clock, random, hasher } = system
  return {
    ...rest,
    store: remembering(store, hasher),
    clock,
    random,
    hasher,
    schema: anything,
    keepsSchema: false,
    validators: [],
    maxSnapshotBytes: store.maxSnapshotBytes,
    maxBoardBytes: undefined,
    maxReadBytes: store.maxSnapshotBytes,
    versions: createVersionIndex(),
    retries: DEFAULT_RETRIES,
    rollout: undefined,
    policies: [],
    floor: undefined,
    gates: [],
  }
}
