import type { Scene } from '../scene.js'
import { changes } from './changes.js'
import { encodings } from './encodings.js'

/**
 * Large snapshots as they travel: as what changed, encoded, and whole. What runs is what was
 * published, whatever came.
 */
export const forms: Scene = stage => stage.dice.pick([changes, changes, changes, encodings])(stage)
