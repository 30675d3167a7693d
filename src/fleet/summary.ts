import type { Digest } from '../contracts/names.js'
import { comparePositions, type Position } from '../contracts/position.js'
import type { ClientReport, HeardReports } from '../contracts/report.js'
import { groupBy } from '../core/group-by.js'
import { byCodeUnit } from '../core/json/canonical.js'
import { MAX_NEXT_REPORT_MS } from '../core/limits.js'
import { isClient } from '../core/report/is-client.js'
import { missingAfterMs } from '../core/report/missing-after.js'
import { replacedIn } from './replaced.js'
import { lostState } from '../core/report/lost-state.js'
import { digestsOf, positionOf, type Release } from '../core/release/release.js'

/**
 * Where one instance stands to the newest release, exactly one of these:
 * - `current`: runs what it should;
 * - `behind`: heard from, and has not got there yet;
 * - `rejected`: refused the newest document and runs something older;
 * - `unsupported`: the newest release needs a feature that this instance does not have;
 * - `failed`: took it back, by a probe or after deaths;
 * - `crashed`: its predecessor ended abruptly on the newest document within its trial, and it has
 *   not come through that trial itself since; whether it runs it again or went back, its report
 *   says;
 * - `diverged`: took the newest release, and runs a document that the release does not name, though
 *   its predecessor did not die of one that it names;
 * - `paused`: kept where it is by a pin file or `pause()`;
 * - `ahead`: has seen a release that this store does not have: the store lost something;
 * - `missing`: silent for three times its presence period, and for ten seconds more than one;
 * - `replaced`: another instance of the same client came after it: that one names it, or it is
 *   silent and the other one was heard for long since its last word;
 * - `stopped`: closed in order, or promised no further word and was silent for three hours.
 */
export type FleetState =
  | 'current'
  | 'behind'
  | 'rejected'
  | 'unsupported'
  | 'failed'
  | 'crashed'
  | 'diverged'
  | 'paused'
  | 'ahead'
  | 'missing'
  | 'replaced'
  | 'stopped'

/** In the order in which lists show them: those that need attention first. */
export const FLEET_STATES: readonly FleetState[] = [
  'ahead',
  'diverged',
  'crashed',
  'failed',
  'rejected',
  'unsupported',
  'missing',
  'paused',
  'behind',
  'current',
  'replaced',
  'stopped',
]

/** One instance, as its last word tells it. */
export interface FleetMember {
  readonly state: FleetState
  readonly report: ClientReport
  /** How long ago it was heard, in milliseconds; undefined when the store does not say. */
  readonly silentMs: number | undefined
  /**
   * Set where it is live and no state on disk protects it over a restart, though it should be there
   * again.
   */
  readonly unprotected?: true
}

/** What one group of live instances runs. */
export interface RunningVersion {
  /** Undefined for those that run on their defaults. */
  readonly digest: Digest | undefined
  /**
   * The sequence of the release that first named the snapshot, in its epoch; undefined for defaults.
   */
  readonly version: number | undefined
  /** Set where no release brought what they run, and a pin file or `pause()` keeps them there. */
  readonly paused?: true
  /** How many live instances run it. */
  readonly instances: number
}

/**
 * A store that listened for so long has heard every client that reports: three times the interval
 * that clients keep unless told otherwise, in milliseconds.
 */
export const LISTENED_MS = 900_000

/**
 * Who runs what. A fleet that was not heard is `unknown`, which is not the same as empty.
 * `no-reports`: the store keeps none. `never-heard`: it has listened for fifteen minutes or more.
 * `not-yet-heard`: it has listened for less, so that clients may be there that are yet to report.
 */
export type Fleet =
  | { readonly type: 'unknown'; readonly why: 'no-reports' | 'never-heard' | 'not-yet-heard' }
  | {
      readonly type: 'known'
      readonly counts: Readonly<Record<FleetState, number>>
      /** Every instance that was heard, those that need attention first. */
      readonly members: readonly FleetMember[]
      /**
       * How many of the live ones no state on disk protects over a restart, though they should be
       * there again.
       */
      readonly unprotected: number
      /**
       * How many of the paused ones a pin file holds, as far as they say so; the others called
       * `pause()`. Absent where none is.
       */
      readonly pinned?: number
      /** What the live ones run, the most frequent first. */
      readonly running: readonly RunningVersion[]
      /**
       * How many of the live ones were heard last before the server that answers began to listen:
       * their words were kept, perhaps in a backup, and say what was then. Absent where none was.
       */
      readonly heardBefore?: number
    }

