import { isUnderWay } from '../../core/release/rollout.js'
import { checkOptions } from '../../core/options.js'
import { appendUntil, refuse, type Decide, type Decision } from '../append.js'
import { encodeAudit } from '../audit.js'
import type { PublisherContext } from '../context.js'
import { finish } from '../finish.js'
import { notExpected } from '../preconditions.js'
import { firstUnreadable } from '../resolve-ref.js'
import type { RolloutFacts } from '../rollout.js'
import type { Position } from '../../contracts/position.js'
import { outlineOf } from './outline.js'
import { assertStageRef, jumpTo, promotionOf, type Promotion, type StageRef } from './promotion.js'
import { findTrial, findWayBack, trialIfKept } from './find-trial.js'
import {
  askedFor,
  endStep,
  inRollout,
  onlyTried,
  pauseStep,
  nextStep,
  deadlineAfterPause,
  resumeStep,
  retreatStep,
  timeOf,
  type About,
  type RolloutRelease,
} from './steps.js'

/** What a person asks of the rollout that is under way. */
export interface StepOptions {
  /** Why, for the readers of the history. */
  readonly reason: string
  /** Who asks. Default: the publisher's own author. */
  readonly author?: string
  /** Only if this is still the newest release, else `conflict`. Default: whatever is the newest. */
  readonly ifPosition?: Position
  /** Ends the call early when it aborts. Default: none. */
  readonly signal?: AbortSignal
}

/** How far a rollout is promoted. */
export interface PromoteOptions extends StepOptions {
  /**
   * A later stage, which begins now, past those before it: its number as people count, from 1 on, or
   * what it is called: `'50 %'`, `'all'`. Default: everybody gets the candidate, and it is watched.
   */
  readonly to?: StageRef
}

/** The steps that a person can ask for. */
export type AskedStep = 'pause' | 'resume' | 'promote' | 'abort' | 'retreat'

/** What the steps say of themselves to readers, who are not given the reason. */
const WHY: Readonly<Record<AskedStep, string>> = {
  pause: 'paused by hand',
  resume: 'resumed by hand',
  promote: 'promoted by hand',
  abort: 'aborted by hand',
  retreat: 'taken back by hand',
}

/**
 * Takes one step of the rollout that is under way, at a position; an abort and a retreat try until
 * they win, and each step is decided anew on the release that won. Asked for again, a step that was
 * taken is `unchanged`. Throws `conflict` when no rollout is under way, or none that can take the
 * step; and as {@link jumpTo} does where a stage is named.
 *
 * ```ts
 * await takeStep(context, 'pause', { reason: 'the sale begins' }, signal)
 * ```
 */
export async function takeStep(
  context: PublisherContext,
  step: AskedStep,
  options: PromoteOptions,
  signal: AbortSignal,
): Promise<RolloutFacts> {
  const known = { reason: true, author: true, ifPosition: true, signal: true } as const
  if (step === 'promote') checkOptions<PromoteOptions>(`${step}()`, options, { ...known, to: true })
  else checkOptions<StepOptions>(`${step}()`, options, known)
  const { to } = options
  if (to !== undefined) assertStageRef(to)
  const details = { author: options.author, reason: options.reason }
  encodeAudit(context, details)
  let id: string | undefined
  /** By when the stage was to be decided before this step. */
  let before: string | undefined

  const decide: Decide = async head => {
    const release = head?.release
    const refusal = notExpected(context, release, options)
    if (refusal !== undefined) return { type: 'refuse', error: refusal }
    if (head === undefined || release === undefined || !inRollout(release))
      return refuse(
        'conflict',
        `no rollout is under way in ${context.namespace}, so there is nothing to do; look at its history`,
      )
    const { rollout } = release
    id ??= rollout.id
    // Asked of the rollout that was looked at first, and not of one that superseded it meanwhile.
    if (rollout.id !== id)
      return refuse(
        'conflict',
        `the rollout of ${context.namespace} was superseded meanwhile; look at its history, and repeat the step if it is still wanted`,
      )
    const promotion = promotionOf(context.namespace, release, { to })
    if (promotion.type === 'refuse') return promotion
    if (promotion.type === 'reached' || (to === undefined && isTaken(step, release)))
      return { type: 'unchanged', head }
    const why = step === 'promote' ? promotion.why : WHY[step]
    before = rollout.decideBy
    const nowMs = context.clock.now()
    const audit = encodeAudit(context, {
      ...details,
      evidence: askedFor(rollout, { step, why, nowMs }),
    })
    return decideStep(context, step, {
      release,
      about: { audit, by: 'publisher', why, nowMs },
      promotion,
      signal,
    })
  }
  const facts = await finish(context, await appendUntil(context, decide, { signal }), { signal })
  const { decideBy } = facts.release.rollout ?? {}
  return step === 'resume' && facts.outcome === 'published' && decideBy !== undefined && before !== undefined
    ? {
        ...facts,
        notes: [`the stage is to be decided by ${decideBy}; before it stood still it was ${before}`],
      }
    : facts
}

