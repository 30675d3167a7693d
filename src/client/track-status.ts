import type { Strategy } from '../contracts/strategy.js'
import type { Clock } from '../contracts/system.js'
import { createFreshness, type Freshness } from './receive/freshness.js'
import { nextStatus, type ClientStatus, type StatusEvent } from './status.js'

/** A client's status, and how old the proof is that it rests on. */
export interface StatusTracker {
  readonly status: ClientStatus
  /** Milliseconds since it was last known that the newest runs; infinite before the first proof. */
  ageMs(): number
  started(): void
  /** There is a value, without proof that it is the newest. */
  valued(): void
  /** It is known which release is the newest, or was so many milliseconds ago. Default: now. */
  heard(ageMs?: number): void
  /**
   * What runs is what the newest release asks for, as it was heard last; that may be too long ago
   * to count.
   */
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
export function trackStatus(options: StatusTrackerOptions): StatusTracker {
  return new Tracker(options)
}

/** A class, since every client has one. */
class Tracker implements StatusTracker {
  readonly #options: StatusTrackerOptions
  readonly #freshness: Freshness
  #status: ClientStatus = 'idle'

  constructor(options: StatusTrackerOptions) {
    this.#options = options
    this.#freshness = createFreshness({
      clock: options.clock,
      freshMs: () => this.#freshMs(),
      onOverdue: () => this.#advance('overdue'),
    })
  }

  get status(): ClientStatus {
    const { strategy } = this.#options
    // A timer says so too, where there is one and nothing holds it up.
    return this.#status === 'ready' && this.ageMs() > (strategy.maxAgeMs ?? strategy.freshMs)
      ? 'stale'
      : this.#status
  }

  ageMs(): number {
    return this.#freshness.ageMs()
  }

  heardAgeMs(): number {
    return this.#freshness.heardAgeMs()
  }

  started(): void {
    this.#advance('started')
  }

  valued(): void {
    this.#advance('valued')
  }

  heard(ageMs?: number): void {
    this.#freshness.heard(ageMs)
  }

  proven(): void {
    this.#freshness.prove()
    this.#advance(this.ageMs() <= this.#freshMs() ? 'proven' : 'valued')
  }

  refused(): void {
    this.#advance('refused')
  }

  closed(): void {
    this.#freshness.stop()
    this.#advance('closed')
  }

  /** A client that looks on demand keeps no timers; `ready()` judges the age. */
  #freshMs(): number {
    const { strategy } = this.#options
    return strategy.maxAgeMs === undefined ? strategy.freshMs : Number.POSITIVE_INFINITY
  }

  #advance(event: StatusEvent): void {
    const previous = this.#status
    const current = nextStatus(previous, event)
    this.#status = current
    if (current !== previous) this.#options.onChange({ previous, current })
  }
}
