import type { NoticeboardError } from './errors.js'
import type { Identity } from './identity.js'
import type { Digest, Namespace } from './names.js'
import type { Position } from './position.js'
import type { ClientReport, HeardReports } from './report.js'

/** The transport's own validator (an ETag, a revision); opaque to everybody else. */
export type Tag = string

/**
 * The answer to "what is the newest release?". `none`: nothing was published yet; `why` says more
 * where nobody publishes, such as which file is missing.
 */
export type Latest =
  | { readonly type: 'release'; readonly bytes: Uint8Array; readonly tag?: Tag }
  | { readonly type: 'unchanged' }
  | { readonly type: 'none'; readonly why?: NoticeboardError }

/** One thing that a watch brings. */
export type Delivery =
  | {
      readonly type: 'release'
      readonly namespace: Namespace
      readonly bytes: Uint8Array
      /** Snapshots sent along, when `inline` was asked for. */
      readonly snapshots?: readonly InlineSnapshot[]
      /**
       * How long ago this was known to be the newest release, in milliseconds. Default: just now.
       * For a watch that joins a connection on which others were told before.
       */
      readonly ageMs?: number
    }
  /** A position and its freshness, from the origin. */
  | { readonly type: 'mark'; readonly namespace: Namespace; readonly bytes: Uint8Array }
  /**
   * This connection's own sign of life; with the heartbeat that the server keeps, where it says so.
   * `trouble`: what is watched cannot be read as it is now; the watch goes on, and promises no
   * further signs of life by it.
   */
  | { readonly type: 'alive'; readonly heartbeatMs?: number; readonly trouble?: NoticeboardError }

/** A snapshot that came along with its release; its reader checks it. */
export interface InlineSnapshot {
  readonly digest: Digest
  readonly bytes: Uint8Array
  /**
   * Where it is given, `bytes` are a delta that makes the snapshot of this one; only where `deltas`
   * were asked for.
   */
  readonly base?: Digest
}

/**
 * What reads. Moves opaque bytes: it compares no positions, verifies nothing and retries nothing.
 * Loss is thrown as `unavailable`, refusal as `unauthorized` or `forbidden`. An abort ends a call
 * whatever the server does; what the call throws then is looked at by nobody (`closed`, where it is
 * the library's).
 */
export interface Transport {
  /** For people: `http https://config.internal`, `file`, `memory`. Holds no credentials. */
  readonly name: string
  /** The newest release. With a tag it may answer `unchanged`; without one it never does. */
  latest(
    query: { readonly namespace: Namespace; readonly tag?: Tag | undefined },
    signal: AbortSignal,
  ): Promise<Latest>
  /**
   * The bytes of a snapshot. Throws `not-found` when it is not here, or not here yet. A copy at hand
   * may answer while the connection is lost, since the bytes of a digest are never stale.
   */
  snapshot(
    query: {
      readonly namespace: Namespace
      readonly digest: Digest
      readonly maxSnapshotBytes: number
      readonly have?: Digest | undefined
    },
    signal: AbortSignal,
  ): Promise<Uint8Array>
  /**
   * The delta that makes one snapshot of another, `base`; undefined when there is none here, which
   * is the rule. For transports to boards that keep deltas, and servers that make them. Its reader
   * checks what it makes.
   */
  delta?(query: DeltaQuery, signal: AbortSignal): Promise<Uint8Array | undefined>
  /**
   * The release right after a position, from the log; for transports whose pointer may lag behind
   * their log. Sequence 0 stands before the first of an epoch.
   */
  next?(
    query: { readonly namespace: Namespace; readonly after: Position },
    signal: AbortSignal,
  ): Promise<Latest>
  /** Set by transports made of a bare document: no publisher, no rollout, no reports. */
  readonly unmanaged?: true
  /**
   * Set by transports to a board that another server serves, such as `http()` and `httpStore()`:
   * that server makes the marks, and they come with the watch. A server over such a transport
   * passes them on and makes none, also when it can append there. Wrappers keep it.
   */
  readonly remote?: true
}

/** Which delta is wanted. */
export interface DeltaQuery {
  readonly namespace: Namespace
  /** The snapshot that it makes. */
  readonly digest: Digest
  /** The snapshot that it is made from. */
  readonly base: Digest
  /** A longer one is none: the snapshot itself is to be preferred. */
  readonly maxBytes: number
}

