import { expect, test } from 'vitest'
import { ACCESS_BUGS } from './access-bugs.js'
import { hunt } from './hunt.js'
import { alone, bundleScenes } from './one-scene.js'
import { runMany } from './run-many.js'

/** Seeds that nothing was written with. */
const FROM = 10_000_000

/** How many scenes a bug may survive: those of 2,000 histories. */
const MOST = 100

let most = 0

test.each(ACCESS_BUGS)('$name is found', async bug => {
  const file = await bundleScenes(bug)
  const found = await hunt({ ...alone('access'), file, bug, from: FROM, most: MOST, mostMs: 120_000 })
  expect(found, `${bug.name} within ${MOST} scenes`).toMatchObject({ expected: true })
  most = Math.max(most, found.seeds)
  process.stdout.write(`${String(found.seeds).padStart(5)} scenes  ${bug.name}: ${found.oracle}\n`)
})

test('the same scenes find nothing in the source as it is', async () => {
  const file = await bundleScenes()
  const count = Math.max(most, 10)
  const lines = await runMany({ ...alone('access'), file, from: FROM, count, mostMs: 120_000 })
  expect(lines.filter(({ violations }) => violations.length > 0)).toEqual([])
})
