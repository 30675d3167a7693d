import type { Position } from '../../contracts/position.js'
import type { Clock } from '../../contracts/system.js'
import { LEAP_CONFIRMED_MS } from '../limits.js'
import { leapOf } from './leap.js'

/** Which newer positions are followed, and whether what is served stays behind what was seen. */
export interface Leaps {
  /** Whether a newer position is one to follow; says no to what no fleet can have come to. */
  follows(to: Position): boolean
  /** What was seen is what is served: a leap beside it is disputed, and nothing is behind. */
  current(): void
  /**
   * Something older than what was seen is served. Returns whether to say so: once that went on for
   * so long that no replica only lags, and then once an hour.
   */
  older(): boolean
}

/**
 * Leaps are measured from where a reader stood an hour ago, or up to a step before, so that many
 * small ones are no large one.
 */
const STEP_MS = 600_000
const STEPS = 7

/** How often it is said that only older releases are served, in milliseconds. */
const SAY_AGAIN_MS = 3_600_000

/** Makes {@link Leaps} for who has seen `seen`, or nothing yet. */
export function createLeaps({
  clock,
  seen,
}: {
  readonly clock: Clock
  readonly seen: Position | undefined
}): Leaps {
  return new Steps(clock, seen)
}

/** A class, since every client has one. */
class Steps implements Leaps {
  readonly #clock: Clock
  readonly #startMs: number
  #newest: Position | undefined
  /** Where it stood at the last steps, the longest ago first. */
  #stood: readonly (Position | undefined)[]
  #step = 0
  #leapt: { readonly epoch: string; readonly sinceMs: number } | undefined
  #older: { readonly sinceMs: number; saidMs: number } | undefined

  constructor(clock: Clock, seen: Position | undefined) {
    this.#clock = clock
    this.#startMs = clock.monotonic()
    this.#newest = seen
    this.#stood = [seen]
  }

  follows(to: Position): boolean {
    const nowMs = this.#clock.monotonic()
    this.#passSteps(nowMs)
    const leap = leapOf(this.#stood[0], to)
    if (leap === 'beyond') return false
    // An epoch that was waited for once is not waited for again with each of its releases.
    if (leap === 'near' || to.epoch === this.#newest?.epoch) return this.#take(to)
    if (this.#leapt?.epoch !== to.epoch) this.#leapt = { epoch: to.epoch, sinceMs: nowMs }
    return nowMs - this.#leapt.sinceMs >= LEAP_CONFIRMED_MS && this.#take(to)
  }

  current(): void {
    this.#leapt = undefined
    this.#older = undefined
  }

  older(): boolean {
    this.#leapt = undefined
    const nowMs = this.#clock.monotonic()
    const older = (this.#older ??= { sinceMs: nowMs, saidMs: Number.NEGATIVE_INFINITY })
    const says = nowMs - older.sinceMs >= LEAP_CONFIRMED_MS && nowMs - older.saidMs >= SAY_AGAIN_MS
    if (says) older.saidMs = nowMs
    return says
  }

  #passSteps(nowMs: number): void {
    const due = Math.floor((nowMs - this.#startMs) / STEP_MS)
    const passed = Array.from({ length: Math.min(due - this.#step, STEPS) }, () => this.#newest)
    this.#stood = [...this.#stood, ...passed].slice(-STEPS)
    this.#step = due
  }

  #take(to: Position): true {
    if (this.#newest === undefined) this.#stood = [to]
    this.#newest = to
    this.current()
    return true
  }
}
