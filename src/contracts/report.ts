import type { Digest, Namespace } from './names.js'
import type { Position } from './position.js'

/**
 * Where a client stands with the snapshot it was last told to run. `staged`: validated, waiting for its time.
 * `applied`: running. `healthy`: still running after the soak. `rejected`: refused here, with a code.
 * `reverted` and `quarantined`: taken back, by a probe or after deaths. `stopped`: closed in order.
 */
export type ReportPhase =
  | 'waiting'
  | 'staged'
  | 'applied'
  | 'healthy'
  | 'rejected'
  | 'reverted'
  | 'quarantined'
  | 'stopped'

/**
 * A client's last word, as a state: a later one replaces an earlier one, a repeated one changes nothing,
 * and a lost one is repaired by the next. Contains paths and codes, never a value.
 */
export interface ClientReport {
  readonly v: 1
  readonly namespace: Namespace
  readonly clientId: string
  readonly instanceId: string
  readonly ephemeral: boolean
  readonly labels: Readonly<Record<string, string>>
  readonly build?: string
  /** The strategy's name. */
  readonly strategy: string
  /** Grows by one with each report of an instance, so that a late one is recognised and dropped. */
  readonly count: number
  readonly phase: ReportPhase
  /** The newest release that was verified here; absent before the first. */
  readonly seen?: Position
  /** The release whose snapshot is running; absent while the client runs on defaults. */
  readonly applied?: Position
  /** The snapshot that is running. */
  readonly digest?: Digest
  /** Its version. */
  readonly version?: number
  /** The snapshot that was refused, with `rejected`, `reverted` and `quarantined`. */
  readonly refused?: Digest
  /** Why it was refused: an error code. */
  readonly code?: string
  /** Which validator refused it. */
  readonly validator?: string
  /** Where in the document. */
  readonly path?: string
  /** Paths that this client's own overrides changed. */
  readonly overridden?: readonly string[]
  /** Set while a pin file or `pause()` keeps the client from following. */
  readonly paused?: true
  /** Whether state on disk protects this client over a restart. */
  readonly protection: 'disk' | 'none'
  /**
   * The interval in which this client reports while nothing changes, in milliseconds; after three of them
   * without a word it is missing.
   */
  readonly nextReportWithinMs: number
  /** When the server or store heard it, as a time of docs/formats.md: stamped there, and never believed from a client. */
  readonly receivedAt?: string
  /** When it heard this instance for the first time: stamped there as well. */
  readonly firstHeardAt?: string
}
