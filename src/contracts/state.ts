import type { Digest, Namespace } from './names.js'
import type { Position } from './position.js'
import type { PreviousLife } from './report.js'

/** A snapshot that is kept in the state folder. */
export interface SavedSnapshot {
  readonly digest: Digest
  /** Its version: the sequence of the release that first named it. */
  readonly version: number
  /** Its size, in bytes. */
  readonly bytes: number
  /** Set when it ran here as a candidate, and no release has named it as stable since. */
  readonly candidate?: true
}

/** A snapshot that was refused here, by one build of the application. */
export interface Refusal {
  readonly digest: Digest
  /** The application's build; empty when it has none. */
  readonly build: string
  /** Why: an error code. */
  readonly code: string
  /** Set when it had come into force, and a health probe took it back. */
  readonly reverted?: true
  /** Which validator refused it; absent where none did. */
  readonly validator?: string
  /** Where in the document; absent where the refusal names no place. */
  readonly path?: string
  /** When, as a time of docs/formats.md. */
  readonly at: string
}

/** A snapshot that may be run again although it was refused. */
export interface SavedReadmission {
  readonly digest: Digest
  /** The release that readmitted it: what was refused by who had not seen that counts no more. */
  readonly position: Position
}

/** A snapshot that an instance tries, marked on disk before its first byte is parsed. */
export interface SavedAttempt {
  readonly digest: Digest
  /** The application's build; empty when it has none. */
  readonly build: string
  readonly slot: number
  readonly instanceId: string
  /**
   * The process, and the boot of its machine: a number of a process alone says nothing in
   * containers.
   */
  readonly owner: string
  readonly bootId: string
  /** When it began, and when its process was there last, as times of docs/formats.md. */
  readonly startedAt: string
  readonly beatAt: string
  /** How long the snapshot had run then, in milliseconds of monotonic time. */
  readonly ranMs: number
  /** Set when a process had died of the snapshot before, and this one tries it alone. */
  readonly retry?: true
  /**
   * Set when something else runs instead of the snapshot, of which a process died: it is acquitted
   * when this process dies as well.
   */
  readonly instead?: true
  /**
   * Set when nobody died, and the snapshot had yet to outlive its trial: its client ended in order,
   * or something else was tried or ran. Whoever runs it again tries it again, also where it was
   * earned before.
   */
  readonly stopped?: true
}

/** One instance of a client, as the disk tells of it: who it is, and how it ended. */
export interface SavedLife {
  readonly instanceId: string
  /** Which of the processes with this clientId on this machine it was, counted from 0. */
  readonly slot: number
  readonly owner: string
  readonly bootId: string
  /** As a time of docs/formats.md. */
  readonly startedAt: string
  /** What it ran or tried last; absent while it ran on defaults. */
  readonly digest?: Digest
  /** How long it ran that, in milliseconds of monotonic time. */
  readonly ranMs: number
  /** Set when it ended in order. */
  readonly ended?: true
}

/** Deaths and quarantines of a snapshot that do not count any more, whatever the build. */
export interface Pardon {
  readonly digest: Digest
  /** What happened until then is forgotten, as a time of docs/formats.md. */
  readonly at: string
}

/**
 * A snapshot that one build of the application does not run for a while, since the process died of
 * it.
 */
export interface Quarantine {
  readonly digest: Digest
  /** The application's build; empty when it has none. */
  readonly build: string
  /** Until when, as a time of docs/formats.md. */
  readonly until: string
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
  /** What releases readmitted, the newest at the end, 64 at most. */
  readonly readmitted?: readonly SavedReadmission[]
  /**
   * What this instance tries, and what instances that are gone tried, as long as it counts. What is
   * left out is kept as it was.
   */
  readonly attempts?: readonly SavedAttempt[]
  /** What is under quarantine. What is left out is kept as it was. */
  readonly quarantined?: readonly Quarantine[]
  /** Who wrote this. What is left out is kept as it was. */
  readonly life?: SavedLife
  /** Of what deaths and quarantines count no more. What is left out is kept as it was. */
  readonly pardoned?: readonly Pardon[]
}

/** What all instances of a folder knew of a namespace. */
export interface LoadedState {
  readonly state: SavedState
  /** Attempts that did not end cleanly, of whatever instance. */
  readonly attempts?: readonly SavedAttempt[]
  readonly quarantined?: readonly Quarantine[]
  /** Every instance that is still told of. */
  readonly lives?: readonly SavedLife[]
  readonly pardoned?: readonly Pardon[]
  /** Names files that could not be used. */
  readonly warnings: readonly string[]
}

/**
 * Where a client keeps its state. Several processes may share one: each writes only what its own
 * instance knows, and everybody reads all of it folded together. Nothing here may stop a client:
 * what cannot be read is a warning, what cannot be written is thrown and becomes one.
 */
export interface StateStorage {
  /** The clientId that is kept here; keeps the proposed one when there is none yet. */
  clientId(proposed: string): Promise<string>
  /** What all instances knew of a namespace. */
  load(query: { readonly namespace: Namespace }): Promise<LoadedState>
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
  /**
   * Begins to protect one life of a client from snapshots that kill its process; absent where the
   * storage cannot tell how a process ended.
   */
  protect?(query: ProtectQuery): Promise<Protection>
}

/** Which life of a client is to be protected. */
export interface ProtectQuery {
  readonly namespace: Namespace
  readonly instanceId: string
  /** The application's build; empty when it has none. */
  readonly build: string
  /** Called when a snapshot that was not to be tried may be tried now. */
  readonly onFree: () => void
  /** Called with what an operator should know. */
  readonly warn: (text: string) => void
}

/**
 * Keeps a process from dying of one snapshot again and again: what is tried is marked before its
 * first byte is parsed, a death makes it a suspect, and a second death, alone, puts it under
 * quarantine.
 */
export interface Protection {
  /**
   * Which of the processes that share the storage this is, from 0 on; undefined where that cannot
   * be kept.
   */
  readonly slot: number | undefined
  /** How the instance before this one ended; undefined where there was none. */
  readonly previous: PreviousLife | undefined
  /** What this build does not run for now. */
  readonly quarantined: readonly Quarantine[]
  /**
   * Asks to try a snapshot. What may be tried is marked on disk when this resolves, unless it was
   * earned before. Rejects when the disk does not take the mark; the snapshot may be tried then,
   * without protection.
   */
  begin(trial: TrialRequest): Promise<TrialAnswer>
  /** The snapshot is not tried any more, and never came into force. */
  drop(digest: Digest): void
  /**
   * The snapshot runs now, and nothing else does. A death within `watchMs`, in milliseconds, is held
   * against it.
   */
  committed(digest: Digest | undefined, watchMs: number): void
  /** What runs counts as good from here on: what waits for it may go on. */
  earned(): void
  /** Forgets what was held against these snapshots. */
  readmit(digests: readonly Digest[]): void
  /** The client ends in order. */
  close(): Promise<void>
}

/** What is to be tried. */
export interface TrialRequest {
  readonly digest: Digest
  /** Whether one process tries it first, and the others of the folder wait for how that ends. */
  readonly exclusive: boolean
  /** Whether something else runs meanwhile, or could. */
  readonly hasOther: boolean
}

/**
 * Whether a snapshot may be tried. `suspect`: a process died of it, and what runs instead has to
 * outlive that first. `turn`: another process tries, or may. Both pass by themselves.
 */
export type TrialAnswer = 'go' | 'quarantined' | 'suspect' | 'turn'