/**
 * What only notifies: datagrams, a topic of messages, a webhook. `hybrid({ notify, fetch })` takes
 * one, and asks `fetch` for everything else. A watch says `alive` as soon as it listens, or starts
 * with the current release where it knows that one. Notices may get lost, come late or come twice:
 * `fetch` is asked once a heartbeat in any case. A watch never goes back, ends when the signal
 * aborts, leaving nothing open, and throws `unavailable` when it can no longer listen.
 *
 * ```ts
 * const strategy = hybrid({ notify: datagrams(socket), fetch: http('https://config.internal') })
 * ```
 */
export interface NoticeTransport {
  /** For people: `udp 239.0.0.7:4700`. Holds no credentials. */
  readonly name: string
  /** Watches until the signal aborts or the connection is lost; each call is a watch of its own. */
  watch(query: WatchQuery, signal: AbortSignal): AsyncIterable<Delivery>
}

/**
 * A transport that notifies. A watch starts with the current release of each namespace (or says
 * `alive` when there is none), may skip superseded ones and never goes back. It ends when the
 * signal aborts, leaving nothing open, and throws when the connection is lost: `unavailable`, or
 * `no-watch` where the transport turns out to have none. Marks are optional: over a transport that
 * sends none, strategies read `latest` once a heartbeat themselves.
 */
export interface WatchTransport extends Transport, NoticeTransport {}

/** What a watch is asked for. */
export interface WatchQuery {
  readonly namespaces: readonly Namespace[]
  /** Whether snapshots shall come along with their release. */
  readonly inline: boolean
  /** Who asks, so that the right snapshot comes along. */
  readonly identity?: Identity | undefined
  /** What the client holds of each namespace, so that it is not sent again. */
  readonly have?: Readonly<Record<Namespace, Digest>> | undefined
  /**
   * Whether a snapshot may come along as a delta from what the client holds; only asked of
   * transports that have {@link Transport.delta}.
   */
  readonly deltas?: boolean | undefined
  /**
   * False where nobody looks at signs of life, as in a server that asks the store itself; they need
   * not come then.
   */
  readonly alive?: false | undefined
}

/** A transport that carries reports back. */
export interface ReportTransport {
  /** Hands over last words; the same one twice is harmless. */
  report(states: readonly ClientReport[], signal: AbortSignal): Promise<void>
}

/**
 * Follows a store: first the snapshots, then the release. Both are idempotent, and an older
 * announcement that comes late does not take back a newer one.
 */
export interface Mirror {
  readonly name: string
  /**
   * The most bytes that a release and the snapshots that it names may have together, where all of
   * them stand in one place. A document that would not fit is not published. Default: no limit.
   */
  readonly maxBoardBytes?: number
  /**
   * Set by mirrors whose readers have nowhere to report to: while a store hears no client, a
   * document goes through them by the clock or to everyone, and is not staged on reports.
   */
  readonly unheard?: true
  /**
   * How long a step of a rollout that goes by the clock has to last, in milliseconds, so that its
   * readers have one before the next comes. A rollout with shorter steps is not begun. Default: 0.
   */
  readonly leastStepMs?: number
  /**
   * How often whoever follows the store brings the newest release again, although it arrived, in
   * milliseconds: what another hand changed or removed comes back then. Default: never.
   */
  readonly repeatMs?: number
  /** Keeps a snapshot; the same one again changes nothing. */
  put(
    query: { readonly namespace: Namespace; readonly digest: Digest; readonly bytes: Uint8Array },
    signal: AbortSignal,
  ): Promise<void>
  /** Makes a release the newest that readers find, unless a newer one is there. */
  announce(
    query: { readonly namespace: Namespace; readonly bytes: Uint8Array },
    signal: AbortSignal,
  ): Promise<void>
}

/**
 * One entry of a log: a release as it was written, and its audit record where the reader may see
 * it.
 */
export interface LogEntry {
  readonly bytes: Uint8Array
  readonly audit?: Uint8Array
}

/**
 * The one truth. `append` is put-if-absent at a position: the whole concurrency control of the
 * system.
 */
