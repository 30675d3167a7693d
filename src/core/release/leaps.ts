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
  const startMs = clock.monotonic()
  let newest = seen
  /** Where it stood at the last steps, the longest ago first. */
  let stood = [seen]
  let step = 0
  let leapt: { readonly epoch: string; readonly sinceMs: number } | undefined
  let older: { readonly sinceMs: number; saidMs: number } | undefined

  const passSteps = (nowMs: number): void => {
    const due = Math.floor((nowMs - startMs) / STEP_MS)
    const passed = Array.from({ length: Math.min(due - step, STEPS) }, () => newest)
    stood = [...stood, ...passed].slice(-STEPS)
    step = due
  }

  const take = (to: Position): true => {
    if (newest === undefined) stood = [to]
    newest = to
    leapt = undefined
    older = undefined
    return true
  }

  return {
    follows(to) {
      const nowMs = clock.monotonic()
      passSteps(nowMs)
      const leap = leapOf(stood[0], to)
      if (leap === 'beyond') return false
      // An epoch that was waited for once is not waited for again with each of its releases.
      if (leap === 'near' || to.epoch === newest?.epoch) return take(to)
      if (leapt?.epoch !== to.epoch) leapt = { epoch: to.epoch, sinceMs: nowMs }
      return nowMs - leapt.sinceMs >= LEAP_CONFIRMED_MS && take(to)
    },
    current() {
      leapt = undefined
      older = undefined
    },
    older() {
      leapt = undefined
      const nowMs = clock.monotonic()
      older ??= { sinceMs: nowMs, saidMs: Number.NEGATIVE_INFINITY }
      const says = nowMs - older.sinceMs >= LEAP_CONFIRMED_MS && nowMs - older.saidMs >= SAY_AGAIN_MS
      if (says) older.saidMs = nowMs
      return says
    },
  }
}
