import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../src/client/index.js'
import { createController } from '../../../src/controller/index.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { staged } from '../../../src/rollouts/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { pull } from '../../../src/strategies/index.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'
import { testPlatform } from '../../support/client-harness.js'

const namespace = 'checkout/prod'
const schema = z.object({ pool: z.number() })

test('a bake that is shorter than the interval of a probe passes no stage over a client whose probe is red', async () => {
  const clock = virtualClock()
  const system = { clock, random: seededRandom(7), hasher: systemHasher }
  const store = memory({ system })
  const publisher = createPublisher({ namespace, schema, store, system })
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  await store.reports({ namespace }, new AbortController().signal)
  const ran = new Set<string>()
  const clients = ['web-1', 'web-2', 'web-3', 'web-4'].map(clientId => {
    const client = createClient({
      namespace,
      schema,
      clientId,
      strategy: pull(store, { pollIntervalMs: 500 }),
      // With its defaults: asked each 10 s, and taken back after 30 s.
      health: { probe: () => client.current.pool === 1 },
      soakMs: 1_000,
      reports: { intervalMs: 10_000, batchMs: 100 },
      system: { ...system, platform: testPlatform() },
    })
    client.on('change', ({ current }) => current.pool === 2 && ran.add(clientId))
    void client.ready()
    return client
  })
  const controller = createController({ store, system, lookMs: 500 })
  onTestFinished(async () => {
    await controller.close()
    for (const client of clients) await client.close()
    await publisher.close()
  })
  await clock.advance(60_000)
  const rollout = await publisher.publish(
    { pool: 2 },
    {
      rollout: staged({ stages: [1, 'all'], bakeMs: 8_000, reportMs: 2_000, watchMs: 60_000 }),
      reason: 'more',
    },
  )
  expect(rollout.state).toBe('running')
  await clock.advance(120_000)
  expect([...ran]).toHaveLength(1)
  expect(await rollout.settled).toBe('rolled-back')
  expect(clients.map(({ current }) => current.pool)).toEqual([1, 1, 1, 1])
})
