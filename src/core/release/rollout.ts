import type { Json } from '../../contracts/json.js'
import type { Position } from '../../contracts/position.js'
import { canonicalize } from '../json/canonical.js'
import type { Shape } from '../json/shape.js'
import { exceedsBytes, isLine } from '../json/text.js'
import {
  MAX_BAKE_MS,
  MAX_MEASURES,
  MAX_REPORT_MS,
  MAX_PLAN_BYTES,
  MAX_SHORT_LINE_LENGTH,
  MAX_SPREAD_MS,
  MAX_STAGE,
} from '../limits.js'
import { isInstant } from './instant.js'
import { readPosition } from './read-position.js'
import { keepingUnread, unreadOf, withUnread } from './unread.js'

/**
 * Where a rollout stands. `running`, `paused` and `retreated` are under way: a paused one keeps its
 * candidate and its audience, a retreated one took both back and may go on from `stageStart`.
 * `watching`: the candidate is stable, and what it does is still looked at. `completed` and
 * `rolled-back` are ends. `other`: a state of a later version, which this one does not know.
 */
export type RolloutPhase =
  | 'running'
  | 'paused'
  | 'retreated'
  | 'watching'
  | 'completed'
  | 'rolled-back'
  | 'other'

/**
 * The way back is tried with one client before the first stage: it runs the candidate, goes back,
 * and runs it again. `other`: a phase of a later version, which this one does not know.
 */
export interface Rehearsal {
  readonly phase: 'forward' | 'back' | 'again' | 'other'
  /** The client's hashed id, as an audience names it. */
  readonly id: string
}

/** How the stage at hand began. Clients are counted, not instances. */
export interface StageStart {
  /** The release with which the stage began. */
  readonly position: Position
  /** When, by the clock that stamps the reports. */
  readonly at: string
  /** How many clients were live then. */
  readonly live: number
  /** How many of them are in the audience. */
  readonly exposed: number
  /** How many of them are not. */
  readonly control: number
  /**
   * What the stage before saw of its control: how many clients it had, and how many of them failed.
   */
  readonly before?: { readonly control: number; readonly failed: number }
  /**
   * How many clients more than the plan says are exposed, since the failure of one was no proof
   * yet.
   */
  readonly added?: number
  /** How often the stage began anew, since the clients that were exposed had gone. */
  readonly anew?: number
  /** Set while the first stage has not begun, and the way back is rehearsed. */
  readonly rehearsal?: Rehearsal
  /**
   * Set while nobody is exposed yet, since a controller is to ask the gates of the plan before the
   * first stage begins.
   */
  readonly awaitsGates?: true
}

/** A rollout, whole in each of its releases, so that the newest one alone tells where it stands. */
export interface RolloutState {
  /** Names the rollout, from its first release to its last. */
  readonly id: string
  readonly state: RolloutPhase
  /** The stage at hand, from 0 on. */
  readonly stage: number
  /** What was planned, as its policy wrote it: its type, version, stages and gates. */
  readonly plan: Json
  readonly stageStart: StageStart
  /** The release before the rollout, whose stable arm is the way back. */
  readonly from: Position
  /** When somebody has to look, if the stage was not decided by then. */
  readonly decideBy: string
  /**
   * When all clients of the last stage begin to run the candidate together. Default: on arrival.
   */
  readonly activateAt?: string
  /**
   * The stages that somebody promoted it past before they began, from 0 on, in the order in which
   * that was. Default: none.
   */
  readonly skipped?: readonly number[]
  /** What wrote this release. */
  readonly controller: string
  /** Why the state is what it is, for people. */
  readonly why?: string
}

/** What clients are asked for while a rollout goes on. */
export interface EvidenceRequest {
  /** A client that has run the candidate for this long reports it, in milliseconds. */
  readonly bakeMs: number
  /** How often clients report, whether they are exposed or not, in milliseconds. */
  readonly reportMs: number
  /**
   * Over how long clients spread the report that they have seen a release which changes nothing for
   * them.
   */
  readonly spreadMs: number
  /** The numbers of the application that are asked for, by name; four at most. */
  readonly measures?: readonly string[]
}

const PHASES: ReadonlySet<string> = new Set<RolloutPhase>([
  'running',
  'paused',
  'retreated',
  'watching',
  'completed',
  'rolled-back',
])

const HASHED_ID = /^[0-9a-f]{32}$/

/**
 * Whether a rollout has not come to its end: a document that is published now has to wait for it or
 * supersede it.
 *
 * ```ts
 * if (release.rollout !== undefined && isUnderWay(release.rollout)) return 'wait'
 * ```
 */
export function isUnderWay({ state }: RolloutState): boolean {
  switch (state) {
    case 'running':
    case 'paused':
    case 'retreated':
    case 'other':
      return true
    case 'watching':
    case 'completed':
    case 'rolled-back':
      return false
  }
}

/**
 * Whether something is left to decide about a rollout: it is under way, or what it brought is
 * watched.
 *
 * ```ts
 * if (release.rollout !== undefined && goesOn(release.rollout)) show(release.rollout.decideBy)
 * ```
 */
export function goesOn(rollout: RolloutState): boolean {
  return isUnderWay(rollout) || rollout.state === 'watching'
}

/**
 * The stage at hand as people count: from 1 on, and 0 while the way back is rehearsed, or gates are
 * asked before anybody is exposed.
 *
 * ```ts
 * show(`stage ${stageNumberOf(release.rollout)}`)
 * ```
 */
