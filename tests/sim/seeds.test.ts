import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import { bundle } from './bundle.js'
import { runHistory } from './history.js'
import { KEPT_SEEDS } from './kept-seeds.js'
import { runMany } from './run-many.js'
import type { SeedLine } from './seed-process.js'
import { neverHappened } from './sometimes.js'

const COUNT = Number(process.env['NOTICEBOARD_SEEDS'] ?? 3_000)

/** Every hundredth, and some at least, is run again to compare its trace. */
const SAMPLE = { from: 1, stride: 100, count: Math.max(10, Math.ceil(COUNT / 100)) }

const file = await bundle({ entry: 'seed-process' })

const hashes = (lines: readonly SeedLine[]): Record<number, string> =>
  Object.fromEntries(lines.map(({ seed, hash }) => [seed, hash]))

test(`${COUNT} histories hold what always holds, and meet what a run has to meet`, async () => {
  const lines = await runMany({ file, from: 1, count: COUNT, workers: availableParallelism() })
  const broken = lines.flatMap(({ seed, violations }) =>
    violations.slice(0, 1).map(({ oracle, text }) => `npm run sim -- ${seed}: ${oracle}: ${text}`),
  )
  expect(broken).toEqual([])
  expect(lines.length).toBe(COUNT)
  if (COUNT >= 1_000) expect(neverHappened(lines.map(({ sometimes }) => sometimes))).toEqual([])
}, 1_800_000)

test('the same seed gives the same trace in another process, in one worker and in four', async () => {
  const [alone, again, apart] = [
    await runMany({ file, ...SAMPLE, workers: 1 }),
    await runMany({ file, ...SAMPLE, workers: 1 }),
    await runMany({ file, ...SAMPLE, workers: 4 }),
  ]
  expect(alone).toHaveLength(SAMPLE.count)
  expect(hashes(again)).toEqual(hashes(alone))
  expect(hashes(apart)).toEqual(hashes(alone))
  // A hash that says nothing would be equal too.
  expect(new Set(alone.map(({ hash }) => hash)).size).toBe(SAMPLE.count)
}, 300_000)

const OTHER_NODE = process.env['NOTICEBOARD_OTHER_NODE']

test.skipIf(OTHER_NODE === undefined && process.env['NOTICEBOARD_NO_SKIP'] === undefined)(
  'the same seed gives the same trace under another version of Node (node: NOTICEBOARD_OTHER_NODE names its program)',
  async () => {
    expect(OTHER_NODE).toBeDefined()
    const [here, there] = [
      await runMany({ file, ...SAMPLE, workers: 1 }),
      await runMany({ file, ...SAMPLE, workers: 1, node: OTHER_NODE as string }),
    ]
    expect(hashes(there)).toEqual(hashes(here))
  },
  300_000,
)

test.each(KEPT_SEEDS)(
  'seed $seed, which found that $found, breaks nothing any more',
  async ({ seed }) => {
    expect((await runHistory(seed)).violations).toEqual([])
  },
  60_000,
)
