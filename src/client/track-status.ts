import type { Strategy } from '../contracts/strategy.js'
import type { Clock } from '../contracts/system.js'
import { createFreshness } from './receive/freshness.js'
import { nextStatus, type ClientStatus, type StatusEvent } from './status.js'

/** A client's status, and how old the proof is that it rests on. */
export interface StatusTracker {
  readonly status: ClientStatus
  /** Milliseconds since it was last known that the newest runs; infinite before the first proof. */
  ageMs(): number
  started(): void
  /** There is a value, without proof that it is the newest. */
  valued(): void
  /** What runs is known to be what the newest release asks for. */
  proven(): void
  closed(): void
}

export interface StatusTrackerOptions {
  readonly clock: Clock
  readonly strategy: Pick<Strategy, 'freshMs' | 'maxAgeMs'>
  readonly onChange: (change: { readonly previous: ClientStatus; readonly current: ClientStatus }) => void
}

/** Makes a {@link StatusTracker}. */
export function trackStatus({ clock, strategy, onChange }: StatusTrackerOptions): StatusTracker {
  let status: ClientStatus = 'idle'
  const advance = (event: StatusEvent): void => {
    const previous = status
    status = nextStatus(status, event)
    if (status !== previous) onChange({ previous, current: status })
  }
  const freshness = createFreshness({
    clock,
    // A client that looks on demand keeps no timers; `ready()` judges the age.
    freshMs: () => (strategy.maxAgeMs === undefined ? strategy.freshMs : Number.POSITIVE_INFINITY),
    onOverdue: () => advance('overdue'),
  })

  return {
    get status() {
      return status
    },
    ageMs: freshness.ageMs,
    started: () => advance('started'),
    valued: () => advance('valued'),
    proven() {
      freshness.prove()
      advance('proven')
    },
    closed() {
      freshness.stop()
      advance('closed')
    },
  }
}
