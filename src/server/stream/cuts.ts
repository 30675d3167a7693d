import { createCutPattern, sayCut } from '../../core/cut-pattern.js'
import type { Clock, Logger } from '../../contracts/system.js'

/**
 * How many streams in a row must end alike before that is told; readers that leave by themselves
 * end at any time.
 */
const CUTS_TOLD = 8

/** Readers that leave together, as those of one deployment do, count as one. */
const APART_MS = 1_000

/**
 * Hears of streams that their other end closed, and says so when that is always after the same
 * silence.
 */
export interface Cuts {
  /** `writtenAtMs`, when it was last written to, is monotonic. */
  ended(stream: { readonly writtenAtMs: number }): void
}

/**
 * Recognises a proxy's timeout from the server's end, where it looks like readers that leave.
 *
 * ```ts
 * const cuts = createCuts({ clock, logger, heartbeatMs: 8_000 })
 * cuts.ended({ writtenAtMs })
 * ```
 */
export function createCuts({
  clock,
  logger,
  heartbeatMs,
}: {
  readonly clock: Clock
  readonly logger: Logger | undefined
  readonly heartbeatMs: number
}): Cuts {
  const pattern = createCutPattern(CUTS_TOLD)
  let lastMs = Number.NEGATIVE_INFINITY
  return {
    ended({ writtenAtMs }) {
      const nowMs = clock.monotonic()
      if (nowMs - lastMs < APART_MS) return
      lastMs = nowMs
      // Readers that started together leave at one age, so that says nothing here.
      const found = pattern.note({ silentMs: nowMs - writtenAtMs, ageMs: 0 })
      if (found !== undefined) logger?.warn(`streams are closed from outside ${sayCut(found, heartbeatMs)}`)
    },
  }
}
