import { NoticeboardError } from '../../contracts/errors.js'
import { isUnderWay, stageNumberOf, type RolloutState } from '../../core/release/rollout.js'
import { isLine } from '../../core/json/text.js'
import { policyOf, stagesOf } from '../../rollouts/plan.js'
import type { NextStage } from '../../rollouts/policy.js'
import { sayAhead, sayStageNumbers } from '../../rollouts/skipped.js'
import { sayStage } from '../../rollouts/stage.js'
import { refuse, type Decision } from '../append.js'
import type { PublisherContext } from '../context.js'
import { readReports } from '../read-reports.js'
import { askToJump } from './ask-policy.js'
import { outlineOf } from './outline.js'
import { ownPolicies, policyFor, withBuiltIn } from './policies.js'
import type { RolloutRelease, Trial } from './steps.js'
import { nothingHeard } from './tend.js'

/** A stage as somebody names it: its number, or what it is called. */
export type StageRef = number | string

/** Where a promotion leads from a release. */
export type Promotion =
  | ({ readonly type: 'everyone' } & Passing)
  | ({ readonly type: 'stage'; readonly stage: number } & Passing)
  /** The stage that was named is the one that goes on. */
  | { readonly type: 'reached' }
  | Extract<Decision, { readonly type: 'refuse' }>

/** What a promotion passes over. */
interface Passing {
  /** The stages that will not begin any more, from 0 on. */
  readonly skipped: readonly number[]
  /** What the step says of itself to readers. */
  readonly why: string
}

/** Throws `invalid-option` unless a stage could be called so. */
export function assertStageRef(to: unknown): void {
  const isNamed = typeof to === 'number' ? Number.isInteger(to) && to >= 1 : isLine(to)
  if (!isNamed)
    throw new NoticeboardError(
      'invalid-option',
      'promote(): to must be the number of a stage, from 1 on, or what it is called, such as "50 %"',
    )
}

/**
 * Where a promotion leads: to everybody, or to the stage that `to` names where that is a later one.
 *
 * ```ts
 * const promotion = promotionOf(namespace, head.release, { to: '50 %' })
 * ```
 */
export function promotionOf(
  namespace: string,
  { rollout }: Pick<RolloutRelease, 'rollout'>,
  { to }: { readonly to?: StageRef | undefined },
): Promotion {
  const { stages } = outlineOf(rollout.plan)
  const begun = stageNumberOf(rollout)
  if (to === undefined) {
    const skipped = between(begun, stages)
    return { type: 'everyone', skipped, why: `promoted by hand${sayPassed(rollout, skipped)}` }
  }
  const { state } = rollout
  if (!isUnderWay(rollout))
    return refuse(
      'conflict',
      `the rollout of ${namespace} is ${state}, so there is no stage left to promote it to; look at its history`,
    )
  const stage = stageCalled(rollout, to)
  const there = stages === 0 ? 'its plan names no stages' : `the stages are ${sayAll(rollout, stages)}`
  if (stage === undefined || stage < 0 || stage >= stages)
    return refuse('invalid-option', `promote(): to must be a stage of the rollout of ${namespace}; ${there}`)
  if (stage + 1 === begun && state === 'running') return { type: 'reached' }
  if (stage < begun) {
    const way = stage + 1 === begun ? '; resume goes on with that one' : ''
    return refuse(
      'conflict',
      `the rollout of ${namespace} is ${state} in stage ${begun} already, and is promoted forward only${way}; ${there}`,
    )
  }
  const skipped = between(begun, stage)
  const why = `promoted by hand to stage ${stage + 1} of ${stages}${sayPassed(rollout, skipped)}`
  return { type: 'stage', stage, skipped, why }
}

/**
 * How a stage begins to which somebody takes a rollout, as its policy says. Throws `unsupported`
 * where the policy is not known here or cannot say, and `fleet-unknown` where nobody is heard.
 */
export async function jumpTo(
  context: PublisherContext,
  stage: number,
  {
    release,
    trial,
    signal,
  }: { readonly release: RolloutRelease; readonly trial: Trial; readonly signal: AbortSignal },
): Promise<NextStage> {
  const { namespace, hasher, clock } = context
  const { plan } = release.rollout
  const policy = policyFor(plan, withBuiltIn(ownPolicies(context)))
  const name = policyOf(plan) ?? 'of its plan'
  const cannot = (why: string): NoticeboardError =>
    new NoticeboardError(
      'unsupported',
      `policy ${name} ${why}, so whom stage ${stage + 1} exposes cannot be told; promote the rollout of ${namespace} to everybody, or leave it to its stages`,
    )
  if (policy === undefined) throw cannot('is not known here')
  if (policy.jump === undefined) throw cannot('cannot be asked for a stage')
  const heard = (await readReports(context, signal)) ?? nothingHeard(clock)
  const { candidate, audience, version } = trial
  const standing = { release: { ...release, candidate: { variants: candidate, version }, audience }, hasher }
  const next = askToJump(policy, { standing, heard, to: stage })
  if (next !== undefined) return next
  throw new NoticeboardError(
    'fleet-unknown',
    `no client of ${namespace} is heard that counts, so whom stage ${stage + 1} exposes cannot be told: wait until the fleet is heard again, or promote the rollout to everybody`,
  )
}

/** The stages from one that has not begun to one that does, from 0 on. */
function between(begun: number, stage: number): readonly number[] {
  return Array.from({ length: Math.max(0, stage - begun) }, (_, index) => begun + index)
}

/** The stage of a plan that is called so, from 0 on; undefined where none is, or several are. */
function stageCalled({ plan }: RolloutState, to: StageRef): number | undefined {
  const text = String(to)
  if (/^\d+$/.test(text)) return Number(text) - 1
  const called = (stagesOf(plan) ?? []).flatMap((stage, index) =>
    plainly(sayStage(stage)) === plainly(text) ? [index] : [],
  )
  return called.length === 1 ? called[0] : undefined
}

/** `50%` is `50 %`. */
function plainly(text: string): string {
  return text.replace(/\s/g, '')
}

function sayAll({ plan }: RolloutState, count: number): string {
  const known = stagesOf(plan)
  if (known === undefined) return count === 1 ? '1 alone' : `1 to ${count}`
  return known.map((stage, index) => `${index + 1} (${sayStage(stage)})`).join(', ')
}

function sayPassed({ stageStart }: RolloutState, skipped: readonly number[]): string {
  const passed = [...sayAhead(stageStart), ...(skipped.length === 0 ? [] : [sayStageNumbers(skipped)])]
  return passed.length === 0 ? '' : `, past ${passed.join(' and ')}`
}
