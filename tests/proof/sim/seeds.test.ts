import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import { bundle } from './bundle.js'
import { runPlan } from './history.js'
import { KEPT_HISTORIES, planOfKept } from './kept-seeds.js'
import { runMany } from './run-many.js'
import type { SeedLine } from './seed-process.js'
import { shrunk } from './shrunk.js'
import { neverHappened } from './sometimes.js'

const COUNT = Number(process.env['NOTICEBOARD_SEEDS'] ?? 3_000)

/** Every hundredth, and some at least, is run again to compare its trace. */
const SAMPLE = { from: 1, stride: 100, count: Math.max(10, Math.ceil(COUNT / 100)) }

/** How often a kept history is drawn: more where nobody waits. `npm run test:bugs` shows that what broke each comes again within 100. */
const DRAWS = process.env['CI'] === undefined ? 5 : 100

const file = await bundle({ entry: 'seed-process' })

const hashes = (lines: readonly SeedLine[]): Record<number, string> =>
  Object.fromEntries(lines.map(({ seed, hash }) => [seed, hash]))

/** What each seed broke, with the command that replays it; the first is shrunk, and what is left of it follows. */
async function whatBroke(lines: readonly SeedLine[]): Promise<readonly string[]> {
  const broken = lines.filter(({ violations }) => violations.length > 0)
  const told = broken.flatMap(({ seed, violations }) =>
    violations.slice(0, 1).map(({ oracle, text }) => `npm run sim -- ${seed}: ${oracle}: ${text}`),
  )
  const [first] = broken
  if (first === undefined) return told
  const { lines: left, command } = await shrunk({ seed: first.seed, mostMs: 60_000 })
  return [
    ...told,
    `npm run sim -- ${first.seed} shrink`,
    ...left,
    ...(command === undefined ? ['nothing could be taken away in time'] : [command]),
  ]
}

test(`${COUNT} histories hold what always holds, and meet what a run has to meet`, async () => {
  const lines = await runMany({ file, from: 1, count: COUNT, workers: availableParallelism() })
  expect(await whatBroke(lines)).toEqual([])
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

test.each(KEPT_HISTORIES.map(kept => [kept.found, kept.oracle, kept] as const))(
  'the history in which %s (%s) breaks nothing any more',
  async (_found, _oracle, kept) => {
    for (let draw = 0; draw < DRAWS; draw += 1)
      expect((await runPlan(planOfKept(kept, draw))).violations).toEqual([])
  },
  60_000,
)
