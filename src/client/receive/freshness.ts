import type { Clock } from '../../contracts/system.js'

/** How long ago it was last known that what runs is what the newest release asks for. */
export interface Freshness {
  /** It is known which release is the newest, or was so many milliseconds ago. Default: now. */
  heard(ageMs?: number): void
  /** What runs is what the newest release asks for, as it was heard last. */
  prove(): void
  /** Milliseconds since the last proof; infinite before the first. */
  ageMs(): number
  /** Milliseconds since it was known last which release is the newest; infinite before that. */
  heardAgeMs(): number
  stop(): void
}

/**
 * Makes a {@link Freshness} that calls `onOverdue` once each time a proof grows older than
 * `freshMs`; one timer for all of them.
 */
export function createFreshness(options: FreshnessOptions): Freshness {
  return new Proof(options)
}

export interface FreshnessOptions {
  readonly clock: Clock
  /**
   * How long a proof lasts, in milliseconds; asked each time, since a transport may tell its pace
   * late.
   */
  readonly freshMs: () => number
  readonly onOverdue: () => void
}

/** A class, since every client has one. */
class Proof implements Freshness {
  readonly #options: FreshnessOptions
  #heardAt: number | undefined
  #provenAt: number | undefined
  #cancel: (() => void) | undefined
  #stopped = false

  constructor(options: FreshnessOptions) {
    this.#options = options
  }

  ageMs(): number {
    return this.#since(this.#provenAt)
  }

  heardAgeMs(): number {
    return this.#since(this.#heardAt)
  }

  heard(ageMs = 0): void {
    const { clock } = this.#options
    this.#heardAt = Math.max(this.#heardAt ?? Number.NEGATIVE_INFINITY, clock.monotonic() - ageMs)
  }

  prove(): void {
    const { clock, freshMs } = this.#options
    // A release may wait long for its snapshot, its time or a participant; what was newer since is
    // not known then.
    this.#provenAt = this.#heardAt ?? clock.monotonic()
    const leftMs = freshMs() - this.ageMs()
    if (!this.#stopped && this.#cancel === undefined && leftMs > 0 && Number.isFinite(leftMs))
      this.#checkIn(leftMs)
  }

  stop(): void {
    this.#stopped = true
    this.#cancel?.()
    this.#cancel = undefined
  }

  #since(atMs: number | undefined): number {
    return atMs === undefined ? Number.POSITIVE_INFINITY : this.#options.clock.monotonic() - atMs
  }

  /**
   * In whole milliseconds: a rounding error must not make a timer that waits for nothing, again and
   * again.
   */
  #checkIn(leftMs: number): void {
    this.#cancel = this.#options.clock.after(Math.ceil(leftMs), () => this.#check())
  }

  #check(): void {
    const { freshMs, onOverdue } = this.#options
    const leftMs = freshMs() - this.ageMs()
    this.#cancel = undefined
    if (leftMs > 0) this.#checkIn(leftMs)
    else onOverdue()
  }
}
