import type { Digest } from '../contracts/names.js'
import type { HeardReports } from '../contracts/report.js'
import type { Hasher } from '../contracts/system.js'
import { isAtLeast, type Position } from '../contracts/position.js'
import type { Audience } from '../core/release/audience.js'
import type { Arm, Release } from '../core/release/release.js'
import type { RolloutState } from '../core/release/rollout.js'
import { clientStateOf, type ClientState, type Observed } from './client-state.js'
import { idOf, inAudience, isByLabel } from './cohort.js'
import { eValue, type StageCounts } from './e-process.js'
import { failedSince, type Failure } from './failures.js'
import { readGuardrails, type GuardrailReading } from './guardrail.js'
import {
  asOfThen,
  cameBack,
  isHeard,
  membersOf,
  presenceOf,
  unitOf,
  wasLive,
  type Member,
} from './members.js'
import { missingCanaries } from './missing-canaries.js'
import { FEWEST_STAGED, type StagedPlan } from './plan.js'
import { sinceThen } from './rehearsal.js'

/**
 * A stage as its evidence shows it now. Clients are counted, those that were live when it began, or
 * were started again in that moment.
 */
export interface StageView {
  readonly nowMs: number
  readonly rollout: RolloutState
  readonly plan: StagedPlan
  readonly audience: Audience | undefined
  /** The snapshots that the exposed are to run: on a rehearsed way back what is stable. */
  readonly tried: ReadonlySet<Digest>
  /** Who is exposed, and on a rehearsed way back the client that goes back. */
  readonly exposed: readonly Observed[]
  /** Those of the exposed that were chosen or named for the stage, and are not healthy yet. */
  readonly missingCanaries: readonly Member[]
  readonly control: readonly Member[]
  /** How many of the control failed in any way since the stage began, and how many are heard. */
  readonly controlFailed: number
  readonly controlHeard: number
  /** The share of all live clients that has seen the release with which the stage began. */
  readonly seenShare: number
  /** The live clients that have not. */
  readonly unseen: readonly Member[]
  /** The counts that the e-value rests on; clients, or the values of the plan's `cluster`. */
  readonly counts: StageCounts
  readonly e: number
  /** Whether the e-value is allowed to roll back: not where a whole label fails together. */
  readonly mayRollBack: boolean
  /** Where each number stands that the plan compares. */
  readonly readings: readonly GuardrailReading[]
}

/** What a view is made of. */
export interface ViewQuery {
  readonly release: Release
  readonly rollout: RolloutState
  readonly plan: StagedPlan
  readonly heard: HeardReports
  readonly hasher: Hasher
}

/**
 * Looks at a stage: who is in it, where each client stands, and what the clients outside it do at
 * the same time. A function of the newest release and of what was heard, so that a controller that
 * was restarted sees the same.
 *
 * ```ts
 * const view = viewOf({ release, rollout, plan, heard, hasher })
 * ```
 */
