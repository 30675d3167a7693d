import { execFileSync } from 'node:child_process'
import { expect, test } from 'vitest'
import { PLANTED_BUGS } from './bugs.js'
import { bundle } from './bundle.js'
import { hunt, type Found } from './hunt.js'
import { KEPT_HISTORIES } from './kept-seeds.js'
import { runMany } from './run-many.js'

/** Seeds that nothing was written with. */
const FROM = 1_000_000

/** How many of them a bug may survive. */
const MOST = 3_000

const took = new Map<string, Found>()

test.concurrent.each(PLANTED_BUGS)('$name is found', async bug => {
  const file = await bundle({ entry: 'seed-process', bug })
  const found = await hunt({ file, bug, from: FROM, most: MOST, workers: 1 })
  expect(found, `${bug.name} within ${MOST} seeds`).toMatchObject({ expected: true })
  took.set(bug.name, found)
})

test('the same seeds find nothing in the source as it is', async () => {
  expect([...took.keys()].sort()).toEqual(PLANTED_BUGS.map(({ name }) => name).sort())
  const file = await bundle({ entry: 'seed-process' })
  const lines = await runMany({
    file,
    from: FROM,
    count: Math.max(...[...took.values()].map(({ seeds }) => seeds)),
    workers: 2,
  })
  expect(lines.filter(({ violations }) => violations.length > 0)).toEqual([])
  process.stdout.write(
    [...took]
      .map(([name, { seeds, oracle }]) => `${String(seeds).padStart(5)} seeds  ${name}: ${oracle}\n`)
      .join(''),
  )
})

/** As often as tests/proof/sim/kept.test.ts draws each in full. */
const MOST_DRAWS = 250

test.each(KEPT_HISTORIES)(
  'without what mended it, $oracle reports again that $found',
  async ({ unmend, plan }) => {
    const file = await bundle({ entry: 'kept-process', bug: { name: `unmended-${plan.seed}`, ...unmend } })
    const draws = execFileSync(process.execPath, [file, String(plan.seed), String(MOST_DRAWS)], {
      encoding: 'utf8',
    })
    expect(draws).toMatch(/^[0-9]+$/)
    process.stdout.write(`${draws.padStart(5)} draws  ${unmend.file}: ${plan.seed}\n`)
  },
)
