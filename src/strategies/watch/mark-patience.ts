import type { Random } from '../../contracts/system.js'
import { DEAD_AFTER_HEARTBEATS } from '../../core/limits.js'
import { jitter } from '../../async/jitter.js'

/**
 * Marks come once a heartbeat; only when one is missing the client asks by itself, in its own
 * moment.
 */
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
 * What a client does of itself after the last sign of a stream that died unnoticed, in milliseconds
 * after that sign.
 */
export interface DeadStreamTimes {
  /**
   * When it asks beside the stream, and has every change until then: at the soonest, in the mean,
   * at the latest.
   */
  readonly asks: { readonly soonestMs: number; readonly meanMs: number; readonly latestMs: number }
  /** When it takes the stream for dead and opens another. */
  readonly givesUpMs: number
}

/**
 * How long a stream that died unnoticed can keep a change from a client: what clients state
 * (`client.bound`), and what comparisons count.
 *
 * ```ts
 * deadStreamTimes(8_000) // asks after 10.8 to 13.2 s, gives up after 20 s
 * ```
 */
export function deadStreamTimes(heartbeatMs: number): DeadStreamTimes {
  const meanMs = heartbeatMs * PATIENCE
  return {
    asks: { soonestMs: meanMs * (1 - SPREAD), meanMs, latestMs: meanMs * (1 + SPREAD) },
    givesUpMs: heartbeatMs * DEAD_AFTER_HEARTBEATS,
  }
}
