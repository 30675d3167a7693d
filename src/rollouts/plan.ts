import { isNoticeboardError } from '../contracts/errors.js'
import type { Json } from '../contracts/json.js'
import { shapeOf, type Shape } from '../core/json/shape.js'
import { isLine } from '../core/json/text.js'
import {
  MAX_BAKE_MS,
  MAX_IDS,
  MAX_MEASURES,
  MAX_REPORT_MS,
  MAX_RUNNABLE,
  MAX_SHORT_LINE_LENGTH,
  MAX_SPREAD_MS,
  MAX_WORSE_BY,
} from '../core/limits.js'
import { readLabelMatch } from '../core/release/labels.js'
import type { Stage } from './stage.js'

/** Of fewer clients no stage can be made: they get it at once, and are watched. */
export const FEWEST_STAGED = 3

/**
 * What a red gate does: takes the candidate back, holds the stage until it is green, or is only
 * written down.
 */
export type OnBad = 'roll-back' | 'pause' | 'record'

/** A gate as a plan names it; what it asks is code of the controller. */
export interface PlannedGate {
  readonly name: string
  readonly onBad: OnBad
}

/**
 * A number that the application measures, and how much worse its mean may be in the clients of a
 * stage than in the others at the same time.
 */
export interface PlannedGuardrail {
  /** The name that the application measures it under. */
  readonly measure: string
  /** The share of the others' mean by which it may be worse: 0.2 for 20 %. */
  readonly worseBy: number
  /** Where worse is: `up` for a latency, `down` for a rate of success. */
  readonly direction: 'up' | 'down'
  readonly onBad: OnBad
}

/**
 * The plan of a staged rollout, as its releases carry it. All that the decisions rest on, but for
 * evidence.
 */
export interface StagedPlan {
  readonly type: 'staged'
  readonly version: 1
  readonly stages: readonly Stage[]
  /** How long each client has to run the candidate before it counts as healthy, in milliseconds. */
  readonly bakeMs: number
  /** How often clients report while the rollout goes on, in milliseconds. */
  readonly reportMs: number
  /** Over how long reports that only say "seen" are spread, in milliseconds. */
  readonly spreadMs: number
  /** Which share of a stage's clients has to be healthy; of fewer than ten all. */
  readonly quorum: number
  /** How long the candidate is watched once it is stable, in milliseconds. */
  readonly watchMs: number
  /** What damage does that shows during the watch. */
  readonly late: 'roll-back' | 'alarm'
  readonly gates: readonly PlannedGate[]
  /** The numbers of the application that are compared, each once. Default: none. */
  readonly guardrails?: readonly PlannedGuardrail[]
  /**
   * A label of which all clients of one value fail together, such as the host: its values are
   * counted then.
   */
  readonly cluster?: string
  /**
   * The share of clients that is not exposed before the watch has ended, so that a control group is
   * left.
   */
  readonly holdback?: number
  /** The way back is rehearsed with one client before the first stage. */
  readonly rehearse?: true
}

/** A plan that goes by the clock alone. */
export interface TimedPlan {
  readonly type: 'timed'
  readonly version: 1
  readonly stages: readonly Stage[]
  /** How long each stage lasts, in milliseconds. */
  readonly everyMs: number
}

/**
 * Reads the plan of a staged rollout. Throws `invalid-data` for any other.
 *
 * ```ts
 * const plan = readStagedPlan(release.rollout.plan)
 * ```
 */
export function readStagedPlan(value: Json): StagedPlan {
  const shape = planOf(value, 'staged')
  return {
    type: 'staged',
    version: 1,
    stages: readStages(shape),
    bakeMs: shape.integer('bakeMs', 0, MAX_BAKE_MS),
    reportMs: shape.integer('reportMs', 1, MAX_REPORT_MS),
    spreadMs: shape.integer('spreadMs', 0, MAX_SPREAD_MS),
    quorum: readShare(shape, 'quorum'),
    watchMs: shape.integer('watchMs', 0, MAX_BAKE_MS),
    late: shape.string('late', late => late === 'roll-back' || late === 'alarm') as StagedPlan['late'],
    gates: shape.objects('gates', MAX_RUNNABLE).map(readGate),
    ...shape.optional('guardrails', name => readPlannedGuardrails(shape, name)),
    ...shape.optional('cluster', name => shape.string(name, isLine)),
    ...shape.optional('holdback', name => readShare(shape, name)),
    ...(readFlag(shape, 'rehearse') && { rehearse: true }),
  }
}

/** Reads the plan of a timed rollout. Throws `invalid-data` for any other. */
export function readTimedPlan(value: Json): TimedPlan {
  const shape = planOf(value, 'timed')
  return {
    type: 'timed',
    version: 1,
    stages: readStages(shape),
    everyMs: shape.integer('everyMs', 1, MAX_BAKE_MS),
  }
}

/**
 * The policy that a plan belongs to, `staged@1`; undefined, and no error, where the plan is not
 * well-formed.
 *
 * ```ts
 * policyOf({ type: 'staged', version: 1, stages: [] }) // 'staged@1'
 * ```
 */
export function policyOf(plan: Json): string | undefined {
  try {
    const shape = shapeOf(plan, 'the plan')
    return `${shape.string('type', isLine)}@${shape.integer('version', 1, Number.MAX_SAFE_INTEGER)}`
  } catch (error) {
    if (isNoticeboardError(error)) return undefined
    throw error
  }
}

