import type { Clock } from '../../contracts/system.js'

/** How long ago it was last known that what runs is what the newest release asks for. */
export interface Freshness {
  /** It is known now. */
  prove(): void
  /** Milliseconds since the last proof; infinite before the first. */
  ageMs(): number
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
    prove() {
      provenAt = clock.monotonic()
      const lastsMs = freshMs()
      if (!stopped && cancel === undefined && Number.isFinite(lastsMs)) cancel = clock.after(lastsMs, check)
    },
    stop() {
      stopped = true
      cancel?.()
      cancel = undefined
    },
  }
}
