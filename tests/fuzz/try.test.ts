import { test } from 'vitest'
import { runFuzz, targets } from './run-fuzz.js'
test('try', async () => {
  for (const { name } of targets) {
    const t = performance.now()
    const r = await runFuzz({ inputs: name.includes('folder') || name.includes('bodies') ? 3000 : 20000, seed: 1, only: [name] })
    console.log(name, r.inputs, Math.round(performance.now() - t), 'ms', r.slowestMs, r.failures.length)
    for (const f of r.failures.slice(0, 2)) console.log(f)
  }
}, 120000)
