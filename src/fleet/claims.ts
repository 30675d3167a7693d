import { comparePositions, epochNumber, formatPosition, type Position } from '../contracts/position.js'
import type { ClientReport, HeardReports } from '../contracts/report.js'
import { leapOf } from '../core/release/leap.js'
import { positionOf, type Release } from '../core/release/release.js'
import { isBeyond, isLive, LISTENED_MS, summarizeFleet, type FleetMember } from './summary.js'

/** What instances say that they have seen, of which a store knows nothing. */
export interface Claims {
  /**
   * The newest position that enough of them claim for it to count: a tenth of the fleet, half of it
   * where the new ones outnumber those that were heard for long, and more than half where it is so
   * far ahead that no fleet comes there at once. Undefined where too few claim anything.
   */
  readonly counted: Position | undefined
  /** The newest that anybody claims. */
  readonly highest: Position
  /** "1 of 340 instances (checkout-7f) claims to have seen 1-9f3a01bc:42". */
  readonly says: string
}

/** So many of the fleet have to claim a position that is near. */
const SHARE = 0.1

/**
 * So many where those that are new outnumber those that are known, since all of them may be
 * strangers.
 */
const SHARE_AMONG_NEW = 0.5

/**
 * What a fleet claims beyond a store's newest release; undefined where nobody claims anything. A
 * report is hearsay, so strangers weigh less than a fleet. Where anybody was heard for a quarter of
 * an hour, who was not is passed over once it is silent, and at once while most of those that live
 * were. A pure function.
 *
 * ```ts
 * const claims = claimsOf(await store.reports({ namespace }, signal), newest)
 * ```
 */
export function claimsOf(heard: HeardReports, newest: Release | undefined): Claims | undefined {
  if (!hasClaims(heard, newest)) return undefined
  const fleet = summarizeFleet(heard, newest)
  return fleet.type === 'unknown' ? undefined : claimsAmong(fleet.members, newest)
}

/**
 * Whether any report says that its instance has seen more than a store has. Of most fleets none
 * does, and to summarize a large one takes a while.
 *
 * ```ts
 * if (hasClaims(heard, newest)) logger.warn('a client has seen what the store does not have')
 * ```
 */
export function hasClaims({ reports }: HeardReports, newest: Release | undefined): boolean {
  const own = newest === undefined ? undefined : positionOf(newest)
  return reports.some(({ seen }) => seen !== undefined && isBeyond(seen, own))
}

/** As {@link claimsOf}, for the members of a fleet that was summarized before. */
export function claimsAmong(
  members: readonly FleetMember[],
  newest: Release | undefined,
): Claims | undefined {
  const own = newest === undefined ? undefined : positionOf(newest)
  const all = claimants(members, own)
  const [first] = all
  if (first === undefined) return undefined
  return {
    counted: countedAmong(members, own),
    highest: first.seen,
    says: `${all.length} of ${members.length} instances (${named(all)}) ${all.length === 1 ? 'claims' : 'claim'} to have seen ${formatPosition(first.seen)}${all.length === 1 ? '' : ' or less'}`,
  }
}

/**
 * Whether so many have seen another epoch with the number of a store's own that it counts: no log
 * has two of them, so they followed another one. A pure function.
 *
 * ```ts
 * if (isForkClaimed(fleet.members, newest)) alarm('two stores publish this namespace')
 * ```
 */
export function isForkClaimed(members: readonly FleetMember[], newest: Release | undefined): boolean {
  return countedAmong(members, newest && positionOf(newest), isForkOf) !== undefined
}

/**
 * Whether so many have seen what a store lost that it counts, those who followed another epoch with
 * the number of its own left out. A pure function.
 *
 * ```ts
 * if (isLossClaimed(fleet.members, newest)) alarm('the board lost releases')
 * ```
 */
export function isLossClaimed(members: readonly FleetMember[], newest: Release | undefined): boolean {
  const isLost = (seen: Position, own: Position | undefined): boolean =>
    isBeyond(seen, own) && !isForkOf(seen, own)
  return countedAmong(members, newest && positionOf(newest), isLost) !== undefined
}

/**
 * Whether a position is of another epoch with the number of a store's own.
 *
 * ```ts
 * isForkOf({ epoch: '1-9f3a01bc', sequence: 1 }, { epoch: '1-0badcafe', sequence: 9 }) // true
 * ```
 */
export function isForkOf(seen: Position, own: Position | undefined): boolean {
  return own !== undefined && comparePositions(seen, own) === 'fork'
}

interface Claim {
  readonly seen: Position
  readonly report: ClientReport
}

/** The newest position that enough of those claim whose claims count. */
function countedAmong(
  members: readonly FleetMember[],
  own: Position | undefined,
  isClaim: IsClaim = isBeyond,
): Position | undefined {
  const { voters, share } = electorateOf(members)
  return claimants(voters, own, isClaim).find(({ seen }, before) => {
    const needed = leapOf(own, seen) === 'near' ? share * voters.length : voters.length / 2 + 0.5
    return before + 1 >= needed
  })?.seen
}

type IsClaim = (seen: Position, own: Position | undefined) => boolean

/** Those that have seen more than the store, who has seen most first. */
function claimants(
  members: readonly FleetMember[],
  own: Position | undefined,
  isClaim: IsClaim = isBeyond,
): readonly Claim[] {
  return members
    .flatMap(({ report }): Claim[] =>
      report.seen !== undefined && isClaim(report.seen, own) ? [{ seen: report.seen, report }] : [],
    )
    .sort((a, b) => newestFirst(a.seen, b.seen))
}

/**
 * Two epochs with one number are a fork, and none is the newer: their sequences order them here.
 */
function newestFirst(a: Position, b: Position): number {
  const order = comparePositions(a, b)
  if (order === 'fork') return b.sequence - a.sequence
  return order === 'newer' ? -1 : order === 'older' ? 1 : 0
}

/** Whose claims count, and how many of them have to claim a position that is near. */
function electorateOf(members: readonly FleetMember[]): {
  readonly voters: readonly FleetMember[]
  readonly share: number
} {
  const known = members.filter(isKnown)
  if (known.length === 0) return { voters: members, share: SHARE }
  const live = members.filter(isLive)
  if (2 * live.filter(isKnown).length >= live.length) return { voters: known, share: SHARE }
  // A deployment leaves few that are known and live: those that stopped still say what the fleet
  // has seen.
  return { voters: members.filter(member => isLive(member) || isKnown(member)), share: SHARE_AMONG_NEW }
}

/** Whether an instance was heard for as long as three reports take. */
function isKnown({ report: { firstHeardAt, receivedAt } }: FleetMember): boolean {
  return (
    firstHeardAt !== undefined &&
    receivedAt !== undefined &&
    Date.parse(receivedAt) - Date.parse(firstHeardAt) >= LISTENED_MS
  )
}

function named(claims: readonly Claim[]): string {
  const names = [...new Set(claims.map(({ report }) => report.clientId))]
  const more = names.length - 3
  return `${names.slice(0, 3).join(', ')}${more > 0 ? `, and ${more} more` : ''}`
}

/**
 * The highest number of an epoch that a store and the claims that count know; 0 where there is none.
 *
 * ```ts
 * const next = highestEpoch(newest, claimsOf(heard, newest)) + 1
 * ```
 */
export function highestEpoch(newest: Release | undefined, claims: Claims | undefined): number {
  const own = newest === undefined ? 0 : epochNumber(newest.epoch)
  return claims?.counted === undefined ? own : Math.max(own, epochNumber(claims.counted.epoch))
}
