import type { Clock } from '../contracts/system.js'

/** Says when something that goes on is worth a word: at first, and then once an interval. */
export interface Occasions {
  /** Whether now is one; it then counts as taken. */
  now(): boolean
}

/**
 * Makes {@link Occasions}, with so many milliseconds between two.
 *
 * ```ts
 * const occasions = createOccasions(clock, 3_600_000)
 * if (isDamaged && occasions.now()) logger.error('the store is damaged')
 * ```
 */
export function createOccasions(clock: Clock, everyMs: number): Occasions {
  let lastMs = Number.NEGATIVE_INFINITY
  return {
    now() {
      const nowMs = clock.monotonic()
      if (nowMs - lastMs < everyMs) return false
      lastMs = nowMs
      return true
    },
  }
}
