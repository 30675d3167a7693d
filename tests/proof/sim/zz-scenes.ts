import { createWorld } from './world.js'
import { playScene } from './scenes/play-scene.js'
import { SCENE_NAMES } from './plan.js'
const [only = '', from = '1', count = '20', show = ''] = process.argv.slice(2)
process.on('unhandledRejection', (e: any) => console.log('UNHANDLED', e?.stack ?? e))
for (const scene of SCENE_NAMES) {
  if (only !== 'all' && scene !== only) continue
  const seen = new Map<string, number>()
  const t0 = process.cpuUsage()
  let bad = 0
  for (let seed = +from; seed < +from + +count; seed++) {
    const world = createWorld(seed)
    try {
      await playScene(world, scene)
    } catch (e: any) {
      console.log('THREW', scene, seed, e?.stack)
      bad++
      continue
    }
    for (const s of world.sometimes) seen.set(s, (seen.get(s) ?? 0) + 1)
    if (show === 'trace') console.log(world.trace.lines.map(l => l.slice(9)).join('\n'))
    if (world.truth.violations.length > 0 && bad++ < 6) {
      const v = world.truth.violations[0]!
      console.log(seed, v.oracle, v.text.slice(0, 400))
    }
  }
  const t = process.cpuUsage(t0)
  console.log(
    scene,
    count,
    'bad',
    bad,
    ((t.user + t.system) / 1e3 / +count).toFixed(1),
    'ms',
    [...seen].map(x => x.join(' ')).join('; '),
  )
}
process.exit(0)
