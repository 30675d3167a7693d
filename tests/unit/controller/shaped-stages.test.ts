import { afterEach, expect, test } from 'vitest'
import { createController } from '../../../src/controller/index.js'
import { staged, type StagedOptions } from '../../../src/rollouts/index.js'
import { LOOK_MS, MINUTE, paperWorld, PERIODS } from '../../support/rollouts/paper-world.js'

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/**
 * A rollout to a fleet on paper, looked at each half minute: who runs it in which state and stage.
 */
async function rolledOut(clients: number, options: StagedOptions) {
  const { clock, store, system, publisher, fleet } = await paperWorld({ clients })
  const controller = createController({ store, system, lookMs: LOOK_MS })
  closing.push(() => controller.close())
  await clock.advance(MINUTE)
  const rollout = staged({ ...PERIODS, ...options })
  const { digest } = await publisher.publish({ pool: 2 }, { rollout, reason: 'more' })
  const seen = new Map<string, ReadonlySet<string>>()
  for (let half = 0; half < 80; half += 1) {
    await clock.advance(MINUTE / 2)
    const { state, stage } = (await publisher.rollout())!
    seen.set(state === 'running' ? `stage ${stage + 1}` : state, new Set(fleet.runs(digest)))
  }
  return seen
}

test('who is held back has the document when the watch has ended, and not before', async () => {
  const seen = await rolledOut(20, { stages: [1, 'all'], holdback: 0.25 })
  expect([...seen.keys()]).toEqual(['stage 1', 'stage 2', 'watching', 'completed'])
  const [all, watched] = [seen.get('stage 2')!, seen.get('watching')!]
  expect(all.size).toBeGreaterThan(10)
  expect(all.size).toBeLessThan(20)
  expect(watched).toEqual(all)
  expect(seen.get('completed')?.size).toBe(20)
})

test('a stage by resolving power exposes as many clients as exclude a fault of that share', async () => {
  const seen = await rolledOut(60, { excludes: 0.05 })
  expect([...seen].map(([where, { size }]) => [where, size])).toEqual([
    ['stage 1', 1],
    ['stage 2', 38],
    ['stage 3', 60],
    ['watching', 60],
    ['completed', 60],
  ])
})
