import type { Digest, Namespace } from './names.js'
import type { Position } from './position.js'

/** A snapshot that is kept in the state folder. */
export interface SavedSnapshot {
  readonly digest: Digest
  readonly version: number
  readonly bytes: number
}

/** A snapshot that was refused here, by one build of the application. */
export interface Refusal {
  readonly digest: Digest
  /** The application's build; empty when it has none. */
  readonly build: string
  readonly code: string
  readonly validator?: string
  readonly path?: string
  /** When, as a time of docs/formats.md. */
  readonly at: string
}

/** What a client wants to find again after a restart. */
export interface SavedState {
  /** The exact bytes of the newest verified release file. */
  readonly release?: Uint8Array
  /** The newest release that was verified. */
  readonly seen?: Position
  /** The release whose snapshot was committed. */
  readonly applied?: Position
  /** The snapshot that ran. */
  readonly current?: SavedSnapshot
  /** Last-known-good, newest first, three at most. */
  readonly good: readonly SavedSnapshot[]
  /** What was refused here, by whatever build: the latest at the end, 64 at most. */
  readonly refused: readonly Refusal[]
}

/**
 * Where a client keeps its state. Several processes may share one: each writes only what its own instance
 * knows, and everybody reads all of it folded together. Nothing here may stop a client: what cannot be read
 * is a warning, what cannot be written is thrown and becomes one.
 */
export interface StateStorage {
  /** The clientId that is kept here; keeps the proposed one when there is none yet. */
  clientId(proposed: string): Promise<string>
  /** What all instances knew of a namespace; `warnings` name files that could not be used. */
  load(query: {
    readonly namespace: Namespace
  }): Promise<{ readonly state: SavedState; readonly warnings: readonly string[] }>
  /** Makes what one instance knows durable. Snapshots that the state names were written before. */
  save(query: {
    readonly namespace: Namespace
    readonly instanceId: string
    readonly state: SavedState
  }): Promise<void>
  /** The bytes of a kept snapshot; undefined when it is not here. The caller checks them. */
  readSnapshot(query: {
    readonly namespace: Namespace
    readonly digest: Digest
    readonly maxSnapshotBytes: number
  }): Promise<Uint8Array | undefined>
  /** Keeps a snapshot, durable before it resolves. */
  writeSnapshot(query: {
    readonly namespace: Namespace
    readonly digest: Digest
    readonly bytes: Uint8Array
  }): Promise<void>
}
