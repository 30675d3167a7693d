import { asNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import { formatPosition } from '../../contracts/position.js'
import type { Arm, Release } from '../../core/release/release.js'
import type { PublisherContext } from '../context.js'
import { findRelease } from '../resolve-ref.js'
import { isUnderWay, type RolloutState } from '../../core/release/rollout.js'
import { inRollout, trialIn, type RolloutRelease, type Trial } from './steps.js'

/**
 * What a rollout tries, and on whom. A rollout that has retreated names neither, so the release
 * before it is read: the one that began the stage may have exposed fewer clients. Throws
 * `not-found` when the log does not hold that release any more.
 *
 * ```ts
 * const { candidate, audience } = await findTrial(context, head.release, signal)
 * ```
 */
export async function findTrial(
  context: PublisherContext,
  release: RolloutRelease,
  signal: AbortSignal,
): Promise<Trial> {
  const { epoch, sequence } = release
  const position = { epoch, sequence: sequence - 1 }
  const trial =
    trialIn(release) ??
    (release.rollout.state === 'retreated'
      ? trialIn(await findRelease(context, position, signal))
      : undefined)
  if (trial !== undefined) return trial
  throw new NoticeboardError(
    'not-found',
    `the release ${formatPosition(position)} of ${context.namespace}, before the rollout retreated, names no candidate; abort the rollout`,
  )
}

/**
 * As {@link findTrial}, for what must not be held up by a log that lost it: undefined then, with a
 * warning, and where no candidate waits.
 *
 * ```ts
 * const withdrawn = (await trialIfKept(context, head.release, signal))?.candidate ?? []
 * ```
 */
export async function trialIfKept(
  context: PublisherContext,
  release: Release,
  signal: AbortSignal,
): Promise<Trial | undefined> {
  if (!inRollout(release) || !holdsCandidate(release.rollout)) return undefined
  try {
    return await findTrial(context, release, signal)
  } catch (error) {
    signal.throwIfAborted()
    context.logger.warn('the candidate of a rollout is not in the log any more, and is not withdrawn', {
      namespace: context.namespace,
      code: asNoticeboardError(error, 'internal', 'the log could not be read').code,
    })
    return undefined
  }
}

/**
 * Whether a rollout has a candidate that is not stable yet, exposed to somebody or taken back for
 * now.
 */
function holdsCandidate(rollout: RolloutState): boolean {
  return isUnderWay(rollout) && rollout.state !== 'other'
}

/**
 * What everybody runs when a rollout ends and its candidate is taken back: the stable version while
 * the candidate is out, and else the one from before the rollout. Throws `not-found` when the log
 * does not hold that any more.
 *
 * ```ts
 * const back = await findWayBack(context, head.release, signal)
 * ```
 */
export async function findWayBack(
  context: PublisherContext,
  release: RolloutRelease,
  signal: AbortSignal,
): Promise<Arm['variants']> {
  if (isStableFrom(release)) return release.stable.variants
  return (await findRelease(context, release.rollout.from, signal)).stable.variants
}

/** Whether the stable arm of a rollout's release is still the one from before the rollout. */
function isStableFrom({ rollout, candidate }: RolloutRelease): boolean {
  // Also while it is watched, where some clients are held back.
  if (candidate !== undefined) return true
  switch (rollout.state) {
    case 'running':
    case 'paused':
    case 'retreated':
    case 'rolled-back':
    case 'other':
      return true
    case 'watching':
    case 'completed':
      return false
  }
}
