import { expect, test } from 'vitest'
import type { PlantedBug } from './bugs.js'
import { hunt } from './hunt.js'
import { alone, bundleScenes } from './one-scene.js'
import type { SceneName } from './plan.js'
import { runMany } from './run-many.js'

/** How many scenes a bug may survive: those of 2,000 histories. */
const MOST = 100

/**
 * Tests that each of these bugs is found by its scene alone, and that the source as it is passes
 * what found them. `from` is the first of seeds that nothing was written with.
 */
export function testBugs(scene: SceneName, bugs: readonly PlantedBug[], from: number): void {
  let most = 0

  test.each(bugs)('$name is found', async bug => {
    const file = await bundleScenes(bug)
    const found = await hunt({ ...alone(scene), file, bug, from, most: MOST, mostMs: 120_000 })
    expect(found, `${bug.name} within ${MOST} scenes`).toMatchObject({ expected: true })
    most = Math.max(most, found.seeds)
    process.stdout.write(`${String(found.seeds).padStart(5)} scenes  ${bug.name}: ${found.oracle}\n`)
  })

  test('the same scenes find nothing in the source as it is', async () => {
    const file = await bundleScenes()
    const count = Math.max(most, 10)
    const lines = await runMany({ ...alone(scene), file, from, count, mostMs: 120_000 })
    expect(lines.filter(({ violations }) => violations.length > 0)).toEqual([])
  })
}
