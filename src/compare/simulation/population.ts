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
  /** Ends every client as a crash does, and forgets when it ran the document of a round. */
  killAll(round: number): void
  /** Starts all of them at once. */
  startAll(): void
  /**
   * Cuts the way of one client in so many, so that nothing comes through and nobody is told; or
   * opens all ways again.
   */
  cut(every: number): void
  mend(): void
  /** Takes every server down, or brings all of them back. */
  stopServers(): void
  startServers(): void
  /** How long after an instant clients came to run the document of a round, ascending. */
  delaysOf(round: number, sinceMs: number): ArrayLike<number>
  /**
   * The same for the slowest of those whose way {@link cut} cut; Infinity where one of them does
   * not run it.
   */
  slowestCut(round: number, sinceMs: number): number
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
