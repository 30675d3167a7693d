import { deadStreamTimes } from '../../strategies/watch/mark-patience.js'
import type { Shape } from '../shape.js'
import type { Workload } from '../workload.js'

/** Streams that are dead without either end knowing. */
export interface HalfOpen {
  /** How often a client's stream dies so, a day. */
  readonly diesPerDay: number
  /** The share of clients that wait on a dead stream at any time. */
  readonly share: number
  /**
   * How long such a client waits for a change, from `publish()` on, in milliseconds: in the mean,
   * and at most.
   */
  readonly meanMs: number
  readonly worstMs: number
}

const DAY_MS = 86_400_000

/**
 * Until a client has a new stream, in milliseconds: half of the first delay, and the way there and
 * back.
 */
const RETURN_MS = 250

/**
 * By when half of the clients that are there have a change, in milliseconds, where dead streams may
 * be more than half: then all others have it, and those whose wait is short among the rest.
 *
 * ```ts
 * halfOf({ half: 300, all: 450 }, { share: 0.66, meanMs: 3_500, worstMs: 9_800 }) // 1,700
 * ```
 */
export function halfOf(
  times: { readonly half: number; readonly all: number },
  halfOpen: Pick<HalfOpen, 'share' | 'meanMs' | 'worstMs'>,
): number {
  return halfOpen.share <= 0.5 ? times.half : reachedMs(0.5, { liveMs: () => times.all, halfOpen })
}

/** So many on dead streams are told apart, and no part of a curve. */
const FEW = 0.01

/**
 * By when a share of the clients that are there has a change, in milliseconds: first those whose
 * connection lives, of which `liveMs` says by when; then those on dead streams, where these are
 * more than one in a hundred.
 *
 * ```ts
 * reachedMs(0.9, { liveMs: share => 500 * share, halfOpen: { share: 0.66, meanMs: 3_500, worstMs: 9_800 } })
 * ```
 */
export function reachedMs(
  share: number,
  {
    liveMs,
    halfOpen,
  }: {
    readonly liveMs: (share: number) => number
    readonly halfOpen: Pick<HalfOpen, 'share' | 'meanMs' | 'worstMs'>
  },
): number {
  const dead = halfOpen.share > FEW ? halfOpen.share : 0
  const live = 1 - dead
  if (share <= live) return liveMs(share === 0 ? 0 : share / live)
  // Their waits are taken to be spread evenly around the mean.
  const waitsMs = share === 1 ? halfOpen.worstMs : ((share - live) / dead) * 2 * halfOpen.meanMs
  return Math.max(liveMs(1), waitsMs)
}

/**
 * How many streams are dead at any time, and for how long. A stream dies at any time between two
 * heartbeats and is given up 2.5 of them after the last one, so it is dead for two in the mean.
 * Between the two the client asks beside it, once, and has what came until then. What cuts silent
 * connections sooner than the next heartbeat comes kills every stream.
 *
 * ```ts
 * halfOpenOf(shape, workload).share
 * ```
 */
export function halfOpenOf(shape: Shape, { halfOpenPerClientDay, idleTimeoutMs, rttMs }: Workload): HalfOpen {
  if (shape.type === 'poll') return { diesPerDay: 0, share: 0, meanMs: 0, worstMs: 0 }
  const { heartbeatMs } = shape
  const { asks, givesUpMs } = deadStreamTimes(heartbeatMs)
  const isCut = idleTimeoutMs < heartbeatMs
  /** Since the last heartbeat: when the stream died, and when another is there. */
  const diesMs = isCut ? idleTimeoutMs : heartbeatMs / 2
  const backMs = givesUpMs + RETURN_MS + 3 * rttMs
  const deadMs = backMs - diesMs
  const [firstMs, restMs] = [asks.meanMs - diesMs, backMs - asks.meanMs]
  // What is left of the one or the other when a change comes: E[d^2] / 2 E[d], the first uniform
  // over one heartbeat unless cut.
  const spreadMs2 = isCut ? 0 : (heartbeatMs * heartbeatMs) / 12
  return {
    diesPerDay: isCut ? DAY_MS / backMs : halfOpenPerClientDay,
    share: isCut ? deadMs / backMs : Math.min(1, (halfOpenPerClientDay * deadMs) / DAY_MS),
    meanMs: (firstMs * firstMs + spreadMs2 + restMs * restMs) / (2 * deadMs),
    // Just after it died, or just after it was asked beside.
    worstMs: Math.max(
      asks.latestMs - (isCut ? idleTimeoutMs : 0) + 3 * rttMs,
      backMs - asks.soonestMs + RETURN_MS,
    ),
  }
}
