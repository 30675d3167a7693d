import type { Digest, Namespace } from './names.js'
import type { Position, WentBack } from './position.js'

/**
 * Where a client stands with the snapshot it was last told to run. `staged`: validated, waiting for
 * its time. `trying`: about to parse a candidate. `applied`: running. `healthy`: still running
 * after the soak. `rejected`: refused here, with a code. `reverted` and `quarantined`: taken back,
 * by a probe or after deaths. `paused`: kept where it is, by a pin file or `pause()`. `stopped`:
 * closed in order. `other`: a phase of a later version, which this one does not know.
 */
export type ReportPhase =
  | 'waiting'
  | 'staged'
  | 'trying'
  | 'applied'
  | 'healthy'
  | 'rejected'
  | 'reverted'
  | 'quarantined'
  | 'paused'
  | 'stopped'
  | 'other'

/** How an earlier instance of a client ended, as the next one finds it on disk. */
export interface PreviousLife {
  /**
   * The instance that ended. It proves that the two are one client, since nobody else can guess the
   * name.
   */
  readonly instanceId: string
  /** What it ran, or tried; absent while it ran on defaults. */
  readonly digest?: Digest
  /**
   * `clean`: closed in order, by exit code 0 or by a signal that was handled. `abrupt`: anything
   * else. `other`: an end of a later version, which this one does not know.
   */
  readonly end: 'clean' | 'abrupt' | 'other'
  /**
   * How long it ran that snapshot at least, in milliseconds of monotonic time: the disk is told
   * every 5 s, and an abrupt end is not told.
   */
  readonly ranMs: number
}

/**
 * What a health probe says. `threw` and `timeout` are no answer; `none`: the client has no probe.
 */
export type ProbeAnswer = 'healthy' | 'unhealthy' | 'threw' | 'timeout' | 'none'

/** What one client found out about one snapshot. */
export interface SnapshotVerdict {
  readonly digest: Digest
  /** `other`: a verdict of a later version, which this one does not know. */
  readonly verdict: 'rejected' | 'reverted' | 'quarantined' | 'other'
  /** Why: an error code. */
  readonly code?: string
  /** Which validator refused it. */
  readonly validator?: string
  /** Where in the document. */
  readonly path?: string
  /**
   * Set when the client's own overrides had a part in it, so that it says little about the
   * snapshot.
   */
  readonly overridden?: true
}

/**
 * What an application measured of the numbers that a rollout asks for. It grows until `overMs` is
 * the bake of the rollout, and then stays as it is until the next stage or snapshot: each client
 * says one thing of a stage, once.
 */
export interface StageMeasures {
  /** The release with which the stage began that it was measured in. */
  readonly stage: Position
  /** The snapshot that ran meanwhile. */
  readonly digest: Digest
  /** Over how long, in milliseconds of monotonic time. */
  readonly overMs: number
  /** By name, those that were measured at all: how many values, and their sum. */
  readonly numbers: readonly MeasuredNumber[]
}

/** The values of one name: their mean is `sum / count`. */
export interface MeasuredNumber {
  readonly name: string
  /** How many values there were. */
  readonly count: number
  /** Their sum, in the unit in which the application measures. */
  readonly sum: number
}

/**
 * What reports besides clients. `other`: a role of a later version, which this one does not know.
 */
export type ReportRole =
  | {
      /** Advances rollouts: a controller does, and so does a publisher while it drives one. */
      readonly type: 'controller'
      /** The policies that it can run, each with its version: `staged@1`. */
      readonly policies: readonly string[]
      /** The gates that it can ask, by name. */
      readonly gates: readonly string[]
      /** The rollout that it moves on and no other, by its id; absent where it moves each on. */
      readonly rollout?: string
      /** Why the rollout of the namespace stands that it was to move on; absent while none does. */
      readonly stands?: RolloutStandstill
    }
  | { readonly type: 'other' }

/** Why a controller does not move a rollout on that is its to move. */
export interface RolloutStandstill {
  /** The rollout's id; absent where the controller could not look at it. */
  readonly rollout?: string
  /**
   * `paused`: its policy holds it until somebody has looked, or a gate is green again. `waiting`: a
   * gate does not know. `failing`: the controller cannot look at it, or cannot take the step that
   * follows. `other`: a reason of a later version, which this one does not know.
   */
  readonly is: 'paused' | 'waiting' | 'failing' | 'other'
  /** Why, for people: in words of the library, and of the policy or gate where that gave some. */
  readonly why: string
}

/**
 * A client's last word, as a state: a later one replaces an earlier one, a repeated one changes
 * nothing, and a lost one is repaired by the next. Contains paths and codes, never a value.
 */
