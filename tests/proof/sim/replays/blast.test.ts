import { expect, test, vi } from 'vitest'
import { predictCrash } from '../../../../src/compare/blast-radius.js'
import { staged } from '../../../../src/rollouts/index.js'
import { DEFAULTS, LOOK_MS, MINUTE, play, REAL, type Outcome } from './rolled.js'

// What predictCrash() says of a document that ends its process, held to real clients with disks,
// in virtual time.
vi.setConfig({ testTimeout: 120_000 })

const SECOND = 1_000
const CLIENTS = 24
const STAGES = [1, 3, 12, CLIENTS]

/** Rolls a document out in the default stages that ends each process so long after it ran it. */
const crash = (diesAfterMs: number, bakeMs: number): Promise<Outcome> =>
  play({
    ...{ ...REAL, clients: CLIENTS, rollout: staged({ ...DEFAULTS, bakeMs }), diesAfterMs },
    effect: () => 'dies',
  })

const predicted = (diesMs: number, bakeMs: number) =>
  predictCrash(
    { clients: CLIENTS, stalenessMs: { half: LOOK_MS / 2, all: LOOK_MS } },
    { showsAfterMs: diesMs, bakeMs, stages: STAGES, humanMs: 15 * MINUTE },
  )

test.each([
  // One death is no proof, so one more is asked.
  { dies: 30, bake: 300, reached: 2 },
  { dies: 90, bake: 300, reached: 2 },
  { dies: 200, bake: 300, reached: 2 },
  // The first stage has passed.
  { dies: 90, bake: 60, reached: 3 },
])(
  'a document that ends its process after $dies s, in stages of $bake s, reaches as many real clients as predicted, and is gone when predicted, within 20 %',
  async ({ dies, bake, reached }) => {
    const [diesMs, bakeMs] = [dies * SECOND, bake * SECOND]
    const known = predicted(diesMs, bakeMs)
    const seen = await crash(diesMs, bakeMs)
    expect(seen).toMatchObject({ state: 'rolled-back', touched: reached, left: 0 })
    expect(known.reached).toBe(reached)
    expect(Math.abs(seen.goneMs / known.goneMs - 1)).toBeLessThan(0.2)
  },
)

test('one that ends its process where three stages have it is gone sooner than predicted, by comparison with those outside', async () => {
  const known = predicted(90 * SECOND, 30 * SECOND)
  const seen = await crash(90 * SECOND, 30 * SECOND)
  expect(seen).toMatchObject({ state: 'rolled-back', touched: known.reached, left: 0 })
  expect(seen.goneMs).toBeLessThan(known.goneMs)
})

test('one that ends its process after the bake is trusted, reaches everybody, and somebody has to take it back', async () => {
  const seen = await crash(400 * SECOND, 300 * SECOND)
  expect(seen).toMatchObject({ state: 'watching', touched: CLIENTS })
  const known = predicted(400 * SECOND, 300 * SECOND)
  expect(known.reached).toBe(CLIENTS)
  // Who was called takes a quarter of an hour.
  expect(known.goneMs).toBeGreaterThan(1_300 * SECOND)
})
