import type { PlantedBug } from './bugs.js'
import { bundle } from './bundle.js'
import type { SceneName } from './plan.js'

/** Of each seed one scene and nothing beside it, as `runMany` is told, two at a time. */
export function alone(scene: SceneName): { readonly more: readonly [SceneName]; readonly workers: number } {
  return { more: [scene], workers: 2 }
}

/**
 * Bundles what plays one scene of each seed; with a bug, if it is given. Resolves with the path of
 * the bundle.
 */
export function bundleScenes(bug?: PlantedBug): Promise<string> {
  return bundle({ entry: 'scene-process', ...(bug !== undefined && { bug }) })
}
