import { defaultPeriods } from '../core/defaults.js'
import { MAX_RETRY_AFTER_MS } from '../core/limits.js'
import type { Clock, Random } from '../contracts/system.js'
import { checkOptions } from '../core/options.js'

/** How long to wait after failures; see {@link createBackoff}. */
export interface Backoff {
  /**
   * An attempt failed: returns the delay before the next, in milliseconds. `retryAfterMs`, a
   * server's Retry-After, is a floor of `maxRetryAfterMs` at most; the jitter comes on top of it, so
   * that clients sent away together do not return together.
   */
  failed(retryAfterMs?: number): number
  /**
   * An attempt succeeded, or a connection came to life. The delays start anew only after a while of
   * health.
   */
  succeeded(): void
}

/** The times of a backoff; each has a default. */
export interface BackoffOptions {
  /** Measures how long things go well. */
  readonly clock: Clock
  /** Draws the jitter. */
  readonly random: Random
  /** The first upper bound, in milliseconds; it doubles with each failure. Default 500. */
  readonly baseMs?: number
  /** The last upper bound, in milliseconds. Default 30,000. */
  readonly capMs?: number
  /** How long things must go well before the bound starts anew, in milliseconds. Default 60,000. */
  readonly healthyMs?: number
  /**
   * The longest Retry-After that is obeyed, in milliseconds: a wrong number must not end a client.
   * Default 60,000.
   */
  readonly maxRetryAfterMs?: number
}

/**
 * Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"): a delay is uniform between
 * a tenth of `baseMs` and min(capMs, baseMs * 2^n). The jitter stays at the cap, where a fleet
 * spends an outage: N clients then make N / (capMs / 2) requests a second on average. A delay is
 * never zero, so nothing can turn into a hot loop; and a success alone resets nothing, so neither
 * can a server that accepts connections and hangs up. Throws `invalid-option`.
 *
 * ```ts
 * const backoff = createBackoff({ clock, random })
 * while (!signal.aborted) {
 *   try {
 *     await connect(backoff.succeeded, signal)
 *   } catch (error) {
 *     const { retryAfterMs } = asNoticeboardError(error, 'unavailable', 'the connection was lost')
 *     await clock.sleep(backoff.failed(retryAfterMs), signal)
 *   }
 * }
 * ```
 */
export function createBackoff(options: BackoffOptions): Backoff {
  checkOptions('createBackoff()', options, {
    clock: true,
    random: true,
    baseMs: true,
    capMs: true,
    healthyMs: true,
    maxRetryAfterMs: true,
  })
  const {
    clock,
    random,
    baseMs = defaultPeriods.backoff.baseMs,
    capMs = defaultPeriods.backoff.capMs,
    healthyMs = 2 * defaultPeriods.backoff.capMs,
    maxRetryAfterMs = MAX_RETRY_AFTER_MS,
  } = options
  let failures = 0
  let healthySinceMs: number | undefined

  return {
    failed(retryAfterMs = 0) {
      if (healthySinceMs !== undefined && clock.monotonic() - healthySinceMs >= healthyMs) failures = 0
      healthySinceMs = undefined
      const leastMs = Math.min(baseMs, capMs) / 10
      const boundMs = Math.min(capMs, baseMs * 2 ** failures)
      // Past the cap more doubling changes nothing; without a limit it would reach infinity.
      if (boundMs < capMs) failures += 1
      const floorMs = Number.isNaN(retryAfterMs) ? 0 : Math.min(Math.max(retryAfterMs, 0), maxRetryAfterMs)
      return floorMs + leastMs + random.number() * (boundMs - leastMs)
    },
    succeeded() {
      healthySinceMs ??= clock.monotonic()
    },
  }
}