export interface ClientReport {
  readonly v: 1
  readonly namespace: Namespace
  readonly clientId: string
  readonly instanceId: string
  readonly ephemeral: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly build?: string
  /** Set by what is no client of the namespace, and runs no snapshot. */
  readonly role?: ReportRole
  /**
   * Which of the processes that share a state folder this is, from 0 on: kept by the process that
   * comes after it. Absent where no folder tells them apart.
   */
  readonly slot?: number
  /** The strategy's name. */
  readonly strategy: string
  /** The longest time between two looks of the strategy while nothing fails, in milliseconds. */
  readonly lookMs: number
  /** Grows by one with each report of an instance, so that a late one is recognised and dropped. */
  readonly count: number
  /** How long this instance has run, in milliseconds of monotonic time. */
  readonly upMs: number
  readonly phase: ReportPhase
  /**
   * How long the client has been where it is, in milliseconds of monotonic time: with `applied` and
   * `healthy` since it runs this snapshot, else since the phase began.
   */
  readonly sinceMs: number
  /** The newest release that was verified here; absent before the first. */
  readonly seen?: Position
  /** The release whose snapshot is running; absent while the client runs on defaults. */
  readonly applied?: Position
  /** The snapshot that is running; with `trying` the one that is about to be parsed. */
  readonly digest?: Digest
  /** Its version. */
  readonly version?: number
  /** The snapshot that was refused, with `rejected`, `reverted` and `quarantined`. */
  readonly refused?: Digest
  /**
   * Why it was refused: an error code. With `paused`, `pinned` where a pin file holds the client.
   */
  readonly code?: string
  /** Which validator refused it, or which participant. */
  readonly validator?: string
  /**
   * With the code `vetoed`: what the participant did, in words of the library and the program;
   * never a value.
   */
  readonly reason?: string
  /** Where in the document. */
  readonly path?: string
  /** What this client found out about snapshots, the latest at the end, four at most. */
  readonly verdicts?: readonly SnapshotVerdict[]
  /** What the probe said before the running snapshot came into force, and what it says now. */
  readonly health?: { readonly before: ProbeAnswer; readonly now: ProbeAnswer }
  /** How the instance before this one ended, where the disk tells. */
  readonly previous?: PreviousLife
  /** What the application measured of what the newest release asks for. */
  readonly measures?: StageMeasures
  /** Paths that this client's own overrides changed. */
  readonly overridden?: readonly string[]
  /** How many more paths they changed, which there was no room for. */
  readonly overriddenOmitted?: number
  /**
   * Whether state on disk protects this client over a restart, as far as it knows: that a folder is
   * empty at each start, its readers see.
   */
  readonly protection: 'disk' | 'none'
  /**
   * The interval in which this client reports while nothing changes, in milliseconds, an hour at
   * most; after three of them without a word it is missing. A client without timers promises
   * nothing and has none.
   */
  readonly nextReportWithinMs?: number | undefined
  /**
   * When the server or store heard it, as a time of docs/formats.md: stamped there, and never
   * believed from a client.
   */
  readonly receivedAt?: string
  /** When it heard this instance for the first time: stamped there as well. */
  readonly firstHeardAt?: string
  /**
   * Set where it came with a token that names this clientId in full, so that nobody else can have
   * said it: stamped there as well, by a server.
   */
  readonly bound?: true
}

/**
 * What the disk of a board has left, where that is too little: `reserve`, for a rollback or a kill
 * alone; `none`, not even for those. `read-only`: what was written last was refused, since the file
 * system is mounted so, or the permission is missing.
 */
export type BoardRoom = 'reserve' | 'none' | 'read-only'

/**
 * What a store heard of a namespace, and how long it has listened. All times are of its own clock.
 */
export interface HeardReports {
  /**
   * Since when it listens without a gap that it knows of, as a time of docs/formats.md. Where that
   * is long ago, a client that was not heard does not report here; where it is not, it may be yet
   * to.
   */
  readonly since: string
  /** When it answered, so that silence is measured by the clock that stamped the reports. */
  readonly asOf: string
  /** The last word of each instance. */
  readonly reports: readonly ClientReport[]
  /**
   * Set where whoever answers has read more of the board than it has now. Unlike what clients claim
   * to have seen this is no hearsay.
   */
  readonly wentBack?: WentBack
  /** Set where the disk of the board is full, or nearly, or takes nothing. */
  readonly room?: BoardRoom
  /**
   * Set where the board cannot give a document that clients should run: a snapshot that its newest
   * release names, which is missing there or damaged.
   */
  readonly lacks?: Digest
}
