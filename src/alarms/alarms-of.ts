import { comparePositions, formatPosition } from '../contracts/position.js'
import type { HeardReports, RolloutStandstill } from '../contracts/report.js'
import { oneLine } from '../core/json/text.js'
import { positionOf, type Release } from '../core/release/release.js'
import { sayLacks } from '../core/store/lacks.js'
import { sayDeath } from '../core/report/say-death.js'
import { goesOn, stageNumberOf, type RolloutState } from '../core/release/rollout.js'
import { claimsAmong, isForkClaimed, isForkOf, isLossClaimed } from '../fleet/claims.js'
import { isLive, summarizeFleet, type Fleet, type FleetMember, type FleetState } from '../fleet/summary.js'
import { controllersIn, missingFor, type HeardController } from '../rollouts/controllers.js'
import { CLOCK_SLACK_MS } from '../fleet/time-shift.js'
import { sayTime } from '../rollouts/say-time.js'
import { ALARM_NAMES, alarmOf, type Alarm, type AlarmName } from './alarm.js'

/** What is known of one namespace. */
export interface NamespaceFacts {
  readonly newest: Release | undefined
  /** Undefined over a store that keeps no reports. */
  readonly heard: HeardReports | undefined
  /** What the clock of the store says, in milliseconds since 1970. */
  readonly nowMs: number
  /** How far that clock is ahead of the one here, where both were asked. Default: not at all. */
  readonly aheadMs?: number | undefined
  /**
   * Why a rollout that is not paused by hand stands still, where its policy says so here. What
   * controllers say of it is with the reports.
   */
  readonly standsStill?: string | undefined
  /** Why an operator paused it or took it back, and who that was, where this reader may know. */
  readonly asked?: { readonly reason: string; readonly author?: string | undefined } | undefined
  /** Why the rollout cannot be looked at here; told where no controller could say more. */
  readonly cannotLook?: string | undefined
}

/** What a client is given beside two of its looks, in milliseconds. */
const SLACK_MS = 60_000

/**
 * The alarms of one namespace, the most urgent first. A pure function of the newest release and of
 * what was heard, so that a command, a server and a dashboard say the same.
 *
 * ```ts
 * for (const { name, says } of alarmsOf({ newest, heard, nowMs: Date.parse(heard.asOf) })) show(name, says)
 * ```
 */
export function alarmsOf(facts: NamespaceFacts): readonly Alarm[] {
  const { heard, newest } = facts
  const fleet = heard && summarizeFleet(heard, newest)
  const alarms = [
    ...roomAlarms(facts),
    ...boardAlarms(facts, fleet),
    ...clockAlarms(facts),
    ...clientAlarms(facts, fleet),
    ...rolloutAlarms(facts),
  ]
  return alarms.sort((a, b) => ALARM_NAMES.indexOf(a.name) - ALARM_NAMES.indexOf(b.name))
}

const WITHOUT_ROOM = {
  reserve:
    'the disk of the board is full, or nearly: a publish may not be written; the reserve is there for one rollback or kill',
  none: 'the disk of the board is full, or nearly, and its reserve is missing: neither a publish nor a rollback may be written',
  'read-only':
    'the board cannot be written: its file system is mounted read-only, or its folder belongs to another user; neither a publish nor a rollback can be written',
} as const

function roomAlarms({ heard }: NamespaceFacts): readonly Alarm[] {
  const { room, lacks } = heard ?? {}
  return [
    ...(room === undefined ? [] : [alarmOf('board-failing', WITHOUT_ROOM[room])]),
    ...(lacks === undefined ? [] : [alarmOf('board-failing', sayLacks(lacks))]),
  ]
}

/**
 * A board that went back, and how many clients have seen more; without that these are an alarm of
 * the clients.
 */
function boardAlarms({ heard }: NamespaceFacts, fleet: Fleet | undefined): readonly Alarm[] {
  const { from, to } = heard?.wentBack ?? {}
  if (from === undefined) return []
  const ahead = fleet?.type === 'known' ? fleet.counts.ahead : 0
  const isOther = to !== undefined && comparePositions(to, from) !== 'older'
  const now =
    to === undefined
      ? 'has no release now'
      : `ends at ${formatPosition(to)} now${isOther ? ', in another log' : ''}`
  const seen = ahead === 0 ? '' : `; ${ahead} clients have seen more than it has`
  const name = isOther ? 'board-forked' : 'board-behind'
  return [alarmOf(name, `the board had ${formatPosition(from)} before, and ${now}${seen}`, ahead)]
}

