import type { Scene } from '../scene.js'
import { bearers } from './bearers.js'
import { crowd } from './crowd.js'
import { forgeries } from './forgeries.js'
import { verbs } from './verbs.js'

/** Who may do what at a server, and who waits there for what nobody has published yet. */
export const access: Scene = async stage => {
  await verbs(stage)
  await bearers(stage)
  await crowd(stage)
  await forgeries(stage)
}