/**
 * What it means that nobody was heard, by how long the store has listened.
 *
 * ```ts
 * whyUnheard(await store.reports({ namespace }, signal)) // never-heard
 * ```
 */
export function whyUnheard({
  since,
  asOf,
}: Pick<HeardReports, 'since' | 'asOf'>): 'never-heard' | 'not-yet-heard' {
  return Date.parse(asOf) - Date.parse(since) < LISTENED_MS ? 'not-yet-heard' : 'never-heard'
}

/**
 * Whether anything ever reported to a store, client or not. Where nothing did, `since` need not come
 * to be long ago: a board in a folder names the time of its answer.
 *
 * ```ts
 * if (!hasHeard(heard)) return 'start noticeboard serve'
 * ```
 */
export function hasHeard({ since, asOf, reports }: HeardReports): boolean {
  return reports.length > 0 || since < asOf
}

/**
 * The fleet according to its last reports. A pure function: silence is measured by the clock of the
 * store that heard them. Of several reports of one instance the one with the highest count holds;
 * what reports without being a client, such as a controller, is left out.
 *
 * ```ts
 * const fleet = summarizeFleet(await store.reports({ namespace }, signal), newest)
 * ```
 */
export function summarizeFleet({ since, asOf, reports }: HeardReports, newest: Release | undefined): Fleet {
  const last = lastWords(reports.filter(isClient))
  const now = Date.parse(asOf)
  if (last.length === 0) return { type: 'unknown', why: whyUnheard({ since, asOf }) }
  const silence = (report: ClientReport): number | undefined =>
    report.receivedAt === undefined ? undefined : Math.max(0, now - Date.parse(report.receivedAt))
  const isSilent = (report: ClientReport): boolean =>
    (silence(report) ?? 0) > missingAfterMs(report.nextReportWithinMs ?? MAX_NEXT_REPORT_MS)
  const byClient = groupBy(last, ({ clientId }) => clientId)
  // Whose state did not survive, as those after them show.
  const lost = new Set([...byClient.values()].flatMap(words => [...lostState(words)]))
  const replaced = new Set<string>()
  for (const words of byClient.values()) {
    if (words.length === 1) continue
    const silent = words
      .filter(report => report.phase !== 'stopped' && isSilent(report))
      .map((report): ClientReport =>
        lost.has(report.instanceId) ? { ...report, protection: 'none' } : report,
      )
    for (const instanceId of replacedIn({ words, silent })) replaced.add(instanceId)
  }

  const stand = (report: ClientReport): FleetMember => {
    const silentMs = silence(report)
    if (report.phase === 'stopped') return { state: 'stopped', report, silentMs }
    if (replaced.has(report.instanceId)) return { state: 'replaced', report, silentMs }
    if (!isSilent(report)) return { state: liveState(report, newest), report, silentMs }
    // Who promised nothing is not missed.
    return { state: report.nextReportWithinMs === undefined ? 'stopped' : 'missing', report, silentMs }
  }
  const members = last.map((report): FleetMember => {
    const member = stand(report)
    const isBare = isLive(member) && (isUnprotected(report) || lost.has(report.instanceId))
    return isBare ? { ...member, unprotected: true } : member
  })
  members.sort(
    (a, b) =>
      rank(a) - rank(b) ||
      byCodeUnit(a.report.clientId, b.report.clientId) ||
      byCodeUnit(a.report.instanceId, b.report.instanceId),
  )
  const unprotected = members.filter(member => member.unprotected === true).length
  const heardBefore = members.filter(
    member => isLive(member) && member.report.receivedAt !== undefined && member.report.receivedAt < since,
  ).length
  const pinned = members.filter(isPinned).length
  return {
    type: 'known',
    counts: count(members),
    unprotected,
    members,
    ...(pinned > 0 && { pinned }),
    running: running(members),
    ...(heardBefore > 0 && { heardBefore }),
  }
}

/**
 * Whether an instance takes part: heard lately, and not gone.
 *
 * ```ts
 * const exposed = fleet.members.filter(isLive).length
 * ```
 */
export function isLive({ state }: FleetMember): boolean {
  return state !== 'stopped' && state !== 'missing' && state !== 'replaced'
}

function isPinned({ state, report }: FleetMember): boolean {
  return state === 'paused' && report.code === 'pinned'
}

function isUnprotected({ protection, ephemeral }: ClientReport): boolean {
  return protection === 'none' && !ephemeral
}

