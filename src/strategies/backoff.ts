import type { Clock, Random } from '../contracts/system.js'
import { checkOptions } from '../core/options.js'

/** How long one stays away after a failure. */
export interface Backoff {
  /**
   * A try failed: the delay before the next one, in milliseconds. What the server asked for (`retryAfterMs`)
   * is a floor: the jitter comes on top of it, so those who were sent away together do not return together.
   */
  failed(retryAfterMs?: number): number
  /** A try succeeded, or a connection came to life. The delays start anew only after a while of health. */
  succeeded(): void
}

/** What a backoff is made of; its times have defaults. */
export interface BackoffOptions {
  /** Tells how long things go well. */
  readonly clock: Clock
  /** Draws the jitter. */
  readonly random: Random
  /** The first bound, in milliseconds; it doubles with each failure. Default 500. */
  readonly baseMs?: number
  /** The last bound, in milliseconds. Default 30,000. */
  readonly capMs?: number
  /** How long things must go well before the bound starts anew, in milliseconds. Default 60,000. */
  readonly healthyMs?: number
}

/** The longest that a `Retry-After` is obeyed: a wrong header must not end a client. */
const LONGEST_FLOOR_MS = 3_600_000

/**
 * Full jitter (AWS Architecture Blog, "Exponential Backoff And Jitter"): uniform between a tenth of the base and
 * min(cap, base * 2^n). The jitter stays at the cap, where a fleet spends an outage: whoever comes back from one
 * is asked by N clients at a mean of N / (cap / 2) a second. Never zero, so nothing can turn into a hot loop; and a
 * success resets nothing by itself, so neither can a server that accepts and hangs up.
 */
export function createBackoff(options: BackoffOptions): Backoff {
  checkOptions('createBackoff()', options, {
    clock: true,
    random: true,
    baseMs: true,
    capMs: true,
    healthyMs: true,
  })
  const { clock, random, baseMs = 500, capMs = 30_000, healthyMs = 60_000 } = options
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
      const floorMs = Number.isFinite(retryAfterMs)
        ? Math.min(Math.max(retryAfterMs, 0), LONGEST_FLOOR_MS)
        : 0
      return floorMs + leastMs + random.number() * (boundMs - leastMs)
    },
    succeeded() {
      healthySinceMs ??= clock.monotonic()
    },
  }
}
