import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { predictCrash } from '../../../../src/compare/blast-radius.js'
import { createController } from '../../../../src/controller/index.js'
import { createPublisher, everyone } from '../../../../src/publisher/index.js'
import { staged } from '../../../../src/rollouts/index.js'
import { seededRandom } from '../../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../../src/system/system.js'
import { memory } from '../../../../src/transports/memory.js'
import { startRealClients } from './real-clients.js'

// What predictCrash() says of a document that ends its process, held to real clients with disks,
// in virtual time.
vi.setConfig({ testTimeout: 120_000 })

const namespace = 'replays/blast'
const schema = z.object({ pool: z.number() })
const SECOND = 1_000
const CLIENTS = 24
const LOOK_MS = 5 * SECOND
const STAGES = [1, 3, 12, CLIENTS]
const reason = 'a test'

interface Crashed {
  readonly state: string | undefined
  /** How many clients ever ran it. */
  readonly reached: number
  /** From `publish()` until none runs it, in milliseconds. */
  readonly goneMs: number
}

/** Rolls a document out in the default stages that ends each process so long after it ran it. */
async function crash({
  diesMs,
  bakeMs,
}: {
  readonly diesMs: number
  readonly bakeMs: number
}): Promise<Crashed> {
  const clock = virtualClock()
  const system = { clock, random: seededRandom(11), hasher: systemHasher }
  const store = memory({ system })
  const publisher = createPublisher({ namespace, schema, store, system })
  const controller = createController({ store, system, namespaces: [namespace] })
  const { digest: first } = await publisher.publish({ pool: 1 }, { rollout: everyone(), reason })
  const fleet = startRealClients({
    ...{ store, clock, namespace, clients: CLIENTS, lookMs: LOOK_MS, diesAfterMs: diesMs },
    effect: digest => (digest === first ? 'works' : 'dies'),
  })
  await clock.advance(20 * 60 * SECOND)
  const publishedMs = clock.monotonic()
  const { digest } = await publisher.publish({ pool: 2 }, { rollout: staged({ bakeMs }), reason })
  const stateNow = async (): Promise<string | undefined> => (await publisher.rollout())?.state
  for (let left = 360; left > 0 && (await stateNow()) === 'running'; left -= 1)
    await clock.advance(5 * SECOND)
  while (fleet.runs(digest).length > 0 && (await stateNow()) === 'rolled-back') await clock.advance(SECOND)
  const goneMs = clock.monotonic() - publishedMs
  const state = await stateNow()
  await Promise.all([publisher.close(), controller.close(), fleet.close()])
  return { state, reached: fleet.everRan(digest).length, goneMs }
}

const predicted = (diesMs: number, bakeMs: number) =>
  predictCrash(
    { clients: CLIENTS, stalenessMs: { half: LOOK_MS / 2, all: LOOK_MS } },
    { showsAfterMs: diesMs, bakeMs, stages: STAGES },
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
    const seen = await crash({ diesMs, bakeMs })
    expect(seen).toMatchObject({ state: 'rolled-back', reached })
    expect(known.reached).toBe(reached)
    expect(Math.abs(seen.goneMs / known.goneMs - 1)).toBeLessThan(0.2)
  },
)

test('one that ends its process where three stages have it is gone sooner than predicted, by comparison with those outside', async () => {
  const known = predicted(90 * SECOND, 30 * SECOND)
  const seen = await crash({ diesMs: 90 * SECOND, bakeMs: 30 * SECOND })
  expect(seen).toMatchObject({ state: 'rolled-back', reached: known.reached })
  expect(seen.goneMs).toBeLessThan(known.goneMs)
})

test('one that ends its process after the bake is trusted, reaches everybody, and somebody has to take it back', async () => {
  const seen = await crash({ diesMs: 400 * SECOND, bakeMs: 300 * SECOND })
  expect(seen).toMatchObject({ state: 'watching', reached: CLIENTS })
  const known = predicted(400 * SECOND, 300 * SECOND)
  expect(known.reached).toBe(CLIENTS)
  // Who was called takes a quarter of an hour.
  expect(known.goneMs).toBeGreaterThan(1_300 * SECOND)
})
