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
  /** It is known which release is the newest, or was so many milliseconds ago; now unless given. */
  heard(ageMs?: number): void
  /** What runs is what the newest release asks for, as it was heard last; that may be too long ago to count. */
  proven(): void
  /** What the newest release asks for was refused here. */
  refused(): void
  /** Milliseconds since it was known last which release is the newest; infinite before that. */
  heardAgeMs(): number
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
  // A client that looks on demand keeps no timers; `ready()` judges the age.
  const freshMs = (): number =>
    strategy.maxAgeMs === undefined ? strategy.freshMs : Number.POSITIVE_INFINITY
  const freshness = createFreshness({
    clock,
    freshMs,
    onOverdue: () => advance('overdue'),
  })

  return {
    get status() {
      // A timer says so too, where there is one and nothing holds it up.
      return status === 'ready' && freshness.ageMs() > (strategy.maxAgeMs ?? strategy.freshMs)
        ? 'stale'
        : status
    },
    ageMs: freshness.ageMs,
    started: () => advance('started'),
    valued: () => advance('valued'),
    heard: freshness.heard,
    proven() {
      freshness.prove()
      advance(freshness.ageMs() <= freshMs() ? 'proven' : 'valued')
    },
    refused: () => advance('refused'),
    heardAgeMs: freshness.heardAgeMs,
    closed() {
      freshness.stop()
      advance('closed')
    },
  }
}