export interface Store extends Transport {
  /** What an acknowledged write survives; publishers warn on `may-lose`. */
  readonly durability: 'replicated' | 'single' | 'may-lose'
  readonly maxSnapshotBytes: number
  /**
   * Set by a store that lives in this process, so that nobody but this process reads it: a document
   * that is published without a rollout policy goes to everyone there.
   */
  readonly local?: true
  /**
   * Keeps a snapshot: durable before it resolves; repairs a damaged one in its place. `urgent`
   * writes (kill) may use the space that a store keeps in reserve.
   */
  put(query: PutQuery, signal: AbortSignal): Promise<void>
  /**
   * Writes a release at a position, durable before it resolves. Only the newest position plus one
   * in its epoch, or the first of a higher epoch, is accepted: else `taken`. The same bytes again
   * at the same position is `appended`. A release that is not the one its place says, or whose
   * snapshots are missing, is refused with `invalid-data`; an audit record that it does not name,
   * with `digest-mismatch` or `invalid-data`. `urgent` writes (rollback, kill) may use the space
   * that a store keeps in reserve.
   */
  append(query: AppendQuery, signal: AbortSignal): Promise<'appended' | 'taken'>
  /** The log, newest first. */
  history(
    query: { readonly namespace: Namespace; readonly limit?: number | undefined },
    signal: AbortSignal,
  ): AsyncIterable<LogEntry>
  /**
   * Of the given namespaces those whose newest release is the given one, as of this call: for
   * stores that find it out for many at a lower price than by looking at each. Of the others
   * nothing is said. A server asks once a heartbeat, and looks at each of the others. Nobody
   * changes an array once it was asked about: while nothing changes a server asks with the same
   * one, and a store may answer with the same set.
   */
  standing?(queries: readonly StandingQuery[], signal: AbortSignal): Promise<ReadonlySet<Namespace>>
  /**
   * The last word of each instance that was heard, and since when the store listens. What a `brief`
   * answer may leave out costs whoever is far away much, and nobody who holds it in memory
   * anything: a store may answer in full.
   */
  reports?(query: ReportsQuery, signal: AbortSignal): Promise<HeardReports>
  /** Namespaces that hold at least one release. */
  namespaces?(signal: AbortSignal): Promise<readonly Namespace[]>
  /**
   * The JSON Schema kept beside a namespace, so that tools validate without the application's code.
   */
  schema?(query: { readonly namespace: Namespace }, signal: AbortSignal): Promise<Uint8Array | undefined>
  /** Keeps that JSON Schema. */
  putSchema?(
    query: { readonly namespace: Namespace; readonly bytes: Uint8Array },
    signal: AbortSignal,
  ): Promise<void>
  /**
   * Retention: forgets a snapshot that no kept release names. `forbidden` for those of the newest
   * release, and for young ones where the store cannot tell.
   */
  remove?(
    query: { readonly namespace: Namespace; readonly digest: Digest },
    signal: AbortSignal,
  ): Promise<void>
}

/**
 * A store with every capability: it notifies, carries reports, walks its log, and keeps schemas.
 */
export type CompleteStore = WatchTransport &
  ReportTransport &
  Store &
  Required<Pick<Store, 'next' | 'reports' | 'namespaces' | 'schema' | 'putSchema' | 'remove'>>

/** Whose reports are asked for, and how much of each. */
export interface ReportsQuery {
  readonly namespace: Namespace
  /**
   * Asks for what a publish, a rollback or an epoch goes by, as docs/formats.md says, with no other
   * labels than these: whatever strangers report is little then. Default: reports come in full.
   */
  readonly brief?: { readonly labels: readonly string[] } | undefined
}

/** A release that is asked about: whether it is still the newest of its namespace. */
export interface StandingQuery {
  readonly namespace: Namespace
  readonly position: Position
}

/** A snapshot that is kept. */
export interface PutQuery {
  readonly namespace: Namespace
  readonly digest: Digest
  readonly bytes: Uint8Array
  readonly urgent?: boolean | undefined
}

/** What is appended, and where. */
export interface AppendQuery {
  readonly namespace: Namespace
  readonly at: Position
  readonly bytes: Uint8Array
  /** Who and why, kept where readers are not admitted. */
  readonly audit?: Uint8Array | undefined
  readonly urgent?: boolean | undefined
}
