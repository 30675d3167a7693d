import type { Clock } from '../../contracts/system.js'

/**
 * Time as the origin tells it: the last mark's, plus what the monotonic clock counted since. The
 * machine's own until a mark came.
 */
export interface FleetClock {
  now(): number
  /**
   * A mark said that it is `asOf` now. A later one than this clock tells sets it at once, since a
   * mark can only be late. An earlier one changes nothing, unless the marks after it agree that the
   * clock was wrong: it is left behind then.
   */
  hear(asOf: string): void
}

/**
 * A mark may be that late on its way, in milliseconds: a stream of marks that takes longer is dead.
 */
const LATE_MS = 30_000

/** So many marks in a row, each later than the one before, leave a clock behind that was ahead. */
const MARKS_IN_A_ROW = 3

/**
 * Makes a {@link FleetClock}. `onLeft` is told by how many milliseconds the clock was ahead that it
 * leaves behind.
 */
export function createFleetClock(clock: Clock, onLeft: (aheadMs: number) => void = () => {}): FleetClock {
  return new Marked(clock, onLeft)
}

/** A class, since every client has one. */
class Marked implements FleetClock {
  readonly #clock: Clock
  readonly #onLeft: (aheadMs: number) => void
  #heard: { readonly at: number; readonly time: number } | undefined
  #earlier: { readonly count: number; readonly time: number } | undefined

  constructor(clock: Clock, onLeft: (aheadMs: number) => void) {
    this.#clock = clock
    this.#onLeft = onLeft
  }

  now(): number {
    const heard = this.#heard
    return heard === undefined ? this.#clock.now() : heard.time + (this.#clock.monotonic() - heard.at)
  }

  hear(asOf: string): void {
    const time = Date.parse(asOf)
    const aheadMs = this.#heard === undefined ? 0 : this.now() - time
    if (aheadMs > LATE_MS) {
      // The same mark once more says nothing.
      if (this.#earlier !== undefined && time <= this.#earlier.time) return
      const earlier = { count: (this.#earlier?.count ?? 0) + 1, time }
      this.#earlier = earlier
      if (earlier.count < MARKS_IN_A_ROW) return
      this.#onLeft(aheadMs)
    }
    this.#earlier = undefined
    if (aheadMs <= 0 || aheadMs > LATE_MS) this.#heard = { at: this.#clock.monotonic(), time }
  }
}
