import { playScene } from './scenes/play-scene.js'
import { SCENE_NAMES } from './plan.js'
import type { SeedLine } from './seed-process.js'
import { createWorld } from './world.js'

/**
 * As `seed-process`, but for one scene of each seed and nothing beside it:
 * `<from> <count> <step> <scene>`.
 */
const [from = '1', count = '1', step = '1', scene = ''] = process.argv.slice(2).map(String)
const name = SCENE_NAMES.find(one => one === scene)
if (name === undefined) throw new Error(`${scene} is no scene`)
for (let index = 0; index < Number(count); index += 1) {
  const seed = Number(from) + index * Number(step)
  process.stdout.write(`{"began":${seed}}\n`)
  const world = createWorld(seed)
  const { truth, trace, sometimes } = world
  const unhandled = (reason: unknown): void => truth.violate('no-unhandled-rejection', String(reason))
  process.on('unhandledRejection', unhandled)
  await playScene(world, name)
  process.off('unhandledRejection', unhandled)
  const line: SeedLine = {
    seed,
    violations: truth.violations,
    faults: [],
    hash: trace.hash(),
    events: trace.length,
    sometimes: [...sometimes],
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
// What a planted bug leaves open must not keep this process.
process.stdout.write('', () => process.exit(0))
