import type { Namespace } from '../contracts/names.js'
import type { Clock, Hasher, Logger, Random } from '../contracts/system.js'
import type { Schema } from '../contracts/schema.js'
import type { Mirror, Store } from '../contracts/transport.js'
import type { Validator } from '../contracts/validator.js'
import type { VersionIndex } from './versions.js'

/** What every operation of one publisher works with. */
export interface PublisherContext {
  readonly namespace: Namespace
  readonly schema: Schema
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
  /** The largest that is read: what was published under another limit is still here. */
  readonly maxReadBytes: number
  readonly versions: VersionIndex
  readonly retries: number
}
