import type { Namespace } from '../../contracts/names.js'

/**
 * The name of a value. Keys hold nothing but `A-Z a-z 0-9 - . _ / =` (what NATS KV, S3 and a file
 * name allow), have 350 characters at most, and are ordered by their bytes.
 */
export type Key = string

/**
 * The engine's own mark of a value: another one after each write of the key, also of the same value,
 * and after the key was removed. So a hash of the value is none. Opaque.
 */
export type Version = string

/** A value as the engine holds it. */
export interface Entry {
  readonly value: Uint8Array
  readonly version: Version
}

/** What must hold for a batch to be written. */
export type Condition =
  | { readonly type: 'absent'; readonly key: Key }
  | { readonly type: 'present'; readonly key: Key }
  /** The value is still the one that was read with this version. */
  | { readonly type: 'unchanged'; readonly key: Key; readonly version: Version }

/** A value to be written. */
export interface Put {
  readonly key: Key
  /** UTF-8. May be a `Buffer`, which its caller may change once `write` has resolved: copy it. */
  readonly value: Uint8Array
  /**
   * How long the value is of use, in milliseconds. An engine that can forgets it afterwards; one
   * that cannot ignores this. Default: for ever.
   */
  readonly expiresInMs?: number
}

/**
 * Conditions and writes that belong together. A batch names each key at most once in `if` and once
 * in `put` and `remove`, has 100 conditions and 100 writes at most, and all its keys belong to one
 * namespace. For an engine of `atomic: 'key'` all conditions and writes name one and the same key.
 */
export interface Batch {
  readonly if: readonly Condition[]
  readonly put: readonly Put[]
  readonly remove: readonly Key[]
}

/** A page of keys to be listed. */
export interface KeyPage {
  /** What the keys begin with. */
  readonly prefix: Key
  /** Lists keys before this one only; from the last key on where it is left out. */
  readonly before?: Key | undefined
  /** How many keys at most. */
  readonly limit: number
}

/** What an engine tells while it is listened to. */
export type EngineNews =
  /** Notifications arrive from now on. Said first, and again after an interruption. */
  | 'listening'
  /** The newest release of this namespace may be another one. */
  | { readonly changed: Namespace }

/**
 * What a database gives, so that `storeFrom` makes a store of it. Keys come from noticeboard and
 * values are opaque. Positions, digests, sizes, retries, deadlines and aborted calls are not the
 * engine's business.
 *
 * An error that is not a `NoticeboardError` counts as loss and reaches the caller as `unavailable`.
 * Throw `unauthorized` or `forbidden` yourself where the database refuses.
 */
export interface StoreEngine {
  /** For people: `postgres`, `etcd https://etcd.internal`. Holds no credentials. */
  readonly name: string
  /** What an acknowledged write survives, as far as it is known before `open`. */
  readonly durability: 'replicated' | 'single' | 'may-lose'
  /**
   * `batch`: several keys are written in one step. `key`: each step writes one key under one
   * condition (NATS KV, S3).
   */
  readonly atomic: 'batch' | 'key'
  /** The largest value in bytes, where the database has a limit: Consul 524,288, NATS 1,048,576. */
  readonly maxValueBytes?: number
  /**
   * Called once, before the first call; again when it failed. Look at the database here: is it a
   * primary, does it sync? Throw what speaks against it, or correct the durability.
   */
  open?(signal: AbortSignal): Promise<{ readonly durability: StoreEngine['durability'] } | undefined>
  /**
   * The values of up to 100 keys, in their order. Sees every write that was acknowledged before.
   */
  read(keys: readonly Key[], signal: AbortSignal): Promise<readonly (Entry | undefined)[]>
  /**
   * Writes all of a batch if all its conditions hold: durable before it resolves to `written`.
   * Otherwise it writes nothing and resolves to `refused`. Throws when the outcome is not known.
   */
  write(batch: Batch, signal: AbortSignal): Promise<'written' | 'refused'>
  /** The keys of a page in descending order. Sees every write that was acknowledged before. */
  list(page: KeyPage, signal: AbortSignal): Promise<readonly Key[]>
  /**
   * Notifications: first `listening`, then a namespace whenever its newest release may be another
   * one. A notification may come late, twice or for nothing. Throws when the connection is lost, or
   * says `listening` again once it is back. Ends when the signal aborts. Without it a watch hears at
   * once of what is written through the same store, and looks for the rest every `checkIntervalMs`.
   */
  listen?(signal: AbortSignal): AsyncIterable<EngineNews>
  /**
   * The database's wall clock in milliseconds since 1970, so that several servers stamp reports by
   * one.
   */
  now?(signal: AbortSignal): Promise<number>
}
