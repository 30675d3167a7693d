import type { PlantedBug } from './bugs.js'
import { bundle } from './bundle.js'

/** Of each seed the scene of rollouts and nothing beside it, as `runMany` is told, two at a time. */
export const ROLLOUTS_ALONE = { more: ['rollouts'], workers: 2 } as const

/** Bundles what plays one scene of each seed; with a bug, if it is given. Resolves with the path of the bundle. */
export function bundleRollouts(bug?: PlantedBug): Promise<string> {
  return bundle({ entry: 'scene-process', ...(bug !== undefined && { bug }) })
}
