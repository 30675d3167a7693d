/** A revision of etcd, in decimal: it is larger than what a number holds. */
export type EtcdRevision = string

/** A key with its value, as etcd keeps it. */
export interface EtcdEntry {
  readonly key: string
  /** Empty where only keys were asked for. */
  readonly value: Uint8Array
  readonly modRevision: EtcdRevision
}

/** A step of a transaction. */
export type EtcdStep =
  | {
      readonly type: 'range'
      readonly key: string
      /** All keys from `key` on and before this one; only `key` itself without it. */
      readonly end?: string
      /** How many entries to find. Default: all. */
      readonly limit?: number
      /** Whether the last key comes first. Default false. */
      readonly descending?: boolean
      /** Whether values are left out. Default false. */
      readonly keysOnly?: boolean
    }
  | { readonly type: 'put'; readonly key: string; readonly value: Uint8Array; readonly lease?: string }
  | { readonly type: 'delete'; readonly key: string }

/**
 * What must hold for a transaction's first half: that a key is there, is not, or was last written
 * at a revision.
 */
export type EtcdCondition =
  | { readonly type: 'exists'; readonly key: string }
  | { readonly type: 'missing'; readonly key: string }
  | { readonly type: 'written-at'; readonly key: string; readonly revision: EtcdRevision }

/** Conditions, and what is done when they hold. */
export interface EtcdTransaction {
  readonly conditions?: readonly EtcdCondition[]
  /** Made, all or none, when the conditions hold. 128 at most, as etcd has it. */
  readonly steps: readonly EtcdStep[]
  /** Made when they do not. */
  readonly otherwise?: readonly EtcdStep[]
}

/** What a transaction came to. */
export interface EtcdOutcome {
  /** Of the whole store, at the time of the transaction. */
  readonly revision: EtcdRevision
  /** Whether the conditions were met. */
  readonly succeeded: boolean
  /**
   * What each `range` of the half that was made found, in the order of the steps; nothing for the
   * others.
   */
  readonly found: readonly (readonly EtcdEntry[])[]
}

/**
 * What a watch brings: what was written since, or that the revision it started from is gone from
 * etcd's history.
 */
export type EtcdNews =
  | { readonly type: 'entries'; readonly entries: readonly EtcdEntry[] }
  | { readonly type: 'compacted' }

/**
 * The three calls that are made of etcd. {@link etcdGateway} makes them with nothing but `fetch`;
 * an adapter of another driver is some forty lines. Each throws a `NoticeboardError`: `unavailable`
 * for loss, `unauthorized`, `forbidden` or `too-large` for refusal.
 */
export interface EtcdClient {
  /** For people; holds no credentials. */
  readonly name: string
  /** Does all steps, or none when a condition does not hold. */
  transact(transaction: EtcdTransaction, signal: AbortSignal): Promise<EtcdOutcome>
  /** A lease of that many seconds, that nobody keeps alive. */
  grant(query: { readonly ttlSeconds: number }, signal: AbortSignal): Promise<string>
  /**
   * What is written to the keys from `key` on and before `end`, from a revision on. Ends when the
   * signal aborts; throws `unavailable` when the connection is lost. Ends after `compacted`.
   */
  watch(
    query: { readonly key: string; readonly end: string; readonly from: EtcdRevision },
    signal: AbortSignal,
  ): AsyncIterable<EtcdNews>
}
