import type { Clock } from '../../contracts/system.js'

/** How long ago it was last known that what runs is what the newest release asks for. */
export interface Freshness {
  /** It is known which release is the newest, or was so many milliseconds ago; now unless given. */
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
export function createFreshness({
  clock,
  freshMs,
  onOverdue,
}: {
  readonly clock: Clock
  /**
   * How long a proof lasts, in milliseconds; asked each time, since a transport may tell its pace
   * late.
   */
  readonly freshMs: () => number
  readonly onOverdue: () => void
}): Freshness {
  let heardAt: number | undefined
  let provenAt: number | undefined
  let cancel: (() => void) | undefined
  let stopped = false

  const ageMs = (): number =>
    provenAt === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() - provenAt
  const check = (): void => {
    const leftMs = freshMs() - ageMs()
    // Whole milliseconds: a rounding error must not make a timer that waits for nothing, again and
    // again.
    cancel = leftMs > 0 ? clock.after(Math.ceil(leftMs), check) : undefined
    if (leftMs <= 0) onOverdue()
  }

  return {
    ageMs,
    heardAgeMs: () => (heardAt === undefined ? Number.POSITIVE_INFINITY : clock.monotonic() - heardAt),
    heard(ageMs = 0) {
      heardAt = Math.max(heardAt ?? Number.NEGATIVE_INFINITY, clock.monotonic() - ageMs)
    },
    prove() {
      // A release may wait long for its snapshot, its time or a participant; what was newer since is not known then.
      provenAt = heardAt ?? clock.monotonic()
      const leftMs = freshMs() - ageMs()
      if (!stopped && cancel === undefined && leftMs > 0 && Number.isFinite(leftMs))
        cancel = clock.after(Math.ceil(leftMs), check)
    },
    stop() {
      stopped = true
      cancel?.()
      cancel = undefined
    },
  }
}
