import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import { bundle } from './bundle.js'
import { runMany } from './run-many.js'
import type { SeedLine } from './seed-process.js'
import { shrunk } from './shrunk.js'
import { neverHappened } from './sometimes.js'

/** With fewer histories some things do not happen. */
const ENOUGH = 400

const COUNT = Number(process.env['NOTICEBOARD_SEEDS'] ?? ENOUGH)

/**
 * How many are run again to compare their traces: one in three hundred, and some at least, spread
 * over all.
 */
const SAMPLED = Math.max(10, Math.ceil(COUNT / 300))
const SAMPLE = { from: 1, stride: Math.max(1, Math.floor(COUNT / SAMPLED)), count: SAMPLED }

const file = await bundle({ entry: 'seed-process' })

const hashes = (lines: readonly SeedLine[]): Record<number, string> =>
  Object.fromEntries(lines.map(({ seed, hash }) => [seed, hash]))

/**
 * What each seed broke, with the command that replays it; the first is shrunk, and what is left of
 * it follows.
 */
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

/** What the test of all histories told. */
let told: readonly SeedLine[] = []

test(`${COUNT} histories hold what always holds, and meet what a run has to meet`, async () => {
  const lines = await runMany({
    file,
    from: 1,
    count: COUNT,
    workers: availableParallelism(),
    // Beside much else a herd of a whole fleet takes minutes.
    mostMs: 600_000,
  })
  told = lines
  expect(await whatBroke(lines)).toEqual([])
  expect(lines.length).toBe(COUNT)
  if (COUNT >= ENOUGH) expect(neverHappened(lines.map(({ sometimes }) => sometimes))).toEqual([])
}, 1_800_000)

/** What became of the sample: as the run above told, in its workers, or run now in four. */
async function sample(): Promise<readonly SeedLine[]> {
  const own = told.filter(({ seed }) => (seed - SAMPLE.from) % SAMPLE.stride === 0).slice(0, SAMPLE.count)
  return own.length === SAMPLE.count ? own : runMany({ file, ...SAMPLE, workers: 4 })
}

test('the same seed gives the same trace in another process, among other seeds and in another order', async () => {
  const alone = await runMany({ file, ...SAMPLE, workers: 1 })
  expect(alone).toHaveLength(SAMPLE.count)
  expect(hashes(await sample())).toEqual(hashes(alone))
  // A hash that says nothing would be equal too.
  expect(new Set(alone.map(({ hash }) => hash)).size).toBe(SAMPLE.count)
}, 1_800_000)

const OTHER_NODE = process.env['NOTICEBOARD_OTHER_NODE']

test.skipIf(OTHER_NODE === undefined && process.env['NOTICEBOARD_NO_SKIP'] === undefined)(
  'the same seed gives the same trace under another version of Node (node: NOTICEBOARD_OTHER_NODE names its program)',
  async () => {
    expect(OTHER_NODE).toBeDefined()
    const there = await runMany({ file, ...SAMPLE, workers: 1, node: OTHER_NODE as string })
    expect(there).toHaveLength(SAMPLE.count)
    expect(hashes(there)).toEqual(hashes(await sample()))
  },
  1_800_000,
)
