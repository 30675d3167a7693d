import type { NoticeboardError } from './errors.js'
import type { Identity } from './identity.js'
import type { Digest, Namespace } from './names.js'
import type { Clock, Random } from './system.js'
import type { Position } from './position.js'
import type { InlineSnapshot, ReportTransport, Tag, Transport } from './transport.js'

/** What a strategy brings to its client. */
export type StrategyEvent =
  /** A release, and where to fetch what it names. */
  | {
      readonly type: 'release'
      readonly bytes: Uint8Array
      readonly from: Transport
      readonly tag?: Tag | undefined
      readonly snapshots?: readonly InlineSnapshot[] | undefined
      /**
       * How long ago this was known to be the newest release, in milliseconds. Default: just now.
       */
      readonly ageMs?: number | undefined
    }
  /** A freshness mark, from the origin. */
  | { readonly type: 'mark'; readonly bytes: Uint8Array }
  /** The transport was asked and has nothing newer: proof that the client is current. */
  | { readonly type: 'current' }
  /**
   * The transport was asked, and nothing was published yet; `why` as the transport says it,
   * `nextMs` as that of a failed look.
   */
  | { readonly type: 'none'; readonly why?: NoticeboardError; readonly nextMs?: number }
  /**
   * A look that failed. The strategy goes on by itself, after its backoff. `nextMs`: how long until
   * something can arrive again, in milliseconds; 0 while another way is being asked, `Infinity`
   * where the strategy waits to be asked. Default: it is not known.
   */
  | { readonly type: 'interrupted'; readonly error: NoticeboardError; readonly nextMs?: number }
  /**
   * A stream that has brought nothing yet: no failure, but the reason why a first value is late.
   */
  | { readonly type: 'silent'; readonly error: NoticeboardError }

/** What a strategy knows of the client that it works for. */
export interface Session {
  readonly namespace: Namespace
  readonly identity: Identity
  readonly clock: Clock
  readonly random: Random
  /** Aborts when the client closes; `deliver` then ends and leaves nothing open. */
  readonly signal: AbortSignal
  /**
   * The tag of the last release from this transport that was verified. It never moves on mere
   * receipt.
   */
  tag(transport: Transport): Tag | undefined
  /** The newest release that was verified. */
  seen(): Position | undefined
  /** The snapshot in hand. */
  have(): Digest | undefined
  /** Whether the client can use a delta from that. Default: it cannot. */
  deltas?(): boolean | Promise<boolean>
  /** Waits; ends early as `asked` when the client wants a look now, and when the signal aborts. */
  wait(delayMs: number, signal: AbortSignal): Promise<'elapsed' | 'asked'>
}

/** What a strategy that keeps a stream open promises beside its `lookMs`. */
export interface StreamBound {
  /**
   * What the stream brings of a change: the document itself, or a notice after which it is fetched.
   */
  readonly brings: 'documents' | 'notices'
  /**
   * How long after the last sign of a stream that died unnoticed the client asks by itself, at the
   * latest, in milliseconds.
   */
  readonly deadStreamMs: number
  /** The heartbeat that this follows from, in milliseconds. */
  readonly heartbeatMs: number
  /** Whether the server told that heartbeat; otherwise it is an option or the default. */
  readonly isTold: boolean
  /** How often the client asks while no stream is live, in milliseconds. */
  readonly pollIntervalMs: number
}

/**
 * Decides when a client looks and what it asks to be sent: push, pull, hybrid or your own. It
 * reports what arrived and what failed, keeps its own backoff and never gives up: only the signal
 * ends it.
 */
export interface Strategy {
  readonly name: string
  /**
   * The longest time between two looks while nothing fails, in milliseconds: the bound on staleness
   * that it states.
   */
  readonly lookMs: number
  /** How long one proof of currency lasts before the client calls itself stale, in milliseconds. */
  readonly freshMs: number
  /**
   * For strategies without timers: how old a proof of currency may be before `ready()` looks again,
   * in milliseconds.
   */
  readonly maxAgeMs?: number
  /**
   * For strategies with a stream: what holds for it. The same object until one of its figures
   * changes; `client.bound` says it in words.
   */
  readonly stream?: StreamBound | undefined
  /** Where this client's reports go; none when the transport carries none. */
  readonly reportTo?: ReportTransport | undefined
  /** Brings what arrives until the session's signal aborts. Each client iterates one of its own. */
  deliver(session: Session): AsyncIterable<StrategyEvent>
}