/**
 * The stages of a plan; undefined for one that is neither `staged@1` nor `timed@1`, or not
 * well-formed.
 *
 * ```ts
 * const [first] = stagesOf(release.rollout.plan) ?? []
 * ```
 */
export function stagesOf(plan: Json): readonly Stage[] | undefined {
  const policy = policyOf(plan)
  try {
    if (policy === 'staged@1') return readStagedPlan(plan).stages
    return policy === 'timed@1' ? readTimedPlan(plan).stages : undefined
  } catch (error) {
    if (isNoticeboardError(error)) return undefined
    throw error
  }
}

/**
 * The gates that a plan names, whatever its policy; none, and no error, where they are not
 * well-formed.
 *
 * ```ts
 * gatesOf({ type: 'staged', version: 1, gates: [{ name: 'errors', onBad: 'pause' }] }) // ['errors']
 * ```
 */
export function gatesOf(plan: Json): readonly string[] {
  return textsIn(plan, { list: 'gates', most: MAX_RUNNABLE, member: 'name' })
}

/**
 * The numbers that the guardrails of a plan compare, whatever its policy; none, and no error, where
 * they are not well-formed.
 *
 * ```ts
 * measuresOf({ type: 'staged', version: 1, guardrails: [{ measure: 'latencyMs' }] }) // ['latencyMs']
 * ```
 */
export function measuresOf(plan: Json): readonly string[] {
  return textsIn(plan, { list: 'guardrails', most: MAX_MEASURES, member: 'measure' })
}

function textsIn(
  plan: Json,
  { list, most, member }: { readonly list: string; readonly most: number; readonly member: string },
): readonly string[] {
  try {
    const shape = shapeOf(plan, 'the plan')
    return shape.has(list) ? shape.objects(list, most).map(each => each.string(member, isLine)) : []
  } catch (error) {
    if (isNoticeboardError(error)) return []
    throw error
  }
}

function planOf(value: Json, type: string): Shape {
  const shape = shapeOf(value, 'the plan')
  if (shape.member('type') !== type || shape.member('version') !== 1)
    throw shape.refuse('type', `is not a plan of ${type}@1`)
  return shape
}

function readStages(shape: Shape): readonly Stage[] {
  const stages = shape.objects('stages', MAX_RUNNABLE).map(readStage)
  if (stages.length === 0) throw shape.refuse('stages', 'must hold at least one')
  return stages
}

function readStage(shape: Shape): Stage {
  switch (shape.member('by')) {
    case 'count':
      return { by: 'count', count: shape.integer('count', 1, Number.MAX_SAFE_INTEGER) }
    case 'share':
      return {
        by: 'share',
        share: readShare(shape, 'share'),
        ...shape.optional('atLeast', name => shape.integer(name, 1, Number.MAX_SAFE_INTEGER)),
      }
    case 'labels':
      return { by: 'labels', labels: readLabelMatch(shape.object('labels')) }
    case 'ids':
      return {
        by: 'ids',
        ids: shape.list('ids', MAX_IDS).filter(id => typeof id === 'string'),
      }
    case 'all':
      return { by: 'all' }
    default:
      throw shape.refuse('by', 'must be count, share, labels, ids or all')
  }
}

function readGate(shape: Shape): PlannedGate {
  return { name: shape.string('name', isLine), onBad: shape.string('onBad', isOnBad) as OnBad }
}

function readPlannedGuardrails(shape: Shape, name: string): readonly PlannedGuardrail[] {
  const guardrails = shape.objects(name, MAX_MEASURES).map(readPlannedGuardrail)
  if (new Set(guardrails.map(({ measure }) => measure)).size < guardrails.length)
    throw shape.refuse(name, 'must name each measure once')
  return guardrails
}

function readPlannedGuardrail(shape: Shape): PlannedGuardrail {
  const direction = shape.string('direction', text => text === 'up' || text === 'down') as 'up' | 'down'
  const worseBy = shape.member('worseBy')
  if (!isWorseBy(worseBy, direction))
    throw shape.refuse(
      'worseBy',
      `must be a share from 0 to ${MAX_WORSE_BY}, and below 1 with the direction "down"`,
    )
  return {
    measure: shape.string('measure', text => isLine(text, MAX_SHORT_LINE_LENGTH)),
    worseBy,
    direction,
    onBad: shape.string('onBad', isOnBad) as OnBad,
  }
}

/**
 * Whether something is a share by which a number may be worse: nothing is lower than by all of it.
 */
export function isWorseBy(value: unknown, direction: PlannedGuardrail['direction']): value is number {
  if (typeof value !== 'number' || !(value >= 0)) return false
  return direction === 'up' ? value <= MAX_WORSE_BY : value < 1
}

/** Whether something is a share above 0, 1 at most. */
export function isShare(value: unknown): value is number {
  return typeof value === 'number' && value > 0 && value <= 1
}

/** Whether a text says what a red gate or guardrail does. */
export function isOnBad(text: string): boolean {
  return text === 'roll-back' || text === 'pause' || text === 'record'
}

function readFlag(shape: Shape, name: string): boolean {
  if (!shape.has(name)) return false
  if (shape.member(name) !== true) throw shape.refuse(name, 'must be true, or missing')
  return true
}

function readShare(shape: Shape, name: string): number {
  const share = shape.member(name)
  if (!isShare(share)) throw shape.refuse(name, 'must be a share above 0, 1 at most')
  return share
}