/** Two clocks that differ: that of the store and the one here, or both and that of a release. */
function clockAlarms({ newest, nowMs, aheadMs = 0 }: NamespaceFacts): readonly Alarm[] {
  const advice = 'compare both with a third'
  if (Math.abs(aheadMs) > CLOCK_SLACK_MS) {
    const says = `the clock of the server is ${sayTime(Math.abs(aheadMs))} ${aheadMs > 0 ? 'ahead of' : 'behind'} the one here; ${advice}`
    return [alarmOf('clock-wrong', says)]
  }
  const earlyMs = newest === undefined ? 0 : Date.parse(newest.issuedAt) - nowMs
  if (earlyMs <= CLOCK_SLACK_MS) return []
  return [
    alarmOf(
      'clock-wrong',
      `the newest release says that it was issued ${sayTime(earlyMs)} from now: the clock of its publisher or the one of the server is wrong; ${advice}`,
    ),
  ]
}

function clientAlarms(
  { newest, heard, nowMs, aheadMs = 0 }: NamespaceFacts,
  fleet: Fleet | undefined,
): readonly Alarm[] {
  if (fleet === undefined || fleet.type === 'unknown') return []
  const live = fleet.members.filter(isLive).length
  const about: About = (name, found, what) =>
    found.length === 0
      ? []
      : [alarmOf(name, `${found.length} of ${live} ${what}${examples(found)}`, found.length)]
  const among = (name: AlarmName, states: readonly FleetState[], what: string): readonly Alarm[] =>
    about(
      name,
      fleet.members.filter(({ state }) => states.includes(state)),
      what,
    )
  // Of two clocks that differ nobody knows the wrong one: late is who is late by both.
  const soonestMs = nowMs - Math.max(0, aheadMs)
  const late = newest === undefined ? [] : fleet.members.filter(member => isLate(member, newest, soonestMs))
  return [
    ...aheadAlarms({ heard, newest }, fleet.members, about),
    ...among('clients-diverged', ['diverged'], 'run a document that the newest release does not name'),
    ...about(
      'clients-failed',
      fleet.members.filter(member => hasFailed(member) && !runsAgain(member)),
      'took the newest document back',
    ),
    ...about(
      'clients-failed',
      fleet.members.filter(runsAgain),
      'run the newest document again, after processes that died while they ran it, perhaps of something else',
    ),
    ...among('clients-rejected', ['rejected', 'unsupported'], 'refuse the newest release'),
    ...about('clients-behind', late, 'have not taken the newest release, two looks and a minute after it'),
  ]
}

/** An alarm about some of the fleet; none where there are none. */
type About = (name: AlarmName, found: readonly FleetMember[], what: string) => readonly Alarm[]

/** Clients have seen what the board does not have: it lost that, or another board had it. */
function aheadAlarms(
  { heard, newest }: Pick<NamespaceFacts, 'heard' | 'newest'>,
  members: readonly FleetMember[],
  about: About,
): readonly Alarm[] {
  // What one stranger claims is shown with the fleet, and wakes nobody.
  if (heard?.wentBack !== undefined || claimsAmong(members, newest)?.counted === undefined) return []
  const lost = (found: readonly FleetMember[]): readonly Alarm[] =>
    about('board-behind', found, 'have seen releases that the board does not have')
  const ahead = members.filter(({ state }) => state === 'ahead')
  if (newest === undefined || !isForkClaimed(members, newest)) return lost(ahead)
  const own = positionOf(newest)
  const isForked = ({ report: { seen } }: FleetMember): boolean => seen !== undefined && isForkOf(seen, own)
  return [
    ...(isLossClaimed(members, newest) ? lost(ahead.filter(member => !isForked(member))) : []),
    ...about(
      'board-forked',
      ahead.filter(isForked),
      `have seen another epoch with the number of ${newest.epoch}`,
    ),
  ]
}

function hasFailed({ state }: FleetMember): boolean {
  return state === 'failed' || state === 'crashed'
}

/** Whether a client runs once more what the process before it ran when it died. */
function runsAgain({ state, report: { digest, previous } }: FleetMember): boolean {
  return state === 'crashed' && digest !== undefined && previous?.digest === digest
}

