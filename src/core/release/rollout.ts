import type { Json } from '../../contracts/json.js'
import type { Position } from '../../contracts/position.js'
import { canonicalize } from '../json/canonical.js'
import type { Shape } from '../json/shape.js'
import { exceedsBytes, isLine } from '../json/text.js'
import { MAX_BAKE_MS, MAX_NEXT_REPORT_MS, MAX_PLAN_BYTES, MAX_SPREAD_MS, MAX_STAGE } from '../limits.js'
import { isInstant } from './instant.js'
import { readPosition } from './read-position.js'

/**
 * Where a rollout stands. `running`, `paused` and `retreated` are under way: a paused one keeps its
 * candidate and its audience, a retreated one took both back and may go on from `stageStart`. `watching`: the candidate is
 * stable, and what it does is still looked at. `completed` and `rolled-back` are ends. `other`: a state of a later version,
 * which this one does not know.
 */
export type RolloutPhase =
  | 'running'
  | 'paused'
  | 'retreated'
  | 'watching'
  | 'completed'
  | 'rolled-back'
  | 'other'

/** How the stage at hand began. Clients are counted, not instances. */
export interface StageStart {
  /** The release with which the stage began. */
  readonly position: Position
  /** When, by the clock that stamps the reports. */
  readonly at: string
  /** The live clients then. */
  readonly live: number
  /** How many of them are in the audience. */
  readonly exposed: number
  /** How many of them are not. */
  readonly control: number
  /** What the stage before saw of its control: how many clients it had, and how many of them failed. */
  readonly before?: { readonly control: number; readonly failed: number }
  /** How many clients more than the plan says are exposed, since the failure of one was no proof yet. */
  readonly added?: number
  /** How often the stage began anew, since the clients that were exposed had gone. */
  readonly anew?: number
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
  /** Over how long clients spread the report that they have seen a release which changes nothing for them. */
  readonly spreadMs: number
}

const PHASES: ReadonlySet<string> = new Set<RolloutPhase>([
  'running',
  'paused',
  'retreated',
  'watching',
  'completed',
  'rolled-back',
])

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

/** Reads the `rollout` member of a release. */
export function readRollout(shape: Shape): RolloutState {
  const state = shape.string('state', isLine)
  const plan = shape.member('plan')
  if (exceedsBytes(canonicalize(plan), MAX_PLAN_BYTES))
    throw shape.refuse('plan', `takes more than ${MAX_PLAN_BYTES} bytes`)
  return {
    id: shape.string('id', isLine),
    state: PHASES.has(state) ? (state as RolloutPhase) : 'other',
    stage: shape.integer('stage', 0, MAX_STAGE),
    plan,
    stageStart: readStageStart(shape.object('stageStart')),
    from: readPosition(shape.object('from')),
    decideBy: shape.string('decideBy', isInstant),
    controller: shape.string('controller', isLine),
    ...shape.optional('why', name => shape.string(name, isLine)),
  }
}

/** Reads the `evidence` member of a release. */
export function readEvidenceRequest(shape: Shape): EvidenceRequest {
  return {
    bakeMs: shape.integer('bakeMs', 0, MAX_BAKE_MS),
    reportMs: shape.integer('reportMs', 1, MAX_NEXT_REPORT_MS),
    spreadMs: shape.integer('spreadMs', 0, MAX_SPREAD_MS),
  }
}

function readStageStart(shape: Shape): StageStart {
  return {
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
  }
}

function count(shape: Shape, name: string): number {
  return shape.integer(name, 0, Number.MAX_SAFE_INTEGER)
}
