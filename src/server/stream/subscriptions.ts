import type { Identity } from '../../contracts/identity.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { Leaps } from '../../core/release/leaps.js'
import type { MarkTimes } from './mark-frames.js'
import type { Frame, Sink, Subscriber } from './messages.js'
import type { Newest } from './newest-release.js'

/** What the server knows of one namespace. */
export interface Topic {
  readonly namespace: Namespace
  newest: Newest | undefined
  /** How far it may move at once, where another server says what is newest. */
  readonly leaps: Leaps | undefined
  /** Grows with each newer release; a subscription that is behind it is sent the newest. */
  version: number
  /**
   * The newest mark, until the next release: its bytes, or the times that they are made of by
   * {@link markOf}.
   */
  mark: Frame | MarkTimes | undefined
  readonly subscriptions: Set<Subscription>
  /** When the store was last asked, in monotonic milliseconds. */
  checkedAtMs: number
  checking: Promise<void> | undefined
  /** Set while somebody listens: ends the following of the store. */
  following: AbortController | undefined
  /** Whether a watch is open that says every change. */
  watched: boolean
  spreading: boolean
  /** Whether the newest is older than what was told before: the board went back. */
  isOlder: boolean
}

/** One connection's interest in one namespace: what it has, and no queue. */
export interface Subscription {
  readonly connection: Connection
  readonly topic: Topic
  /** The version that was written to it last. */
  sent: number
  /** The snapshot that it was sent last, or said that it holds. */
  have: Digest | undefined
}

/**
 * One reader of the event stream. Everything that happens to it is done by its hub, from one timer.
 * A class, since there are as many as streams, and each method is one for all of them.
 */
export class Connection implements Subscriber {
  readonly #hub: ConnectionHub
  readonly sink: Sink
  /** Who reads, when snapshots shall come along. */
  readonly identity: Identity | undefined
  /** Whether a snapshot may come along as a delta. */
  readonly deltas: boolean
  /** Whether whoever reads may still read what it listens to. */
  readonly mayStay: () => boolean
  /** When it was opened, in monotonic milliseconds. */
  readonly openedAtMs: number
  /** When it is sent away so that connections spread anew, in monotonic milliseconds. */
  readonly expiresAtMs: number
  subscriptions: readonly Subscription[] = []
  /** Since when it has not taken what waits; undefined while it reads. */
  blockedSinceMs: number | undefined = undefined
  /** The beat in which it last got a mark. */
  markedBeat = -1

  constructor(
    hub: ConnectionHub,
    { sink, identity, deltas, mayStay, openedAtMs, expiresAtMs }: ConnectionInit,
  ) {
    this.#hub = hub
    this.sink = sink
    this.identity = identity
    this.deltas = deltas
    this.mayStay = mayStay
    this.openedAtMs = openedAtMs
    this.expiresAtMs = expiresAtMs
  }

  /** Whether it takes events compressed. */
  get compressed(): boolean {
    return this.sink.compressed === true
  }

  drained(): void {
    this.#hub.drained(this)
  }

  gone(): void {
    this.#hub.gone(this)
  }
}

/** What the form of what a connection is sent depends on. */
export type Reader = Pick<Connection, 'identity'> & Partial<Pick<Connection, 'compressed' | 'deltas'>>

/** What a hub does when a connection's adapter tells of it. */
export interface ConnectionHub {
  drained(connection: Connection): void
  gone(connection: Connection): void
}

export type ConnectionInit = Pick<
  Connection,
  'sink' | 'identity' | 'deltas' | 'mayStay' | 'openedAtMs' | 'expiresAtMs'
>
