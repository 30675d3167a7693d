import type { Random } from '../../contracts/system.js'
import { jitter } from '../../async/jitter.js'

/** Marks come once a heartbeat; only when one is missing the client asks by itself, in its own moment. */
const PATIENCE = 1.5
const SPREAD = 0.1

/**
 * How long after the last mark of a live stream the transport is asked beside it, in milliseconds.
 *
 * ```ts
 * schedule.lookAt(nowMs + markPatienceMs(8_000, random)) // in 10.8 to 13.2 s
 * ```
 */
export function markPatienceMs(heartbeatMs: number, random: Random): number {
  return jitter(heartbeatMs * PATIENCE, SPREAD, random)
}

/**
 * The longest that this can be, in milliseconds: what a client states of streams that die unnoticed.
 *
 * ```ts
 * longestPatienceMs(8_000) // 13,200
 * ```
 */
export function longestPatienceMs(heartbeatMs: number): number {
  return heartbeatMs * PATIENCE * (1 + SPREAD)
}
