import { MISSING_AFTER_PERIODS } from '../core/limits.js'
import type { Voice } from './voice.js'

/** One whose word is kept, and how it has been heard so far. */
export interface Guest {
  readonly voice: Voice
  /** What it takes, in bytes. */
  readonly bytes: number
  readonly firstHeardMs: number
  readonly heardMs: number
  /** In what time it wants to be heard again, as it says. */
  readonly periodMs: number
  readonly stopped: boolean
  /** What it is in the room where it has a place; the room's to set. */
  standing?: Standing | undefined
}

/**
 * What a guest is in a room that is full, those that go first in front:
 * - `stopped`: closed in order, and a stranger's;
 * - `newcomer`: a stranger's, heard for less than three periods;
 * - `settled`: a stranger's, heard for longer;
 * - `vouched`: a bearer of a token spoke for it.
 */
export type Standing = 'stopped' | 'newcomer' | 'settled' | 'vouched'

/** A shorter period counts as this one: whoever chooses its own is believed no sooner. */
const SHORTEST_PERIOD_MS = 300_000

/**
 * So many of its periods of silence, and a place that was kept is free: not before somebody could
 * have looked.
 */
const GIVEN_UP_AFTER_PERIODS = 12

/**
 * The standing that a guest's own history gives it.
 *
 * ```ts
 * const standing = standingOf({ ...guest, heardMs: clock.monotonic() })
 * ```
 */
export function standingOf({ voice, stopped, firstHeardMs, heardMs, periodMs }: Guest): Standing {
  if (voice.type === 'bearer') return 'vouched'
  if (stopped) return 'stopped'
  return isLongHeard({ heardForMs: heardMs - firstHeardMs, periodMs }) ? 'settled' : 'newcomer'
}

/**
 * Whether an instance was heard for so long, three of its periods, that it is no stranger's first
 * words.
 */
export function isLongHeard({ heardForMs, periodMs }: HeardFor): boolean {
  return heardForMs >= MISSING_AFTER_PERIODS * bounded(periodMs)
}

/** For how long an instance has been heard, and in what time it wants to be heard again. */
export interface HeardFor {
  readonly heardForMs: number
  readonly periodMs: number
}

/** Whether a guest has stopped, or was silent for so long that it is missing. */
export function isOver({ stopped, heardMs, periodMs }: Guest, nowMs: number): boolean {
  return stopped || nowMs - heardMs > MISSING_AFTER_PERIODS * periodMs
}

/** Whether a guest that has settled was silent for so long that nobody keeps its place. */
export function isGivenUp({ heardMs, periodMs }: Guest, nowMs: number): boolean {
  return nowMs - heardMs > GIVEN_UP_AFTER_PERIODS * bounded(periodMs)
}

function bounded(periodMs: number): number {
  return Math.max(periodMs, SHORTEST_PERIOD_MS)
}
