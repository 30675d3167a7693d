import type { Json } from '../contracts/json.js'
import type { HeardReports } from '../contracts/report.js'
import type { Audience } from '../core/release/audience.js'
import type { EvidenceRequest } from '../core/release/rollout.js'
import { hasHeard, LISTENED_MS } from '../fleet/summary.js'
import { isClient } from '../core/report/is-client.js'
import { audienceOf, idOf, inAudience } from './cohort.js'
import { decideWithinMs } from './deadline.js'
import { firstHeardMs, heardMs, liveMembers, membersOf, presenceOf, type Member } from './members.js'
import { FEWEST_STAGED, type StagedPlan } from './plan.js'
import type { FirstStep, NextStage, StartInput } from './policy.js'
import { rehearserOf } from './rehearsal.js'
import { sayResolvingPower } from './resolving-power.js'
import { sayStages, type Stage } from './stage.js'
import { sayUnprotected } from './unprotected.js'

/** The fleet that a rollout begins with. */
export interface Fleet {
  /** Those that were heard for long enough to count, and all that are there. */
  readonly live: readonly Member[]
  readonly present: readonly Member[]
  /** Clients that fell silent, and those that stopped less than a report period ago. */
  readonly silent: number
  readonly stopped: number
  /** For how long the store has listened, in milliseconds. */
  readonly listenedMs: number
  /** Whether anything ever reported; before it does, a board in a folder does not listen. */
  readonly hasHeard: boolean
  /**
   * Whether clients that are there ran long before the store began to listen, and it knows of
   * nobody from then: what it had heard is lost, and they may be the first of many.
   */
  readonly hasForgotten: boolean
  /** For how long a client has to be heard before it counts, in milliseconds. */
  readonly heardForMs: number
}

/** What a first step is made of, beside its plan. */
export interface Began extends Fleet {
  readonly input: Pick<StartInput, 'nowMs' | 'salt' | 'stable' | 'spreadMs' | 'hasher'>
}

/** Who is there to begin a rollout with. */
export function whoIsThere(
  heard: HeardReports,
  { nowMs, reportMs }: { readonly nowMs: number; readonly reportMs: number },
): Fleet {
  const liveOf = (beforeMs: number): readonly Member[] => liveMembers(heard, { beforeMs, nowMs })
  return {
    live: liveOf(nowMs - reportMs),
    present: liveOf(nowMs),
    ...awayIn(heard, { nowMs, reportMs }),
    listenedMs: nowMs - Date.parse(heard.since),
    hasHeard: hasHeard(heard),
    hasForgotten: hasForgotten(heard),
    heardForMs: reportMs,
  }
}

function hasForgotten({ since, reports }: HeardReports): boolean {
  const sinceMs = Date.parse(since)
  const clients = reports.filter(isClient)
  return (
    clients.every(report => firstHeardMs(report) >= sinceMs) &&
    clients.some(report => heardMs(report) - report.upMs < sinceMs - LISTENED_MS)
  )
}

/**
 * What a plan begins with: its first stage, one client that rehearses the way back, or everyone
 * where there is nobody to compare with. Refused where nobody can rehearse.
 */
export function firstStep(plan: StagedPlan, began: Began): FirstStep {
  const { input, live, present } = began
  const { nowMs, salt, spreadMs: fetchSpreadMs, hasher } = input
  if (plan.rehearse === true) return rehearsedFirst(plan, began)
  if (present.length < FEWEST_STAGED) return watchedAtOnce(plan, { present, nowMs, fetchSpreadMs })
  const [stage] = plan.stages
  const before: Audience = { salt, clauses: [] }
  const audience = audienceOf({ stage: stage as Stage, live, before, holdback: plan.holdback ?? 0, hasher })
  const exposed = live.filter(member => inAudience(member, audience, hasher)).length
  return {
    type: 'stage',
    plan: plan as unknown as Json,
    evidence: evidenceFor(plan),
    next: {
      state: 'running',
      stage: 0,
      audience,
      start: {
        at: new Date(nowMs).toISOString(),
        live: live.length,
        exposed,
        control: live.length - exposed,
      },
      decideBy: new Date(nowMs + decideWithinMs(plan, live, fetchSpreadMs)).toISOString(),
    },
    says: [
      `stages: ${sayStages(plan.stages)} of ${live.length} live clients`,
      `the first one: ${sayResolvingPower({ live: live.length, healthy: exposed })}`,
      ...sayNewcomers(began),
      ...sayUnprotected(live),
    ],
  }
}

/**
 * Stage 0: one client goes forward, back and forward. In a fleet of one or two as well, since it is
 * compared with nobody.
 */
function rehearsedFirst(plan: StagedPlan, began: Began): FirstStep {
  const { input, live, present } = began
  const { nowMs, salt, stable, hasher, spreadMs: fetchSpreadMs } = input
  const [first] = plan.stages
  const client = rehearserOf({ live, first: first as Stage, stable: new Set(stable), salt, hasher })
  if (client === undefined)
    return {
      type: 'refused',
      why: 'no-rehearsal',
      says: [
        `none of ${present.length} live clients can rehearse the way back: it takes one that was heard for ${seconds(plan.reportMs)}, is well, runs what is stable, reports by a timer, and has a state folder; try again later, or leave rehearse out`,
      ],
    }
  const id = idOf(client.clientId, { salt, hasher })
  return {
    type: 'stage',
    plan: plan as unknown as Json,
    evidence: evidenceFor(plan),
    next: {
      state: 'running',
      stage: 0,
      audience: { salt, clauses: [{ ids: [id] }] },
      start: {
        at: new Date(nowMs).toISOString(),
        live: live.length,
        exposed: 1,
        control: live.length - 1,
        rehearsal: { phase: 'forward', id },
      },
      decideBy: new Date(nowMs + decideWithinMs(plan, live, fetchSpreadMs)).toISOString(),
    },
    says: [
      `first one client of ${live.length} rehearses the way back: forward, back and forward, ${seconds(plan.bakeMs)} each`,
      `then the stages: ${sayStages(plan.stages)} of ${live.length} live clients`,
      ...sayNewcomers(began),
    ],
  }
}

