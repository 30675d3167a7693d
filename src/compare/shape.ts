/** How a model delivers: what the closed form goes by. */
export type Shape = PollShape | StreamShape

/** What every shape says. */
interface CommonShape {
  /** How often a client asks without a condition, in milliseconds. */
  readonly sweepIntervalMs: number
  /**
   * How often a client reports although nothing happens, in milliseconds; Infinity where reports
   * cannot be sent.
   */
  readonly reportIntervalMs: number
  /**
   * Who answers for snapshots: `cache`: a content delivery network, which asks the server once for
   * each.
   */
  readonly snapshots: 'server' | 'cache'
  /**
   * Who answers everything else: `static`: a web server or a bucket, at which nobody waits for
   * others. What it takes of a processor is counted as if a server answered.
   */
  readonly answers: 'server' | 'static'
  /**
   * What stands between the server and the clients and asks in its turn: how old each may make an
   * answer, in milliseconds.
   */
  readonly hops: readonly number[]
  /** How many relays share the clients; 0 for none. */
  readonly relays: number
  /**
   * How many workers each server has, which share its address, its line and the board's folder; 0
   * where one process does it all.
   */
  readonly workers: number
  /** Whether a change travels as a delta to who runs what was before. */
  readonly deltas: boolean
}

/** Clients ask. */
export interface PollShape extends CommonShape {
  readonly type: 'poll'
  /** How often, in milliseconds, give or take a tenth; the most of it where it adapts. */
  readonly pollIntervalMs: number
  /**
   * Set where the interval grows with the age of the document: a share of that age, and at least so
   * long.
   */
  readonly adapts?: { readonly share: number; readonly leastMs: number }
}

/** The server sends. */
export interface StreamShape extends CommonShape {
  readonly type: 'stream'
  /** Whether the document comes along. */
  readonly inline: boolean
  /** Whether what comes along is compressed, once for all: where clients take streams in gzip. */
  readonly compressed: boolean
  /** How often the server shows that it lives, in milliseconds. */
  readonly heartbeatMs: number
  /** How often a client asks while it has no stream, in milliseconds. */
  readonly pollIntervalMs: number
  /** The age at which a stream is renewed, in milliseconds. */
  readonly maxConnectionAgeMs: number
}
