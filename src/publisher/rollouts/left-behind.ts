import { isNoticeboardError } from '../../contracts/errors.js'
import type { Digest } from '../../contracts/names.js'
import type { HeardReports } from '../../contracts/report.js'
import type { Arm, Release } from '../../core/release/release.js'
import { sayUnknown } from '../../rollouts/unknowns.js'
import type { Decision, RolloutPolicy } from '../../rollouts/policy.js'
import type { PublisherContext } from '../context.js'
import { inRollout, type RolloutRelease, type Trial } from './steps.js'
import { judge, nothingHeard } from './tend.js'

/** What a rollout leaves behind when another takes its place, and why. */
export interface LeftBehind {
  /** Withdrawn with the release that takes its place. */
  readonly digests: readonly Digest[]
  /** Why, for people: `1 rejected in stage 1`. */
  readonly why: string
}

/** What takes the place of a rollout, and by what that one is judged. */
export interface Replacing {
  readonly newest: Release | undefined
  readonly trial: Trial | undefined
  /** What is published in its place. */
  readonly variants: Arm['variants']
  /** In full; undefined where the reports are not known, or not to be believed. */
  readonly heard: HeardReports | undefined
  readonly policies: readonly RolloutPolicy[]
}

/**
 * The snapshots of a candidate that nobody runs any more once another document takes its place.
 *
 * ```ts
 * const digests = replacedBy({ newest, trial, variants })
 * ```
 */
export function replacedBy({
  newest,
  trial,
  variants,
}: Pick<Replacing, 'newest' | 'trial' | 'variants'>): readonly Digest[] {
  const kept = new Set([...variants, ...(newest?.stable.variants ?? [])].map(({ digest }) => digest))
  return (trial?.candidate ?? []).map(({ digest }) => digest).filter(digest => !kept.has(digest))
}

/**
 * What is withdrawn of the rollout that is superseded: the candidate of one that stands still, has
 * retreated, or would by what was heard, since pauses of a policy are in no release. Undefined
 * where it was merely under way, nobody was exposed yet, or nobody can tell. Writes nothing.
 *
 * ```ts
 * const left = await leftBehind(context, { newest, trial, variants, heard, policies }, signal)
 * ```
 */
export async function leftBehind(
  context: PublisherContext,
  replacing: Replacing,
  signal: AbortSignal,
): Promise<LeftBehind | undefined> {
  const { newest } = replacing
  const digests = replacedBy(replacing)
  if (digests.length === 0 || newest === undefined || !inRollout(newest)) return undefined
  // Nobody ran it, and what holds it up before that says nothing of the document.
  if (newest.rollout.stageStart.awaitsGates === true) return undefined
  switch (newest.rollout.state) {
    case 'paused':
      return { digests, why: 'it is paused' }
    case 'retreated':
      return { digests, why: 'it has retreated' }
    case 'running': {
      const why = await whyBad(context, newest, replacing, signal)
      return why === undefined ? undefined : { digests, why }
    }
    case 'watching':
    case 'completed':
    case 'rolled-back':
    case 'other':
      return undefined
  }
}

/** Why a running rollout does not go on by itself; undefined where it does, or nobody can tell. */
async function whyBad(
  context: PublisherContext,
  release: RolloutRelease,
  { heard: given, policies }: Pick<Replacing, 'heard' | 'policies'>,
  signal: AbortSignal,
): Promise<string | undefined> {
  const heard = given ?? (context.store.reports === undefined ? nothingHeard(context.clock) : undefined)
  if (heard === undefined) return undefined
  try {
    const { gates } = context
    const { decision, waitingFor } = await judge(context, { policies, gates }, { release, heard, signal })
    const goesOn =
      (decision?.type === 'advance' || decision?.type === 'widen') &&
      decision.explanation.verdict !== 'bad' &&
      waitingFor.length === 0
    if (goesOn) return undefined
    if (decision !== undefined && isBad(decision)) {
      const { why, unknowns } = decision.explanation
      return why[0] ?? unknowns.map(sayUnknown)[0] ?? decision.type
    }
    const { decideBy } = release.rollout
    return Date.parse(heard.asOf) > Date.parse(decideBy) ? `not decided by ${decideBy}` : undefined
  } catch (error) {
    signal.throwIfAborted()
    const { namespace, logger } = context
    logger.warn('the rollout that is replaced cannot be judged, and its candidate is not withdrawn', {
      namespace,
      code: isNoticeboardError(error) ? error.code : 'internal',
    })
    return undefined
  }
}

/** Whether somebody has to look at it, or it goes back. */
function isBad({ type, explanation }: Decision): boolean {
  return type === 'pause' || type === 'roll-back' || type === 'retreat' || explanation.verdict === 'bad'
}