interface Asked {
  readonly release: RolloutRelease
  readonly about: About
  readonly promotion: Exclude<Promotion, { readonly type: 'refuse' | 'reached' }>
  readonly signal: AbortSignal
}

async function decideStep(
  context: PublisherContext,
  step: AskedStep,
  { release, about, promotion, signal }: Asked,
): Promise<Decision> {
  const { state, stage, stageStart } = release.rollout
  const cannot = (): Decision =>
    refuse('conflict', `the rollout of ${context.namespace} is ${state}, so there is nothing to ${step}`)
  switch (step) {
    case 'pause':
      return state === 'running' ? { type: 'append', statement: pauseStep(release, about) } : cannot()
    case 'retreat':
      return state === 'running' || state === 'paused'
        ? { type: 'append', urgent: true, statement: retreatStep(release, about) }
        : cannot()
    case 'resume': {
      const by = resumeBy(release, about.nowMs)
      const resumed = { ...about, why: `${about.why}, to be decided by ${by}` }
      if (state === 'paused')
        return { type: 'append', statement: resumeStep(release, { ...resumed, decideBy: by }) }
      if (state !== 'retreated') return cannot()
      const trial = await findTrial(context, release, signal)
      const { position: _, ...start } = stageStart
      const next = {
        state: 'running' as const,
        stage,
        audience: trial.audience,
        start: { ...start, at: timeOf(about.nowMs) },
        decideBy: by,
      }
      return { type: 'append', statement: nextStep(release, { ...resumed, cause: 'resume', trial, next }) }
    }
    case 'promote': {
      if (!isUnderWay(release.rollout) && release.candidate === undefined) return cannot()
      const trial = await findTrial(context, release, signal)
      const { skipped } = promotion
      if (promotion.type === 'stage') {
        const next = await jumpTo(context, promotion.stage, { release, trial, signal })
        return {
          type: 'append',
          statement: nextStep(release, { ...about, cause: 'promote', trial, next, skipped }),
        }
      }
      const { live } = stageStart
      const { stages, watchMs } = outlineOf(release.rollout.plan)
      const next = {
        state: 'watching' as const,
        stage: Math.max(stage, stages - 1),
        audience: undefined,
        start: { at: timeOf(about.nowMs), live, exposed: live, control: 0 },
        decideBy: timeOf(about.nowMs + watchMs),
      }
      return {
        type: 'append',
        statement: nextStep(release, { ...about, cause: 'promote', trial, next, skipped }),
      }
    }
    case 'abort': {
      if (state === 'completed' || state === 'rolled-back') return cannot()
      const back = await findWayBack(context, release, signal)
      const missing =
        state === 'watching'
          ? await firstUnreadable(
              context,
              back.map(({ digest }) => digest),
              signal,
            )
          : undefined
      if (missing !== undefined)
        return refuse(
          'conflict',
          `the version from before the rollout of ${context.namespace} cannot be read; name another one: rollback({ to })`,
        )
      const trial = await trialIfKept(context, release, signal)
      const tried = trial?.candidate ?? release.stable.variants
      return {
        type: 'append',
        urgent: true,
        statement: endStep(release, { ...about, cause: 'abort', back, tried }),
      }
    }
  }
}

/** Whether a rollout stands where the step would bring it. */
function isTaken(step: AskedStep, release: RolloutRelease): boolean {
  const { state } = release.rollout
  switch (step) {
    case 'pause':
      return state === 'paused'
    case 'resume':
      return state === 'running'
    case 'promote':
      return (state === 'watching' || state === 'completed') && release.candidate === undefined
    case 'abort':
      return state === 'rolled-back' && onlyTried(release).length === 0
    case 'retreat':
      return state === 'retreated'
  }
}

/**
 * By when a stage is to be decided that goes on now. One that retreated begins anew, and has as
 * long as it had.
 */
function resumeBy(release: RolloutRelease, nowMs: number): string {
  const { state, stageStart, decideBy } = release.rollout
  return state === 'retreated'
    ? timeOf(nowMs + Math.max(0, Date.parse(decideBy) - Date.parse(stageStart.at)))
    : deadlineAfterPause(release, nowMs)
}