export function viewOf({ release, rollout, plan, heard, hasher }: ViewQuery): StageView {
  const nowMs = Date.parse(heard.asOf)
  const { stageStart, state } = rollout
  const atMs = Date.parse(stageStart.at)
  const { audience } = release
  const back = stageStart.rehearsal?.phase === 'back' ? stageStart.rehearsal : undefined
  const candidate = digestsIn(triedArm({ release, rollout }))
  // Fleets of one or two are watched from the start, also where they have only just come.
  const isTiny = state === 'watching' && stageStart.live < FEWEST_STAGED
  const live = membersOf(heard, isTiny ? atMs : atMs - plan.reportMs)
    .filter(member => wasLive(member, atMs) || cameBack(member, atMs, plan.reportMs))
    .map(member => asOfThen(member, atMs))
  const isExposed = (member: Member): boolean => {
    if (audience === undefined) return state === 'watching'
    if (back === undefined) return inAudience(member, audience, hasher)
    return idOf(member.clientId, { salt: audience.salt, hasher }) === back.id
  }
  const query = { candidate, bakeMs: plan.bakeMs, nowMs, fromMs: atMs }
  const stateOf = (member: Member): ClientState =>
    clientStateOf(back === undefined ? member : sinceThen(member, atMs), query)
  const exposed: Observed[] = []
  const control: Member[] = []
  // Once each: to be in an audience takes a hash.
  for (const member of live) {
    if (isExposed(member)) exposed.push({ member, state: stateOf(member) })
    else control.push(member)
  }

  const failed = (member: Member): boolean => failedSince(member, { atMs, nowMs, candidate })
  const failedControl = control.filter(failed)
  const there = live.filter(member => presenceOf(member, nowMs) === 'live')
  const unseen = there.filter(member => !hasSeen(member, stageStart.position))
  const exposedMembers = exposed.map(({ member }) => member)
  const counts = countsOf({
    plan,
    rollout,
    exposed: exposedMembers,
    control,
    failedExposed: exposedMembers.filter(failed),
    failedControl,
  })
  return {
    nowMs,
    rollout,
    plan,
    audience,
    tried: candidate,
    exposed,
    missingCanaries: missingCanaries(exposed, { audience, hasher }),
    control,
    controlFailed: failedControl.length,
    controlHeard: control.filter(member => isHeard(member, nowMs)).length,
    seenShare: there.length === 0 ? 0 : (there.length - unseen.length) / there.length,
    unseen,
    counts,
    e: eValue(counts),
    mayRollBack: plan.cluster !== undefined || audience === undefined || !isByLabel(audience),
    readings: readGuardrails({
      guardrails: plan.guardrails ?? [],
      stage: stageStart.position,
      bakeMs: plan.bakeMs,
      exposed: {
        members: exposedMembers,
        digests: candidate,
        planned: counts.exposed,
      },
      control: { members: control, digests: digestsIn(release.stable), planned: counts.control },
      cluster: plan.cluster,
    }),
  }
}

/** The clients of a view that failed, and how. */
export function failuresIn({ exposed }: Pick<StageView, 'exposed'>): readonly Failure[] {
  return exposed.flatMap(({ state }) => (state.is === 'failed' ? [state.failure] : []))
}

/**
 * What a stage is judged by: the candidate, and for a client that rehearses its way back what is
 * stable.
 */
function triedArm({ release, rollout }: Pick<ViewQuery, 'release' | 'rollout'>): Arm | undefined {
  if (rollout.stageStart.rehearsal?.phase === 'back') return release.stable
  // While it is watched the candidate is what everybody runs, but for those who are held back.
  return release.candidate ?? (rollout.state === 'watching' ? release.stable : undefined)
}

function digestsIn(arm: Arm | undefined): ReadonlySet<Digest> {
  return new Set((arm?.variants ?? []).map(({ digest }) => digest))
}

interface Groups {
  readonly plan: StagedPlan
  readonly rollout: RolloutState
  readonly exposed: readonly Member[]
  readonly control: readonly Member[]
  readonly failedExposed: readonly Member[]
  readonly failedControl: readonly Member[]
}

/**
 * Of clients the numbers are those of the stage's start or more, since stores forget: a bound must
 * not be reached by forgetting. Of clusters they are counted, since the release does not hold them.
 */
function countsOf({ plan, rollout, ...groups }: Groups): StageCounts {
  const { cluster } = plan
  const failed = {
    failedExposed: groups.failedExposed.length,
    failedControl: groups.failedControl.length,
  }
  if (cluster === undefined) {
    const { exposed, control } = rollout.stageStart
    return {
      exposed: Math.max(exposed, groups.exposed.length),
      control: Math.max(control, groups.control.length),
      ...failed,
    }
  }
  const units = (members: readonly Member[]): number =>
    new Set(members.map(member => unitOf(member, cluster))).size
  return {
    exposed: units(groups.exposed),
    control: units(groups.control),
    failedExposed: units(groups.failedExposed),
    failedControl: units(groups.failedControl),
  }
}

function hasSeen({ current }: Member, position: Position): boolean {
  return current.every(
    ({ seen, phase }) => phase === 'stopped' || (seen !== undefined && isAtLeast(seen, position)),
  )
}
