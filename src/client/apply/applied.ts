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
  // A property, since it is read more often than it changes.
  const current: {
    applied: Applied<Value> | undefined
    sinceMs: number | undefined
    run(next: Applied<Value>): void
  } = {
    applied: undefined,
    sinceMs: undefined,
    run(next) {
      // What a newer release confirms is the same value, and has run all the while.
      if (current.sinceMs === undefined || !Object.is(next.document, current.applied?.document))
        current.sinceMs = clock.monotonic()
      current.applied = next
      show(Object.freeze(next.running))
    },
  }
  return current
}
