import { expect, test } from 'vitest'
import { bundle } from './bundle.js'
import { hunt } from './hunt.js'
import { NUMBER_BUGS } from './number-bugs.js'
import { runMany } from './run-many.js'

/** Seeds that nothing was written with. */
const FROM = 5_000_000

/** How many scenes a bug may survive: those of 2,000 histories. */
const MOST = 100

/** Only that scene of each seed is played. */
const ALONE = { entry: 'scene-process', more: ['numbers'] } as const

let most = 0

test.each(NUMBER_BUGS)('$name is found', async bug => {
  const { entry, more } = ALONE
  const file = await bundle({ entry, bug })
  const found = await hunt({ file, bug, from: FROM, most: MOST, workers: 2, more })
  expect(found, `${bug.name} within ${MOST} scenes`).toMatchObject({ expected: true })
  most = Math.max(most, found.seeds)
  process.stdout.write(`${String(found.seeds).padStart(5)} scenes  ${bug.name}: ${found.oracle}\n`)
})

test('the same scenes find nothing in the source as it is', async () => {
  const { entry, more } = ALONE
  const file = await bundle({ entry })
  const lines = await runMany({ file, from: FROM, count: Math.max(most, 10), workers: 2, more })
  expect(lines.filter(({ violations }) => violations.length > 0)).toEqual([])
})
