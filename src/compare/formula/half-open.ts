import { DEAD_AFTER_HEARTBEATS } from '../../core/limits.js'
import type { Shape } from '../shape.js'
import type { Workload } from '../workload.js'

/** Streams that are dead without either end knowing. */
export interface HalfOpen {
  /** How often a client's stream dies so, a day. */
  readonly diesPerDay: number
  /** The share of clients that wait on a dead stream at any time. */
  readonly share: number
  /** How much longer such a client waits for a change, in milliseconds: in the mean, and at most. */
  readonly meanMs: number
  readonly worstMs: number
}

const DAY_MS = 86_400_000

/** Until a client has a new stream, in milliseconds: half of the first delay, and the way there and back. */
const RETURN_MS = 250

/**
 * How many streams are dead at any time, and for how long. A stream dies at any time between two heartbeats and is
 * noticed 2.5 of them after the last one, so it is dead for two in the mean. What cuts silent connections sooner than
 * the next heartbeat comes kills every stream.
 *
 * ```ts
 * halfOpenOf(shape, workload).share
 * ```
 */
export function halfOpenOf(shape: Shape, { halfOpenPerClientDay, idleTimeoutMs, rttMs }: Workload): HalfOpen {
  if (shape.type === 'poll') return { diesPerDay: 0, share: 0, meanMs: 0, worstMs: 0 }
  const { heartbeatMs } = shape
  const noticedMs = DEAD_AFTER_HEARTBEATS * heartbeatMs
  const backMs = RETURN_MS + 3 * rttMs
  if (idleTimeoutMs < heartbeatMs) {
    const lifeMs = noticedMs + backMs
    const deadMs = lifeMs - idleTimeoutMs
    return {
      diesPerDay: DAY_MS / lifeMs,
      share: deadMs / lifeMs,
      meanMs: deadMs / 2,
      worstMs: deadMs,
    }
  }
  const deadMs = noticedMs - heartbeatMs / 2 + backMs
  return {
    diesPerDay: halfOpenPerClientDay,
    share: Math.min(1, (halfOpenPerClientDay * deadMs) / DAY_MS),
    // What is left of it when a change comes: E[d^2] / 2 E[d], d uniform over one heartbeat.
    meanMs: (deadMs * deadMs + (heartbeatMs * heartbeatMs) / 12) / (2 * deadMs),
    worstMs: noticedMs + 2 * RETURN_MS + 3 * rttMs,
  }
}