/**
 * Whether a position that a client has seen is none that a store with this newest one has.
 *
 * ```ts
 * isBeyond(report.seen, newest && positionOf(newest))
 * ```
 */
export function isBeyond(seen: Position, own: Position | undefined): boolean {
  if (own === undefined) return true
  const order = comparePositions(seen, own)
  return order === 'newer' || order === 'fork'
}

function lastWords(reports: readonly ClientReport[]): readonly ClientReport[] {
  const last = new Map<string, ClientReport>()
  for (const report of reports) {
    const known = last.get(report.instanceId)
    if (known === undefined || known.count < report.count) last.set(report.instanceId, report)
  }
  return [...last.values()]
}

function liveState(report: ClientReport, newest: Release | undefined): FleetState {
  const own = newest === undefined ? undefined : positionOf(newest)
  if (report.seen !== undefined && isBeyond(report.seen, own)) return 'ahead'
  if (newest === undefined || own === undefined) return 'current'
  const upToDate = report.seen !== undefined && comparePositions(report.seen, own) === 'same'
  const { applied } = report
  const isRunning = runsIt(report, newest)
  // Who runs it and is healthy has come through the trial itself.
  const isProven = isRunning && report.phase === 'healthy'
  const notThere = !isProven && cameAfterDeath(report, newest) ? 'crashed' : 'behind'
  switch (report.phase) {
    case 'rejected':
      // A refusal of something older than the newest release says nothing about the newest.
      if (report.code === 'unsupported') return 'unsupported'
      return upToDate ? 'rejected' : notThere
    case 'reverted':
    case 'quarantined':
      return upToDate ? 'failed' : notThere
    case 'applied':
    case 'healthy':
      if (isRunning) return notThere === 'behind' && upToDate ? 'current' : notThere
      if (applied === undefined || comparePositions(applied, own) !== 'same') return notThere
      // Who went back to what ran before a death does what it should.
      return diedOf(report, newest) ? 'crashed' : 'diverged'
    case 'paused':
      return 'paused'
    case 'waiting':
    case 'staged':
    case 'trying':
    case 'other':
    case 'stopped':
      return notThere
  }
}

/** For so long a death is held against what ran, unless a rollout says longer, in milliseconds. */
const TRIAL_MS = 120_000

/** Whether the instance before it ended abruptly on what the newest release names, in its trial. */
function cameAfterDeath(report: ClientReport, newest: Release): boolean {
  const trialMs = Math.max(TRIAL_MS, newest.evidence?.bakeMs ?? 0)
  if (!diedOf(report, newest) || (report.previous?.ranMs ?? 0) >= trialMs) return false
  return !runsIt(report, newest) || !wasThereBefore(report, newest)
}

/** Whether the instance before it ended abruptly on what the newest release names. */
function diedOf({ previous }: ClientReport, newest: Release): boolean {
  if (previous?.end !== 'abrupt' || previous.digest === undefined) return false
  return digestsOf(newest).includes(previous.digest)
}

function runsIt({ digest }: ClientReport, newest: Release): boolean {
  return digest !== undefined && digestsOf(newest).includes(digest)
}

/**
 * Whether an instance was there before the document came into force to which everybody went back:
 * the death before it was of an earlier time of that document, and others ran since.
 */
function wasThereBefore({ firstHeardAt }: ClientReport, { cause, rollout, issuedAt }: Release): boolean {
  if (cause !== 'rollback' || rollout !== undefined || firstHeardAt === undefined) return false
  return Date.parse(firstHeardAt) < Date.parse(issuedAt)
}

function count(members: readonly FleetMember[]): Record<FleetState, number> {
  const counts = Object.fromEntries(FLEET_STATES.map(state => [state, 0])) as Record<FleetState, number>
  for (const { state } of members) counts[state] += 1
  return counts
}

function running(members: readonly FleetMember[]): readonly RunningVersion[] {
  const groups = new Map<string, RunningVersion>()
  for (const { report } of members.filter(isLive)) {
    const { digest, version } = report
    const isKept = digest === undefined && report.phase === 'paused'
    const key = `${digest ?? ''} ${version ?? ''} ${isKept}`
    const instances = (groups.get(key)?.instances ?? 0) + 1
    groups.set(key, { digest, version, ...(isKept && { paused: true }), instances })
  }
  return [...groups.values()].sort((a, b) => b.instances - a.instances)
}

function rank({ state }: FleetMember): number {
  return FLEET_STATES.indexOf(state)
}
