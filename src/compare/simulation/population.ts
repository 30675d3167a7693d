import type { Counts } from '../costs/costs.js'

/** Clients before servers in virtual time: what a measurement does to them, and what it sees. */
export interface Population {
  /** How many clients there are. */
  readonly size: number
  /** Virtual time, in milliseconds. */
  nowMs(): number
  /** Lets virtual time pass. */
  pass(ms: number): Promise<void>
  /** What the servers did until now, of all clients. */
  counts(): Counts
  /** Publishes the next document; resolves to its round once it was written. */
  publish(): Promise<number>
  /** Starts the clients one after another, over so long. */
  startOver(ms: number, signal: AbortSignal): Promise<void>
  /**
   * Ends one client in so many as a crash does, all of them with 1, and forgets when they ran the
   * document of a round; or starts those at once.
   */
  kill(every: number, round: number): void
  start(every: number): void
  /**
   * Cuts the way of one client in so many, so that nothing comes through and nobody is told; or
   * opens all ways again.
   */
  cut(every: number): void
  mend(): void
  /** Takes every server down, or brings all of them back. */
  stopServers(): void
  startServers(): void
  /** How many clients do not run the document of a round, which is the newest. */
  lacking(round: number): number
  /**
   * How long after an instant clients came to run the document of a round, ascending: all of them,
   * or those one in so many that {@link kill} and {@link cut} take.
   */
  delaysOf(round: number, options: { readonly sinceMs: number; readonly every?: number }): ArrayLike<number>
  /** When requests arrived at the servers since an instant, ascending, counted from there. */
  requestsSince(ms: number): RequestTimes
  /**
   * When the last server will have dealt with everything that is there now, in milliseconds of
   * virtual time.
   */
  freeAtMs(): number
  /** Ends everything. */
  close(): void
}

/** Requests over time. */
export interface RequestTimes {
  /** The most within one second. */
  readonly busiestSecond: number
  /** In each second of the first minute. */
  readonly eachSecond: readonly number[]
}

/**
 * Whether a client is one in so many: one of each so many in a row, at a place that is mixed, since
 * clients are dealt out to servers in a row as well.
 *
 * ```ts
 * isOneIn(10, 0) // true
 * ```
 */
export function isOneIn(every: number, client: number): boolean {
  const row = Math.floor(client / every)
  return client % every === (Math.imul(row, 0x9e37_79b1) >>> 16) % every
}
