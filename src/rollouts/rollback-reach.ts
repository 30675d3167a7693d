import { hearsWithinMs } from './hears-within.js'
import { isOnDemand, presenceOf, type Member } from './members.js'
import { sayTime } from './say-time.js'
import type { StageView } from './view.js'

/** What a share of the clients is told apart, so that one slow client does not stand for all. */
const NINE_IN_TEN = 0.9

/** How soon the exposed clients would hear of a rollback, as they report how they look. */
export interface RollbackReach {
  /** How many clients are exposed, and have not stopped in order. */
  readonly of: number
  /** How many of them are heard, and say how often they look. */
  readonly reaches: number
  /** Within how long the last of those hears of it, in milliseconds. */
  readonly allMs: number
  /** Within how long nine in ten of those do, in milliseconds. */
  readonly mostMs: number
}

/**
 * How soon a rollback would reach the exposed clients; undefined where none is exposed, or they are
 * going back already.
 *
 * ```ts
 * rollbackReachIn(view) // { of: 12, reaches: 12, allMs: 66_000, mostMs: 1_000 }
 * ```
 */
export function rollbackReachIn({ rollout, exposed, nowMs }: StageView): RollbackReach | undefined {
  const { state, stageStart } = rollout
  const isOut = state === 'running' || state === 'paused' || state === 'watching'
  if (!isOut || stageStart.rehearsal?.phase === 'back') return undefined
  // One pass, and numbers alone: it is asked at each look, of fleets of any size.
  const times = new Float64Array(exposed.length)
  let [of, reaches] = [0, 0]
  for (const { member } of exposed) {
    const presence = presenceOf(member, nowMs)
    if (presence === 'gone') continue
    of += 1
    const ms = presence === 'live' ? reachMs(member) : Number.POSITIVE_INFINITY
    if (ms < Number.MAX_SAFE_INTEGER) times[reaches++] = ms
  }
  if (of === 0) return undefined
  const inOrder = times.subarray(0, reaches).sort()
  return {
    of,
    reaches,
    allMs: inOrder[reaches - 1] ?? 0,
    mostMs: inOrder[Math.ceil(NINE_IN_TEN * reaches) - 1] ?? 0,
  }
}

/** By the slowest of its processes; infinite where one looks when it is asked alone. */
function reachMs({ current }: Member): number {
  let slowestMs = 0
  for (const word of current)
    if (word.phase !== 'stopped')
      slowestMs = Math.max(slowestMs, isOnDemand(word) ? Number.POSITIVE_INFINITY : hearsWithinMs(word))
  return slowestMs
}

/** The same for people, in one line. */
export function sayRollbackReach({ of, reaches, allMs, mostMs }: RollbackReach): string {
  const exposed =
    of === 1 ? 'the exposed client' : `${reaches === of ? 'all' : `${reaches} of`} ${of} exposed clients`
  if (reaches === 0)
    return `how long a rollback would take is not known: ${of === 1 ? 'the exposed client is' : `the ${of} exposed clients are`} not heard, or without an interval`
  const most = sayTime(mostMs) === sayTime(allMs) ? '' : `, nine in ten of them in about ${sayTime(mostMs)}`
  const others = reaches === of ? '' : '; the others are not heard, or look without an interval'
  return `a rollback would reach ${exposed} in about ${sayTime(allMs)}${most}${others}`
}