export function stageNumberOf({ stage, stageStart }: Pick<RolloutState, 'stage' | 'stageStart'>): number {
  return isOfStage(stageStart) ? stage + 1 : 0
}

/**
 * Whether a stage has begun, and not what comes before the first one: a rehearsal of the way back,
 * and the gates that are asked before anybody is exposed.
 *
 * ```ts
 * if (isOfStage(rollout.stageStart)) show(rollout.stage + 1)
 * ```
 */
export function isOfStage({
  rehearsal,
  awaitsGates,
}: Pick<StageStart, 'rehearsal' | 'awaitsGates'>): boolean {
  return rehearsal === undefined && awaitsGates === undefined
}

/** Reads the `rollout` member of a release. */
export function readRollout(shape: Shape): RolloutState {
  const state = shape.string('state', isLine)
  const plan = shape.member('plan')
  if (exceedsBytes(canonicalize(plan), MAX_PLAN_BYTES))
    throw shape.refuse('plan', `takes more than ${MAX_PLAN_BYTES} bytes`)
  const isKnown = PHASES.has(state)
  const read: RolloutState = {
    id: shape.string('id', isLine),
    state: isKnown ? (state as RolloutPhase) : 'other',
    stage: shape.integer('stage', 0, MAX_STAGE),
    plan,
    stageStart: readStageStart(shape.object('stageStart')),
    from: readPosition(shape.object('from')),
    decideBy: shape.string('decideBy', isInstant),
    ...shape.optional('activateAt', name => shape.string(name, isInstant)),
    ...shape.optional('skipped', name => readSkipped(shape, name)),
    controller: shape.string('controller', isLine),
    ...shape.optional('why', name => shape.string(name, isLine)),
  }
  const whole = withUnread(read, shape, MEMBERS)
  return isKnown ? whole : keepingUnread(whole, { ...unreadOf(whole), state })
}

/** Reads the `evidence` member of a release. */
export function readEvidenceRequest(shape: Shape): EvidenceRequest {
  const request: EvidenceRequest = {
    bakeMs: shape.integer('bakeMs', 0, MAX_BAKE_MS),
    reportMs: shape.integer('reportMs', 1, MAX_REPORT_MS),
    spreadMs: shape.integer('spreadMs', 0, MAX_SPREAD_MS),
    ...shape.optional('measures', name => readMeasureNames(shape, name)),
  }
  return withUnread(request, shape, ASKED)
}

const MEMBERS: ReadonlySet<string> = new Set([
  'id', 'state', 'stage', 'plan', 'stageStart', 'from', 'decideBy', 'activateAt', 'skipped',
  'controller', 'why',
]) // prettier-ignore
const STARTS: ReadonlySet<string> = new Set([
  'position', 'at', 'live', 'exposed', 'control', 'before', 'added', 'anew', 'rehearsal',
  'awaitsGates',
]) // prettier-ignore
const REHEARSALS: ReadonlySet<string> = new Set(['phase', 'id'])
const ASKED: ReadonlySet<string> = new Set(['bakeMs', 'reportMs', 'spreadMs', 'measures'])

function readSkipped(shape: Shape, member: string): readonly number[] {
  return shape.list(member, MAX_STAGE).map(stage => {
    const isStage = typeof stage === 'number' && Number.isSafeInteger(stage) && stage <= MAX_STAGE
    if (!isStage || stage < 0 || Object.is(stage, -0))
      throw shape.refuse(member, `must hold whole numbers from 0 to ${MAX_STAGE}`)
    return stage
  })
}

function readMeasureNames(shape: Shape, member: string): readonly string[] {
  const names = shape.list(member, MAX_MEASURES)
  return names.map(name => {
    if (!isLine(name, MAX_SHORT_LINE_LENGTH)) throw shape.refuse(member, 'holds what is no name')
    return name
  })
}

function readStageStart(shape: Shape): StageStart {
  const start: StageStart = {
    position: readPosition(shape.object('position')),
    at: shape.string('at', isInstant),
    live: count(shape, 'live'),
    exposed: count(shape, 'exposed'),
    control: count(shape, 'control'),
    ...shape.optional('before', name => {
      const before = shape.object(name)
      return { control: count(before, 'control'), failed: count(before, 'failed') }
    }),
    ...shape.optional('added', name => count(shape, name)),
    ...shape.optional('anew', name => count(shape, name)),
    ...shape.optional('rehearsal', name => readRehearsal(shape.object(name))),
    ...shape.optional('awaitsGates', name => readTrue(shape, name)),
  }
  return withUnread(start, shape, STARTS)
}

function readRehearsal(shape: Shape): Rehearsal {
  const phase = shape.string('phase', isLine)
  const id = shape.string('id', text => HASHED_ID.test(text))
  if (phase === 'forward' || phase === 'back' || phase === 'again')
    return withUnread({ phase, id }, shape, REHEARSALS)
  const other = withUnread<Rehearsal>({ phase: 'other', id }, shape, REHEARSALS)
  return keepingUnread(other, { ...unreadOf(other), phase })
}

function readTrue(shape: Shape, name: string): true {
  if (shape.member(name) !== true) throw shape.refuse(name, 'must be true, or missing')
  return true
}

function count(shape: Shape, name: string): number {
  return shape.integer(name, 0, Number.MAX_SAFE_INTEGER)
}
