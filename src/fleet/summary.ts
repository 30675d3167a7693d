import type { Digest } from '../contracts/names.js'
import { comparePositions, type Position } from '../contracts/position.js'
import type { ClientReport } from '../contracts/report.js'
import { MISSING_AFTER_PERIODS } from '../core/limits.js'
import { digestsOf, positionOf, type Release } from '../core/release/release.js'

/**
 * Where one instance stands to the newest release, exactly one of these:
 * - `current`: runs what it should;
 * - `behind`: heard from, and has not got there yet;
 * - `rejected`: refused the newest document and runs something older;
 * - `failed`: took it back, by a probe or after deaths;
 * - `paused`: kept where it is by a pin file or `pause()`;
 * - `ahead`: has seen a release that this store does not have: the store lost something;
 * - `missing`: silent for three times its presence period, and so is every instance of its client;
 * - `replaced`: silent likewise, while another instance of the same client is heard;
 * - `stopped`: closed in order.
 */
export type FleetState =
  | 'current'
  | 'behind'
  | 'rejected'
  | 'failed'
  | 'paused'
  | 'ahead'
  | 'missing'
  | 'replaced'
  | 'stopped'

/** In the order in which lists show them: those that need attention first. */
export const FLEET_STATES: readonly FleetState[] = [
  'ahead',
  'failed',
  'rejected',
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
}

/** What one group of live instances runs. */
export interface RunningVersion {
  /** Undefined for those that run on their defaults. */
  readonly digest: Digest | undefined
  readonly version: number | undefined
  readonly instances: number
}

/** Who runs what. A fleet that was never heard is `unknown`, which is not the same as empty. */
export type Fleet =
  | { readonly type: 'unknown'; readonly why: 'no-reports' | 'never-heard' }
  | {
      readonly type: 'known'
      readonly counts: Readonly<Record<FleetState, number>>
      /** Every instance that was heard, those that need attention first. */
      readonly members: readonly FleetMember[]
      /** What the live ones run, the most frequent first. */
      readonly running: readonly RunningVersion[]
    }

/**
 * The fleet according to its last reports. A pure function: `now` is wall-clock milliseconds. Of
 * several reports of one instance the one with the highest count holds.
 *
 * ```ts
 * const fleet = summarizeFleet(reports, newest, clock.now())
 * ```
 */
export function summarizeFleet(
  reports: readonly ClientReport[],
  newest: Release | undefined,
  now: number,
): Fleet {
  const last = lastWords(reports)
  if (last.length === 0) return { type: 'unknown', why: 'never-heard' }
  const silence = (report: ClientReport): number | undefined =>
    report.receivedAt === undefined ? undefined : Math.max(0, now - Date.parse(report.receivedAt))
  const isSilent = (report: ClientReport): boolean =>
    (silence(report) ?? 0) > MISSING_AFTER_PERIODS * report.nextReportWithinMs
  const heard = new Set(
    last.filter(report => report.phase !== 'stopped' && !isSilent(report)).map(({ clientId }) => clientId),
  )

  const members = last.map((report): FleetMember => {
    const silentMs = silence(report)
    if (report.phase === 'stopped') return { state: 'stopped', report, silentMs }
    if (isSilent(report))
      return { state: heard.has(report.clientId) ? 'replaced' : 'missing', report, silentMs }
    return { state: liveState(report, newest), report, silentMs }
  })
  members.sort(
    (a, b) =>
      rank(a) - rank(b) ||
      order(a.report.clientId, b.report.clientId) ||
      order(a.report.instanceId, b.report.instanceId),
  )
  return { type: 'known', counts: count(members), members, running: running(members) }
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

/**
 * The newest position that a client has seen beyond a store's newest; undefined when the store is
 * not behind its fleet.
 *
 * ```ts
 * const seen = seenBeyond(reports, newest)
 * ```
 */
export function seenBeyond(
  reports: readonly ClientReport[],
  newest: Release | undefined,
): Position | undefined {
  const own = newest === undefined ? undefined : positionOf(newest)
  let highest: Position | undefined
  for (const { seen } of reports) {
    if (seen === undefined || !isBeyond(seen, own)) continue
    if (highest === undefined || comparePositions(seen, highest) === 'newer') highest = seen
  }
  return highest
}

function isBeyond(seen: Position, own: Position | undefined): boolean {
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
  if (report.paused === true) return 'paused'
  const upToDate = report.seen !== undefined && comparePositions(report.seen, own) === 'same'
  const runsIt = report.digest !== undefined && digestsOf(newest).includes(report.digest)
  switch (report.phase) {
    case 'rejected':
      // A refusal of something older than the newest release says nothing about the newest.
      return upToDate ? 'rejected' : 'behind'
    case 'reverted':
    case 'quarantined':
      return upToDate ? 'failed' : 'behind'
    case 'applied':
    case 'healthy':
      return upToDate && runsIt ? 'current' : 'behind'
    case 'waiting':
    case 'staged':
    case 'stopped':
      return 'behind'
  }
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
    const key = `${digest ?? ''} ${version ?? ''}`
    groups.set(key, { digest, version, instances: (groups.get(key)?.instances ?? 0) + 1 })
  }
  return [...groups.values()].sort((a, b) => b.instances - a.instances)
}

function rank({ state }: FleetMember): number {
  return FLEET_STATES.indexOf(state)
}

function order(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
