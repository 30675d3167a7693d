import { nextPosition, type Position } from '../../contracts/position.js'
import { oneLine } from '../../core/json/text.js'
import type { Audience } from '../../core/release/audience.js'
import { digestsOf, positionOf, type Arm, type Release } from '../../core/release/release.js'
import type { EvidenceRequest, RolloutState } from '../../core/release/rollout.js'
import type { StepEvidence } from '../../core/release/step-evidence.js'
import type { NextStage } from '../../rollouts/policy.js'
import type { Statement } from '../compose.js'
import { activationOf } from './activation.js'

// What follows a release when its rollout takes a step. Each function is pure, and says everything
// that the next release says: a member that is not named here is not kept, unless this version does
// not know it.

/** A release that is a step of a rollout. */
export type RolloutRelease = Release & { readonly rollout: RolloutState }

/** What a rollout tries, and on whom. */
export interface Trial {
  readonly candidate: Arm['variants']
  /** The version of the candidate. */
  readonly version: number
  readonly audience: Audience
  /** What clients were asked to report while it was out. */
  readonly evidence: EvidenceRequest | undefined
}

/** What is said of every step. */
export interface About {
  readonly audit: Uint8Array
  /** What takes the step: a controller's name, or `publisher`. */
  readonly by: string
  /** Why, for readers of the release: a person's reason is kept in the audit record alone. */
  readonly why: string
  /** The time by the clock that stamps the reports, in milliseconds since 1970. */
  readonly nowMs: number
}

/**
 * What is kept beside a step that a person asked for: it rests on no client.
 *
 * ```ts
 * const audit = encodeAudit(context, { author, reason, evidence: askedFor(rollout, { step, why, nowMs }) })
 * ```
 */
export function askedFor(
  { id, stage }: RolloutState,
  { step, why, nowMs }: Pick<About, 'why' | 'nowMs'> & { readonly step: string },
): StepEvidence {
  return { rollout: id, stage, step, why, asOf: timeOf(nowMs), counts: {}, exceptions: [] }
}

/**
 * The rollout stands still: candidate and audience stay as they are.
 *
 * ```ts
 * const statement = pauseStep(head.release, about)
 * ```
 */
export function pauseStep(release: RolloutRelease, about: About): Statement {
  return {
    ...restated(release, { cause: 'pause', audit: about.audit }),
    rollout: next(release, about, { state: 'paused' }),
  }
}

/**
 * A paused rollout goes on with the stage at hand, to be decided by `decideBy`.
 *
 * ```ts
 * const statement = resumeStep(head.release, { ...about, decideBy: deadlineAfterPause(head.release, nowMs) })
 * ```
 */
export function resumeStep(
  release: RolloutRelease,
  { decideBy, ...about }: About & { readonly decideBy: string },
): Statement {
  return {
    ...restated(release, { cause: 'resume', audit: about.audit }),
    rollout: next(release, about, { state: 'running', decideBy }),
  }
}

/**
 * By when a paused stage is to be decided that goes on now: the time that it stood still does not
 * count. One that was late already when it was paused has as long again as it had.
 */
export function deadlineAfterPause({ issuedAt, rollout }: RolloutRelease, nowMs: number): string {
  const { stageStart, decideBy } = rollout
  const pausedMs = Date.parse(issuedAt)
  const deadlineMs = Date.parse(decideBy)
  const leftMs = pausedMs < deadlineMs ? deadlineMs - pausedMs : deadlineMs - Date.parse(stageStart.at)
  return timeOf(nowMs + Math.max(0, leftMs))
}

/**
 * Candidate and audience are taken back, and nothing is withdrawn: the rollout may go on from the
 * stage at hand.
 *
 * ```ts
 * const statement = retreatStep(head.release, about)
 * ```
 */
export function retreatStep(release: RolloutRelease, about: About): Statement {
  return {
    cause: 'retreat',
    rewrites: true,
    audit: about.audit,
    stable: release.stable.variants,
    ...(release.evidence !== undefined && { evidence: release.evidence }),
    rollout: next(release, about, { state: 'retreated' }),
  }
}

/**
 * The rollout goes on as its policy says: a stage begins, or the one at hand anew; the candidate
 * becomes stable for all and is watched; or the watch is over.
 *
 * ```ts
 * const statement = nextStep(head.release, { ...about, cause: 'advance', trial, next: decision.next })
 * ```
 */
