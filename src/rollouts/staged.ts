import { NoticeboardError } from '../contracts/errors.js'
import { canonicalize } from '../core/json/canonical.js'
import type { Json } from '../contracts/json.js'
import type { HeardReports } from '../contracts/report.js'
import type { Audience } from '../core/release/audience.js'
import type { EvidenceRequest } from '../core/release/rollout.js'
import { exceedsBytes } from '../core/json/text.js'
import { MAX_BAKE_MS, MAX_PLAN_BYTES } from '../core/limits.js'
import { LISTENED_MS } from '../fleet/summary.js'
import { audienceOf, idOf, inAudience } from './cohort.js'
import { decideWithinMs } from './deadline.js'
import { decideStaged } from './decide.js'
import { readGates } from './gate.js'
import { heardMs, liveMembers, membersOf, presenceOf, type Member } from './members.js'
import { sayUnprotected } from './unprotected.js'
import { FEWEST_STAGED, readStagedPlan, type StagedPlan } from './plan.js'
import type { FirstStep, RolloutPolicy, StartInput } from './policy.js'
import { rehearserOf } from './rehearsal.js'
import { healthyToExclude, sayResolvingPower } from './resolving-power.js'
import { defaultStages, sayStages, type Stage, type StageSpec } from './stage.js'
import { checkStaged, stageOf, type StagedOptions } from './staged-options.js'

const BAKE_MS = 300_000
/** Without a probe nobody says that something is wrong, so damage has more time to show. */
const BAKE_WITHOUT_PROBE_MS = 900_000
const REPORT_MS = 60_000
const WATCH_MS = 1_800_000
const QUORUM = 0.9

/**
 * Stage by stage, each on the evidence of the one before: the default. A number is clients, `'10%'`
 * a share, `{ labels }` a ring or a cell, `{ clients }` some by name. Throws `invalid-option` for a
 * plan that makes no sense.
 *
 * ```ts
 * await publisher.publish(document, { rollout: staged([1, '10%', '50%', 'all']), reason: 'more load' })
 * ```
 */
export function staged(options: readonly StageSpec[] | StagedOptions = {}): RolloutPolicy {
  const settings: StagedOptions = Array.isArray(options)
    ? { stages: options as readonly StageSpec[] }
    : (options as StagedOptions)
  checkStaged(settings)
  return {
    type: 'staged',
    version: 1,
    startsBy: labelsIn(settings),
    start: input => startStaged(settings, input),
    decide: decideStaged,
  }
}

/** The labels that stages and clusters are made of. */
function labelsIn({ stages = [], cluster }: StagedOptions): readonly string[] {
  const named = stages.flatMap(spec =>
    typeof spec === 'object' && 'labels' in spec ? Object.keys(spec.labels) : [],
  )
  return [...new Set([...named, ...(cluster === undefined ? [] : [cluster])])]
}

function startStaged(settings: StagedOptions, input: StartInput): FirstStep {
  const { heard, nowMs, gates, salt, hasher } = input
  if (heard === undefined)
    return {
      type: 'refused',
      why: 'no-reports',
      says: ['this store keeps no reports, so no stage can be judged: use timed(), which goes by the clock'],
    }
  const reportMs = reportMsOf(settings)
  const liveOf = (beforeMs: number): readonly Member[] => liveMembers(heard, { beforeMs, nowMs })
  const live = liveOf(nowMs - reportMs)
  const present = liveOf(nowMs)
  const few = whenFew({
    present: present.length,
    incumbents: live.length,
    ...awayIn(heard, { nowMs, reportMs }),
    listenedMs: nowMs - Date.parse(heard.since),
    reportMs,
  })
  if (few !== undefined) return few

  const plan = planFor(settings, { live, salt, hasher })
  const red = readGates(plan.gates, gates, 0)
  if (red.rollBack.length + red.pause.length > 0)
    return { type: 'refused', why: 'gate-red', says: [...red.rollBack, ...red.pause] }
  const first = firstStep(plan, { input, live, present, heardForMs: reportMs })
  return red.recorded.length === 0 ? first : { ...first, says: [...first.says, ...red.recorded] }
}

interface Began {
  readonly input: StartInput
  /** Those that were heard for long enough to count, and all that are there. */
  readonly live: readonly Member[]
  readonly present: readonly Member[]
  /** For how long a client has to be heard before it counts. */
  readonly heardForMs: number
}

