import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import { bundle } from './bundle.js'
import { runMany } from './run-many.js'
import { neverHappened } from './sometimes.js'

const COUNT = Number(process.env['NOTICEBOARD_SEEDS'] ?? 240)

test(`${COUNT} histories hold what always holds, and meet what a run has to meet`, async () => {
  const file = await bundle({ entry: 'seed-process' })
  const workers = Math.max(1, availableParallelism())
  const lines = await runMany({ file, from: 1, count: COUNT, workers })
  const broken = lines.flatMap(({ seed, violations }) =>
    violations.slice(0, 1).map(({ oracle, text }) => `npm run sim -- ${seed}: ${oracle}: ${text}`),
  )
  expect(broken).toEqual([])
  expect(lines.length).toBe(COUNT)
  if (COUNT >= 1_000) expect(neverHappened(lines.map(({ sometimes }) => sometimes))).toEqual([])
}, 1_800_000)

// Some seeds (7001 is one) still differ between two runs: something in them depends on real time.
test.todo('the same seed gives the same trace in one process and in four')
test.todo('the same seed gives the same trace under Node 20 and 24')