export function nextStep(
  release: RolloutRelease,
  {
    cause,
    trial,
    next: { state, stage, audience, start, decideBy },
    skipped = [],
    ...about
  }: About & {
    readonly cause: string
    readonly trial: Trial | undefined
    readonly next: NextStage
    /** The stages that do not begin any more, by a person's hand. Default: none. */
    readonly skipped?: readonly number[]
  },
): Statement {
  const evidence = trial?.evidence ?? release.evidence
  const together = activationOf(release.rollout, { stage, audience, start, decideBy }, about.nowMs)
  const common = {
    cause,
    rewrites: true,
    audit: about.audit,
    ...(release.spreadMs !== undefined && { spreadMs: release.spreadMs }),
    ...(together.activateAt !== undefined && { activateAt: together.activateAt }),
    ...(state !== 'completed' && evidence !== undefined && { evidence }),
    rollout: next(release, about, {
      state,
      stage,
      // One that stays has been put off already.
      decideBy: decideBy === release.rollout.decideBy ? decideBy : together.decideBy,
      stageStart: { ...start, position: start.position ?? following(release) },
      ...(skipped.length > 0 && { skipped: [...(release.rollout.skipped ?? []), ...skipped] }),
    }),
  }
  const stable = release.stable.variants
  if (trial === undefined) return { ...common, stable }
  return audience === undefined
    ? { ...common, stable: trial.candidate }
    : { ...common, stable, candidate: trial.candidate, audience }
}

/**
 * The rollout ends, everybody runs `back`, and what it tried is withdrawn.
 *
 * ```ts
 * const statement = endStep(head.release, { ...about, cause: 'abort', back, tried: trial.candidate })
 * ```
 */
export function endStep(
  release: RolloutRelease,
  {
    cause,
    back,
    tried,
    ...about
  }: About & {
    readonly cause: 'abort' | 'rollback'
    readonly back: Arm['variants']
    readonly tried: Arm['variants']
  },
): Statement {
  const kept = new Set(back.map(({ digest }) => digest))
  const withdrawn = [...new Set(tried.map(({ digest }) => digest))].filter(digest => !kept.has(digest))
  return {
    cause,
    rewrites: true,
    audit: about.audit,
    stable: back,
    withdrawn,
    rollout: next(release, about, { state: 'rolled-back' }),
  }
}

/**
 * Whether a release is a step of a rollout.
 *
 * ```ts
 * if (!inRollout(release)) return { type: 'refuse', error }
 * ```
 */
export function inRollout(release: Release): release is RolloutRelease {
  return release.rollout !== undefined
}

/**
 * What a release of a running rollout tries; undefined where it has no candidate.
 *
 * ```ts
 * const trial = trialIn(head.release) ?? (await findTrial(context, head.release, signal))
 * ```
 */
export function trialIn({ candidate, audience, evidence }: Release): Trial | undefined {
  return candidate === undefined || audience === undefined
    ? undefined
    : { candidate: candidate.variants, version: candidate.version, audience, evidence }
}

/**
 * The snapshots that nobody but the exposed runs.
 *
 * ```ts
 * const alone = onlyTried(head.release)
 * ```
 */
export function onlyTried(release: Release): readonly string[] {
  const stable = new Set(release.stable.variants.map(({ digest }) => digest))
  return digestsOf(release).filter(digest => !stable.has(digest))
}

/**
 * The same release once more, by another cause.
 *
 * ```ts
 * const statement = restated(head.release, { cause: 'readmit', audit })
 * ```
 */
export function restated(
  { stable, candidate, audience, spreadMs, activateAt, evidence, rollout }: Release,
  { cause, audit }: Pick<Statement, 'cause' | 'audit'>,
): Statement {
  const common = {
    cause,
    rewrites: true,
    audit,
    stable: stable.variants,
    ...(spreadMs !== undefined && { spreadMs }),
    ...(activateAt !== undefined && { activateAt }),
    ...(evidence !== undefined && { evidence }),
    ...(rollout !== undefined && { rollout }),
  }
  return candidate === undefined || audience === undefined
    ? common
    : { ...common, candidate: candidate.variants, audience }
}

function next(release: RolloutRelease, { by, why }: About, changes: Partial<RolloutState>): RolloutState {
  return { ...release.rollout, ...changes, controller: by, why: oneLine(why) || 'no reason given' }
}

/** The position that the next release of the log gets. */
function following(release: Release): Position {
  return nextPosition(positionOf(release))
}

/** Milliseconds since 1970 as a time of docs/formats.md. */
export function timeOf(ms: number): string {
  return new Date(ms).toISOString()
}