function firstStep(plan: StagedPlan, began: Began): FirstStep {
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
  const { bakeMs, reportMs, spreadMs } = plan
  return {
    type: 'stage',
    plan: plan as unknown as Json,
    evidence: { bakeMs, reportMs, spreadMs },
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
      `first one client of ${live.length} rehearses the way back: forward, back and forward, ${seconds(bakeMs)} each`,
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

/** What clients are asked for, by the plan. */
function evidenceFor({ bakeMs, reportMs, spreadMs, guardrails = [] }: StagedPlan): EvidenceRequest {
  const measures = guardrails.map(({ measure }) => measure)
  return { bakeMs, reportMs, spreadMs, ...(measures.length > 0 && { measures }) }
}

interface Few {
  readonly present: number
  /** Those of them that were heard for at least one report period. */
  readonly incumbents: number
  /** Clients that fell silent, and those that stopped less than a report period ago. */
  readonly silent: number
  readonly stopped: number
  readonly listenedMs: number
  readonly reportMs: number
}

/** Clients that are not there now and may be back in a moment. */
function awayIn(
  heard: HeardReports,
  { nowMs, reportMs }: { readonly nowMs: number; readonly reportMs: number },
): Pick<Few, 'silent' | 'stopped'> {
  const members = membersOf(heard, nowMs)
  const silent = members.filter(member => presenceOf(member, nowMs) === 'silent').length
  const stopped = members.filter(
    member =>
      presenceOf(member, nowMs) === 'gone' && member.words.some(word => nowMs - heardMs(word) < reportMs),
  ).length
  return { silent, stopped }
}

/** What is done where no stage can be judged: nobody is there, or they are yet to be heard. */
function whenFew(few: Few): FirstStep | undefined {
  const { present, incumbents, silent, stopped, listenedMs, reportMs } = few
  const refused = (says: string): FirstStep => ({ type: 'refused', why: 'fleet-unknown', says: [says] })
  if (present === 0 && listenedMs < LISTENED_MS)
    return refused(
      `no client was heard yet, and the store has listened for ${seconds(listenedMs)} only: wait until it has heard the fleet, or publish with everyone(), or with timed() where clients cannot report`,
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
  if (present < FEWEST_STAGED || incumbents >= FEWEST_STAGED) return undefined
  return refused(
    `${present} clients were heard, and ${incumbents} of them for longer than ${seconds(reportMs)}: clients that have only just come are no evidence, so try again in ${seconds(reportMs)}`,
  )
}

function seconds(ms: number): string {
  return `${Math.max(0, Math.round(ms / 1_000))} s`
}

/** The plan with everything settled, so that it is decided by what it says and by nothing else. */
function planFor(
  settings: StagedOptions,
  {
    live,
    salt,
    hasher,
  }: { readonly live: readonly Member[]; readonly salt: string; readonly hasher: StartInput['hasher'] },
): StagedPlan {
  const probed = live.some(({ current }) =>
    current.some(({ health }) => health !== undefined && health.now !== 'none'),
  )
  const { bakeMs = probed ? BAKE_MS : BAKE_WITHOUT_PROBE_MS, quorum = QUORUM, late = 'roll-back' } = settings
  const reportMs = Math.min(reportMsOf(settings), Math.max(1, Math.ceil(bakeMs / 3)))
  const { spreadMs = Math.floor(reportMs / 2), watchMs = Math.max(WATCH_MS, 3 * bakeMs) } = settings
  const { gates = [], guardrails = [], cluster, holdback, rehearse = false } = settings
  const idsOf = (clients: readonly string[]): readonly string[] =>
    clients.map(clientId => idOf(clientId, { salt, hasher }))
  const plan: StagedPlan = {
    type: 'staged',
    version: 1,
    stages: stagesFor(settings, live.length, idsOf),
    bakeMs,
    reportMs,
    spreadMs,
    quorum,
    watchMs: Math.min(watchMs, MAX_BAKE_MS),
    late,
    gates: gates.map(({ name, onBad = 'roll-back' }) => ({ name, onBad })),
    ...(guardrails.length > 0 && {
      guardrails: guardrails.map(({ measure, worseBy, direction = 'up', onBad = 'roll-back' }) => ({
        measure,
        worseBy,
        direction,
        onBad,
      })),
    }),
    ...(cluster !== undefined && { cluster }),
    ...(holdback !== undefined && { holdback }),
    ...(rehearse && { rehearse }),
  }
  if (exceedsBytes(canonicalize(plan as unknown as Json), MAX_PLAN_BYTES))
    throw new NoticeboardError(
      'invalid-option',
      `staged(): the plan takes more than ${MAX_PLAN_BYTES} bytes; name fewer clients, or give them a label`,
    )
  return readStagedPlan(plan as unknown as Json)
}

function reportMsOf({ reportMs = REPORT_MS }: StagedOptions): number {
  return reportMs
}

function stagesFor(
  { stages, excludes }: StagedOptions,
  live: number,
  idsOf: (clients: readonly string[]) => readonly string[],
): readonly Stage[] {
  if (excludes !== undefined) return stagesToExclude(excludes, live)
  return stages === undefined ? defaultStages(live) : stages.map(spec => stageOf(spec, idsOf))
}

/** One client, so many that the stage excludes a fault of that share, and all. */
function stagesToExclude(share: number, live: number): readonly Stage[] {
  const count = healthyToExclude({ live, share })
  const middle: readonly Stage[] = count > 1 && count < live ? [{ by: 'count', count }] : []
  return [{ by: 'count', count: 1 }, ...middle, { by: 'all' }]
}
