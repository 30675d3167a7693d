import type { Release } from '../core/release/release.js'
import type { RolloutState } from '../core/release/rollout.js'

/**
 * From when clients run what the stage at hand brings them, in milliseconds since 1970: from its
 * start, or from the time at which they switch together.
 *
 * ```ts
 * const leftMs = runsFromMs(release, rollout) + plan.watchMs - nowMs
 * ```
 */
export function runsFromMs(
  { activateAt }: Pick<Release, 'activateAt'>,
  { stageStart }: Pick<RolloutState, 'stageStart'>,
): number {
  return Math.max(Date.parse(stageStart.at), activateAt === undefined ? 0 : Date.parse(activateAt))
}
