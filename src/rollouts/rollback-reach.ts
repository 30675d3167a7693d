import { hearsWithinMs } from './hears-within.js'
import { isOnDemand, presenceOf, type Member } from './members.js'
import { sayTime } from './say-time.js'
import type { StageView } from './view.js'

/** What a share of the clients is told apart, so that one slow client does not stand for all. */
const MOST = 0.9

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
  const there = exposed.filter(({ member }) => presenceOf(member, nowMs) !== 'gone')
  if (there.length === 0) return undefined
  const times = there
    .map(({ member }) => reachMs(member, nowMs))
    .filter(ms => ms < Number.MAX_SAFE_INTEGER)
    .sort((a, b) => a - b)
  return {
    of: there.length,
    reaches: times.length,
    allMs: times.at(-1) ?? 0,
    mostMs: times[Math.ceil(MOST * times.length) - 1] ?? 0,
  }
}

/** Infinite where that is not known. */
function reachMs(member: Member, nowMs: number): number {
  if (presenceOf(member, nowMs) !== 'live') return Number.POSITIVE_INFINITY
  const running = member.current.filter(({ phase }) => phase !== 'stopped')
  return running.some(isOnDemand) ? Number.POSITIVE_INFINITY : Math.max(...running.map(hearsWithinMs))
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
