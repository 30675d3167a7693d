/**
 * Every period that a client and a server go by unless their options say otherwise, in
 * milliseconds. The fields have the names of the options.
 *
 * ```ts
 * const strategy = pull(transport, { pollIntervalMs: 2 * defaultPeriods.pollIntervalMs })
 * ```
 */
export const defaultPeriods: {
  /** How often `pull` polls, in milliseconds, and `push` and `hybrid` while no stream is live. */
  readonly pollIntervalMs: number
  /**
   * How often a request without a condition is sent, in milliseconds, which no cache in between can
   * answer for good.
   */
  readonly sweepIntervalMs: number
  /**
   * A stream that is silent for 2.5 of these is dead. Proxies commonly cut what is silent for 10 s,
   * so it is below that.
   */
  readonly heartbeatMs: number
  /** The longest that a new stream may take to bring its first event. */
  readonly firstEventTimeoutMs: number
  /** The longest that one answer may take. */
  readonly timeoutMs: number
  /** The age at which a stream is renewed. */
  readonly maxConnectionAgeMs: number
  /** An age, in milliseconds: `onDemand` serves what is no older than that. */
  readonly maxAgeMs: number
  /** The delays after failures. */
  readonly backoff: { readonly baseMs: number; readonly capMs: number }
  /** How often a client reports, and how long it gathers what it reports. */
  readonly reports: { readonly intervalMs: number; readonly batchMs: number }
} = Object.freeze({
  pollIntervalMs: 30_000,
  sweepIntervalMs: 300_000,
  heartbeatMs: 8_000,
  firstEventTimeoutMs: 10_000,
  timeoutMs: 10_000,
  maxConnectionAgeMs: 1_800_000,
  maxAgeMs: 30_000,
  backoff: Object.freeze({ baseMs: 500, capMs: 30_000 }),
  reports: Object.freeze({ intervalMs: 300_000, batchMs: 1_000 }),
})
