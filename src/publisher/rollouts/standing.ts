import type { Release } from '../../core/release/release.js'
import type { PublisherContext } from '../context.js'
import { readHistory } from '../history.js'
import { readNewest } from '../read-head.js'
import { inRollout, type RolloutRelease } from './steps.js'

/**
 * Where one rollout stands: its newest release, and whether the log has gone on to something else.
 * `gone`: the log does not hold it any more, or its first release was lost.
 */
export type Standing =
  | { readonly type: 'newest' | 'followed'; readonly release: RolloutRelease }
  | { readonly type: 'gone' }

/**
 * Finds the newest release of a rollout, which is most often the newest of all.
 *
 * ```ts
 * const standing = await standingOf(context, rollout.id, signal)
 * ```
 */
export async function standingOf(
  context: PublisherContext,
  id: string,
  signal: AbortSignal,
): Promise<Standing> {
  const newest = (await readNewest(context, signal))?.release
  if (newest === undefined) return { type: 'gone' }
  if (isOf(newest, id)) return { type: 'newest', release: newest }
  for await (const { release } of readHistory(context, { signal }))
    if (isOf(release, id)) return { type: 'followed', release }
  return { type: 'gone' }
}

function isOf(release: Release, id: string): release is RolloutRelease {
  return inRollout(release) && release.rollout.id === id
}
