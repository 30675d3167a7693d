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
  return new Intervals(clock, everyMs)
}

/** A class, since every client has two. */
class Intervals implements Occasions {
  readonly #clock: Clock
  readonly #everyMs: number
  #lastMs: number | undefined

  constructor(clock: Clock, everyMs: number) {
    this.#clock = clock
    this.#everyMs = everyMs
  }

  now(): boolean {
    const nowMs = this.#clock.monotonic()
    if (this.#lastMs !== undefined && nowMs - this.#lastMs < this.#everyMs) return false
    this.#lastMs = nowMs
    return true
  }
}