/** Why fewer clients are counted than are there. */
function sayNewcomers({ live, present, heardForMs }: Began): readonly string[] {
  const more = present.length - live.length
  if (more <= 0) return []
  return [
    `${more} more ${more === 1 ? 'was' : 'were'} first heard less than ${seconds(heardForMs)} ago, and ${more === 1 ? 'is' : 'are'} no evidence yet`,
  ]
}

/**
 * One client or two have nobody to be compared with: the document goes to them at once, and is
 * watched.
 */
function watchedAtOnce(
  plan: StagedPlan,
  {
    present,
    nowMs,
    fetchSpreadMs,
  }: { readonly present: readonly Member[]; readonly nowMs: number; readonly fetchSpreadMs: number },
): FirstStep {
  const live = present.length
  return {
    type: 'stage',
    plan: plan as unknown as Json,
    evidence: evidenceFor(plan),
    next: {
      state: 'watching',
      stage: plan.stages.length - 1,
      audience: undefined,
      start: { at: new Date(nowMs).toISOString(), live, exposed: live, control: 0 },
      decideBy: new Date(nowMs + plan.watchMs + decideWithinMs(plan, present, fetchSpreadMs)).toISOString(),
    },
    says: [
      `${live === 1 ? 'one client is' : 'two clients are'} live, so a stage could be compared with nobody: it goes to everyone, and is watched`,
      ...sayUnprotected(present),
    ],
  }
}

/** What comes before the first step while gates are to be asked: it begins with nobody. */
export function exposingNobody(plan: StagedPlan, { live, present, input }: Began): NextStage {
  const { nowMs, salt, spreadMs } = input
  return {
    state: 'running',
    stage: 0,
    audience: { salt, clauses: [] },
    start: {
      at: new Date(nowMs).toISOString(),
      live: live.length,
      exposed: 0,
      control: live.length,
      awaitsGates: true,
    },
    decideBy: new Date(nowMs + decideWithinMs(plan, present, spreadMs)).toISOString(),
  }
}

/** What clients are asked for, by the plan. */
function evidenceFor({ bakeMs, reportMs, spreadMs, guardrails = [] }: StagedPlan): EvidenceRequest {
  const measures = guardrails.map(({ measure }) => measure)
  return { bakeMs, reportMs, spreadMs, ...(measures.length > 0 && { measures }) }
}

/** Clients that are not there now and may be back in a moment. */
function awayIn(
  heard: HeardReports,
  { nowMs, reportMs }: { readonly nowMs: number; readonly reportMs: number },
): Pick<Fleet, 'silent' | 'stopped'> {
  const members = membersOf(heard, nowMs)
  const silent = members.filter(member => presenceOf(member, nowMs) === 'silent').length
  const stopped = members.filter(
    member =>
      presenceOf(member, nowMs) === 'gone' && member.words.some(word => nowMs - heardMs(word) < reportMs),
  ).length
  return { silent, stopped }
}

const LISTENED_MIN = LISTENED_MS / 60_000

/**
 * What is done where no stage can be judged, since nobody is there, or they are yet to be heard;
 * undefined where one can.
 */
export function whenFew(fleet: Fleet): FirstStep | undefined {
  const { silent, stopped, listenedMs, hasForgotten, heardForMs: reportMs } = fleet
  const [present, incumbents] = [fleet.present.length, fleet.live.length]
  const refused = (says: string): FirstStep => ({ type: 'refused', why: 'fleet-unknown', says: [says] })
  if (!fleet.hasHeard)
    return refused(
      `nothing has reported to this store yet, so it cannot tell that no client is there: start noticeboard serve or noticeboard controller, and wait for ${LISTENED_MIN} min, or publish with everyone(), or with timed() where clients cannot report`,
    )
  if (present === 0 && listenedMs < LISTENED_MS)
    return refused(
      `no client was heard yet, and the store has listened for ${seconds(listenedMs)} only: wait until it has heard the fleet, or for ${LISTENED_MIN} min in all, after which none is there, or publish with everyone(), or with timed() where clients cannot report`,
    )
  // A fleet that is started anew, or whose reports do not come through, is not one that is not
  // there.
  if (stopped > present || (present === 0 && silent > 0))
    return refused(
      `${present} clients are live, ${silent} are silent, and ${stopped} stopped within the last ${seconds(reportMs)}: wait until the fleet is heard again, or publish with everyone()`,
    )
  if (present === 0)
    return {
      type: 'everyone',
      says: ['no client reports here, and the store has listened for long enough: it goes to everyone'],
    }
  if (present < FEWEST_STAGED && hasForgotten && listenedMs < LISTENED_MS)
    return refused(
      `${present === 1 ? 'one client is live, which has run' : 'two clients are live, which have run'} far longer than the store has listened, which is ${seconds(listenedMs)}: it may have lost what it knew of others, so wait until it has heard the fleet, or publish with everyone()`,
    )
  if (present < FEWEST_STAGED || incumbents >= FEWEST_STAGED) return undefined
  return refused(
    `${present} clients were heard, and ${incumbents} of them for longer than ${seconds(reportMs)}: clients that have only just come are no evidence, so try again in ${seconds(reportMs)}`,
  )
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1_000))} s`
}
