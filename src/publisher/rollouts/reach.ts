import type { Digest } from '../../contracts/names.js'
import { isAtLeast, type Position } from '../../contracts/position.js'
import type { ClientReport, HeardReports } from '../../contracts/report.js'
import { groupBy } from '../../core/group-by.js'
import { MAX_EXCEPTIONS } from '../../core/limits.js'
import type { StepException } from '../../core/release/step-evidence.js'
import { isLive, LISTENED_MS, type Fleet, type FleetMember } from '../../fleet/summary.js'
import { runs } from '../../rollouts/client-state.js'

/**
 * How far a document has come with the clients that count: those that are live. Of these a client
 * that is paused or pinned, one that reports on demand and a short-lived one are left out: they may
 * run it, and nobody waits for them; what they refuse counts.
 */
export interface RolloutReach {
  /**
   * `everywhere`: all of them run it, and there is one at least. `refused`: nobody is under way any
   * more, and some refused it. `under-way`: some do not run it yet, or clients that were there when
   * it went out are not heard. `nobody`: no client is there, and for 15 minutes none was heard.
   * `unseen`: the store keeps no reports.
   */
  readonly is: 'everywhere' | 'refused' | 'under-way' | 'nobody' | 'unseen'
  /** How many clients do not run it yet, those of a crash that is not over among them. */
  readonly underWay: number
  /**
   * How many clients refused it, took it back, have it under quarantine, or lack a feature that its
   * release needs.
   */
  readonly refused: number
  /** How many live clients that do not run it are not waited for. */
  readonly leftOut: number
  /** The clients that refused it, a hundred at most. */
  readonly refusals: readonly StepException[]
}

/** What a {@link RolloutReach} is made of. */
export interface ReachQuery {
  readonly heard: Pick<HeardReports, 'since' | 'asOf'>
  /** Those whom the release is for. */
  readonly fleet: Fleet
  /** What they are to run. */
  readonly digests: ReadonlySet<Digest>
  /** The first release whose refusal counts: an older one says nothing of this try. */
  readonly first: Position
  /** How many were there when it went out, and when that was; undefined where nobody counted. */
  readonly start?: { readonly exposed: number; readonly at: string } | undefined
}

const NOBODY = { underWay: 0, refused: 0, leftOut: 0, refusals: [] } as const

/** The reach of a release over a store that keeps no reports. */
export const UNSEEN: RolloutReach = { is: 'unseen', ...NOBODY }

/**
 * How far a release has come, by the last words of the fleet. A pure function.
 *
 * ```ts
 * const { is, refusals } = reachOf({ heard, fleet, digests, first: position })
 * ```
 */
export function reachOf({ heard, fleet, digests, first, start }: ReachQuery): RolloutReach {
  const listenedMs = Date.parse(heard.asOf) - Date.parse(heard.since)
  if (fleet.type === 'unknown') {
    if (fleet.why === 'no-reports') return UNSEEN
    const wasSomebody = start !== undefined && start.exposed > 0
    return { is: fleet.why === 'never-heard' && !wasSomebody ? 'nobody' : 'under-way', ...NOBODY }
  }
  const counts = { runs: 0, underWay: 0, refused: 0, leftOut: 0 }
  const refusals: StepException[] = []
  const clients = groupBy(fleet.members, ({ report }) => report.clientId)
  for (const ofClient of clients.values()) {
    const places = ofClient.filter(isLive).map(member => placeOf(member, { digests, first }))
    const refusal = places.find(({ refusal: said }) => said !== undefined)?.refusal
    if (refusal !== undefined) {
      counts.refused += 1
      refusals.push(refusal)
    }
    const at = WORST_FIRST.find(one => places.some(place => place.at === one))
    if (at !== undefined && at !== 'refused') counts[at] += 1
  }
  const { runs: ran, ...told } = counts
  // A store that began to listen afterwards has yet to hear who was there.
  const isHalfHeard =
    start !== undefined &&
    listenedMs < LISTENED_MS &&
    Date.parse(heard.since) > Date.parse(start.at) &&
    clients.size < start.exposed
  const is = (): RolloutReach['is'] => {
    if (told.underWay > 0 || isHalfHeard) return 'under-way'
    if (told.refused > 0) return 'refused'
    if (ran > 0) return 'everywhere'
    return told.leftOut === 0 && areGone(fleet.members) ? 'nobody' : 'under-way'
  }
  return { is: is(), ...told, refusals: refusals.slice(0, MAX_EXCEPTIONS) }
}

type At = 'refused' | 'underWay' | 'runs' | 'leftOut'

/** Of a client's instances the worst one counts. */
const WORST_FIRST: readonly At[] = ['refused', 'underWay', 'runs', 'leftOut']

interface Place {
  readonly at: At
  readonly refusal?: StepException
}

function placeOf(
  { state, report }: FleetMember,
  { digests, first }: Pick<ReachQuery, 'digests' | 'first'>,
): Place {
  // After an abrupt end it has yet to come through its trial.
  const isWell = state !== 'crashed' && state !== 'ahead'
  if (isWell && runs(report, digests)) return { at: 'runs' }
  const isOfThis = report.seen !== undefined && isAtLeast(report.seen, first)
  const lacksFeature = state === 'unsupported'
  const refusal = isOfThis || lacksFeature ? refusalIn(report, digests) : undefined
  if (refusal !== undefined) {
    // A participant that objects is asked again, and what lacks a feature may yet look at this one.
    const isOpen = refusal.kind === 'vetoed' || (lacksFeature && !isOfThis)
    return { at: isOpen ? 'underWay' : 'refused', refusal }
  }
  const isLeftOut = report.phase === 'paused' || report.ephemeral || report.nextReportWithinMs === undefined
  return { at: isLeftOut ? 'leftOut' : 'underWay' }
}

/** What a client says against one of these snapshots, its own overrides among the reasons. */
function refusalIn(report: ClientReport, digests: ReadonlySet<Digest>): StepException | undefined {
  const { clientId, instanceId, phase, refused, code, validator, path, verdicts = [] } = report
  const by = { clientId, instanceId }
  const place = {
    ...(code !== undefined && { code }),
    ...(validator !== undefined && { validator }),
    ...(path !== undefined && { path }),
  }
  if (phase === 'rejected' && code === 'unsupported') return { ...by, kind: 'unsupported' }
  if (refused !== undefined && digests.has(refused))
    return { ...by, kind: code === 'vetoed' ? 'vetoed' : phase, digest: refused, ...place }
  const verdict = verdicts.findLast(one => digests.has(one.digest) && one.verdict !== 'other')
  if (verdict === undefined) return undefined
  const { verdict: kind, overridden: _, ...said } = verdict
  return { ...by, kind, ...said }
}

/** Whether all have stopped in order, and so long ago that nobody comes in their place. */
function areGone(members: readonly FleetMember[]): boolean {
  return members.every(({ state, silentMs = 0 }) => state !== 'missing' && silentMs >= LISTENED_MS)
}
