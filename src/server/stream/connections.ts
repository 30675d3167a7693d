import type { Identity } from '../../contracts/identity.js'
import type { Sink } from './messages.js'
import type { Subscription } from './topics.js'

/** One reader of the event stream. A record: everything that happens to it is done by its hub, from one timer. */
export interface Connection {
  readonly sink: Sink
  /** Who reads, when snapshots shall come along. */
  readonly identity: Identity | undefined
  readonly subscriptions: Subscription[]
  /** When it is sent away so that connections spread anew, in monotonic milliseconds. */
  readonly expiresAtMs: number
  /** Since when it has not taken what waits; undefined while it reads. */
  blockedSinceMs: number | undefined
  /** The beat in which it last got a mark. */
  markedBeat: number
}
