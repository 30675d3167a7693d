import type { Json } from '../../contracts/json.js'
import type { SavedSnapshot } from '../../contracts/state.js'
import type { Clock } from '../../contracts/system.js'
import type { Running } from '../running.js'

/** What runs: what readers see, and the document that it was made of. */
export interface Applied<Value> {
  readonly running: Running<Value>
  readonly document: Json
  /** How it is named on disk; undefined for defaults and pins. */
  readonly saved: SavedSnapshot | undefined
}

/** What runs in a client now. */
export interface Current<Value> {
  readonly applied: Applied<Value> | undefined
  /**
   * Since when this value runs, by the clock's monotonic time in milliseconds; undefined before the
   * first one.
   */
  readonly sinceMs: number | undefined
  /** Makes something else what readers see. */
  run(next: Applied<Value>): void
}

/** Makes a {@link Current} that has nothing yet; `show` is called with each thing that runs. */
export function createCurrent<Value>(clock: Clock, show: (running: Running<Value>) => void): Current<Value> {
  return new Shown(clock, show)
}

/** A class, since every client has one; with properties, since it is read more than it changes. */
class Shown<Value> implements Current<Value> {
  applied: Applied<Value> | undefined
  sinceMs: number | undefined
  readonly #clock: Clock
  readonly #show: (running: Running<Value>) => void

  constructor(clock: Clock, show: (running: Running<Value>) => void) {
    this.#clock = clock
    this.#show = show
  }

  run(next: Applied<Value>): void {
    // What a newer release confirms is the same value, and has run all the while.
    if (this.sinceMs === undefined || !Object.is(next.document, this.applied?.document))
      this.sinceMs = this.#clock.monotonic()
    this.applied = next
    this.#show(Object.freeze(next.running))
  }
}
