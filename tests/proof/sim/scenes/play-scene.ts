import { seededDice } from '../../../../src/sim/dice.js'
import { guardLoops } from '../../../../src/sim/loop-guard.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import type { SceneName } from '../plan.js'
import type { World } from '../world.js'
import { access } from './access/play.js'
import { compressed } from './compressed/play.js'
import { fleet } from './fleet.js'
import { forms } from './forms/play.js'
import { numbers } from './numbers.js'
import { publishing } from './publishing.js'
import { reader } from './reader.js'
import { restores } from './restores/play.js'
import { rollouts } from './rollouts/play.js'
import type { Scene, SceneStage } from './scene.js'
import { serving } from './serving.js'
import { sharing } from './sharing.js'
import { states } from './states.js'
import { stores } from './stores.js'
import { strategies } from './strategies.js'
import { together } from './together/play.js'

const SCENES: Readonly<Record<SceneName, Scene>> = {
  access,
  compressed,
  fleet,
  forms,
  numbers,
  publishing,
  reader,
  restores,
  rollouts,
  serving,
  sharing,
  states,
  stores,
  strategies,
  together,
}

/** How long after its end a scene may have timers, in milliseconds. */
const LINGERING_MS = 60_000

/** Plays one scene. Afterwards nothing of it may be left. */
export async function playScene(
  { seed, truth, trace, sometimes }: Pick<World, 'seed' | 'truth' | 'trace' | 'sometimes'>,
  name: SceneName,
): Promise<void> {
  const violate = (oracle: string, text: string): void => truth.violate(oracle, `${name}: ${text}`)
  const clock = guardLoops(virtualClock({ turns: 1 }), timers =>
    violate('livelock', `${timers} timers were set within one instant`),
  )
  const stage: SceneStage = {
    seed,
    clock,
    dice: seededDice(seed, `scene ${name}`),
    violate,
    met: what => void sometimes.add(what),
    note: event => trace.add(name, `${(clock.monotonic() / 1_000).toFixed(3)} ${event}`),
  }
  try {
    await SCENES[name](stage)
  } catch (error) {
    // A scene asks for nothing that may fail without a word of it.
    violate('scenes-play', error instanceof Error ? (error.stack ?? error.message) : String(error))
  }
  await clock.advance(LINGERING_MS)
  if (clock.pending > 0) violate('nothing-is-left', `${clock.pending} timers are left`)
}