/** Whether a client that is heard should run the newest release by now. */
function isLate({ state, report }: FleetMember, newest: Release, nowMs: number): boolean {
  if (state !== 'behind') return false
  const { issuedAt, activateAt, spreadMs = 0, evidence } = newest
  const fromMs = Math.max(Date.parse(issuedAt), activateAt === undefined ? 0 : Date.parse(activateAt))
  const allowedMs = 2 * report.lookMs + spreadMs + (evidence?.spreadMs ?? 0) + SLACK_MS
  return nowMs - fromMs > allowedMs
}

function rolloutAlarms({
  newest,
  heard,
  nowMs,
  standsStill,
  asked,
  cannotLook,
}: NamespaceFacts): readonly Alarm[] {
  const rollout = newest?.rollout
  if (rollout === undefined || !goesOn(rollout)) return []
  const { id, state, decideBy, why } = rollout
  const where = `rollout ${id}, stage ${stageNumberOf(rollout)}`
  if (state === 'paused' || state === 'retreated')
    return [alarmOf('rollout-paused', `${where}, is ${state}${sayAsked({ why, asked })}`)]
  const controllers = heard && controllersIn(heard, id)
  const [still = standsStill] = (controllers ?? []).flatMap(
    controller => saysOf(controller, { id, is: 'paused' }) ?? [],
  )
  const lacks = controllers === undefined ? cannotLook : whyOrphaned(rollout, controllers)
  return [
    ...(still === undefined ? [] : [alarmOf('rollout-paused', `${where}, stands still: ${oneLine(still)}`)]),
    ...(nowMs > Date.parse(decideBy)
      ? [alarmOf('rollout-overdue', `${where}, was to be decided by ${decideBy}`)]
      : []),
    ...(lacks === undefined ? [] : [alarmOf('rollout-orphaned', `${where}, ${lacks}`)]),
  ]
}

/** Why a rollout is paused: what happened, and the reason and name of who did it. */
function sayAsked({
  why,
  asked,
}: { readonly why: string | undefined } & Pick<NamespaceFacts, 'asked'>): string {
  const { reason, author } = asked ?? {}
  const by = author === undefined ? '' : ` (by ${oneLine(author)})`
  const parts = [why, reason === undefined ? undefined : `${reason}${by}`]
  return parts.map(part => (part === undefined ? '' : `: ${oneLine(part)}`)).join('')
}

/** Why no controller that is heard could move a rollout on; undefined where one could. */
function whyOrphaned({ id, plan, state }: RolloutState, all: readonly HeardController[]): string | undefined {
  const nobody =
    state === 'watching'
      ? 'has no controller that watches it and would take it back'
      : 'has no controller that could move it on'
  const able = all.filter(abilities => missingFor(plan, abilities).length === 0)
  const failing = able.map(controller => saysOf(controller, { id, is: 'failing' }))
  if (failing.includes(undefined)) return undefined
  const [why] = failing
  if (why !== undefined) return `cannot be moved on by ${able[0]?.name}: ${why}`
  const [missing] = all.map(abilities => missingFor(plan, abilities)).sort((a, b) => a.length - b.length)
  if (missing === undefined)
    return `${nobody}: none is heard; start noticeboard serve or noticeboard controller`
  const who = all.length === 1 ? 'the one that is heard does' : `the ${all.length} that are heard do`
  return `${nobody}; it waits for ${missing.join(', ')}, which ${who} not have`
}

/** Why a rollout does not go on, where a controller says that of it. */
function saysOf(
  { stands }: HeardController,
  { id, is }: { readonly id: string; readonly is: RolloutStandstill['is'] },
): string | undefined {
  return stands?.is === is && (stands.rollout ?? id) === id ? stands.why : undefined
}

/** The first clients by name, with what they say. */
function examples(members: readonly FleetMember[]): string {
  const named = members
    .slice(0, 3)
    .map(({ state, report: { clientId, code, path, validator, previous } }) =>
      [
        clientId,
        code,
        path,
        validator && `(${validator})`,
        state === 'crashed' && previous !== undefined ? sayDeath(previous) : undefined,
      ]
        .filter(part => part !== undefined && part !== '')
        .join(' '),
    )
  const more = members.length - named.length
  return `: ${named.join(', ')}${more > 0 ? `, and ${more} more` : ''}`
}
