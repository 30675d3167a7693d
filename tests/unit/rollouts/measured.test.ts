import { expect, test } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../src/client/client.js'
import { createController } from '../../../src/controller/index.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import type { Release } from '../../../src/core/release/release.js'
import { staged, type StagedOptions } from '../../../src/rollouts/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { pull } from '../../../src/strategies/pull.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'
import { memoryFolder } from '../../support/client-harness.js'
import { releasesOf } from '../../support/releases-of.js'

const namespace = 'checkout/prod'
const schema = z.object({ pool: z.number() })
const MINUTE = 60_000

interface Ended {
  readonly ended: string
  readonly pools: ReadonlySet<number>
  readonly story: string
  readonly releases: readonly Release[]
}

/**
 * Publishes to 44 clients that measure a latency each twenty seconds, 10 ms or so and ten times as
 * much with a pool of 3. The controller is followed by another one in the middle of the bake.
 */
async function rollOut(pool: number, options: Pick<StagedOptions, 'rehearse'> = {}): Promise<Ended> {
  const clock = virtualClock()
  const system = { clock, random: seededRandom(7), hasher: systemHasher }
  const store = memory({ system })
  const publisher = createPublisher({ namespace, schema, store, system })
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  const clients = Array.from({ length: 44 }, (_, index) => {
    const random = seededRandom(index)
    const client = createClient({
      namespace,
      schema,
      clientId: `web-${index}`,
      strategy: pull(store, { pollIntervalMs: 15_000 }),
      state: memoryFolder(),
      system: { clock, random, hasher: systemHasher },
    })
    client.ready({ timeoutMs: 0 }).catch(() => {})
    const measure = (): void => {
      if (client.status === 'closed') return
      if (client.status !== 'starting' && client.status !== 'idle')
        client.measure('latencyMs', (client.current.pool === 3 ? 100 : 10) * (0.7 + 0.6 * random.number()))
      clock.after(20_000, measure)
    }
    measure()
    return client
  })
  let controller = createController({ store, system, lookMs: 10_000 })
  await clock.advance(4 * MINUTE)
  const guardrails = [{ measure: 'latencyMs', worseBy: 0.2 }]
  const policy = staged({
    stages: ['50%', 'all'],
    bakeMs: 1.5 * MINUTE,
    reportMs: 30_000,
    watchMs: MINUTE,
    guardrails,
    ...options,
  })
  const rollout = await publisher.publish({ pool }, { rollout: policy, reason: 'more' })
  await clock.advance(MINUTE)
  await controller.close()
  controller = createController({ store, system, lookMs: 10_000 })
  await clock.advance((options.rehearse === true ? 20 : 8) * MINUTE)
  const story: string[] = []
  for await (const { audit } of publisher.history()) story.push(audit?.reason ?? '')
  const ended = await rollout.settled
  const pools = new Set(clients.map(client => client.current.pool))
  await controller.close()
  await Promise.all(clients.map(client => client.close()))
  await publisher.close()
  return { ended, pools, story: story.join('\n'), releases: await releasesOf(store, namespace) }
}

test('a rollout takes back what makes a number worse, on what clients report, also where another controller comes in mid-bake', async () => {
  const { ended, pools, story } = await rollOut(3)
  expect(ended).toBe('rolled-back')
  expect([...pools]).toEqual([1])
  expect(story).toMatch(
    /latencyMs is more than 20 % higher beyond chance: .* in 2[0-2] exposed and .* in 2[0-2] others/,
  )
})

test('a rollout that changes no number reaches everybody, and its history says both means', async () => {
  const { ended, pools, story } = await rollOut(2)
  expect(ended).toBe('completed')
  expect([...pools]).toEqual([2])
  expect(story).toMatch(
    /latencyMs is .* in 2[0-2] exposed and .* in 2[0-2] others; it is more than 20 % higher from/,
  )
})

test('clients measure through a rehearsal of the way back and the stages after it, which take back what makes a number worse', async () => {
  const phaseOf = ({ rollout }: Release) => rollout?.stageStart.rehearsal?.phase ?? rollout?.stage
  const phases = ['forward', 'back', 'again', 0]
  const bad = await rollOut(3, { rehearse: true })
  expect(bad.ended).toBe('rolled-back')
  expect([...bad.pools]).toEqual([1])
  expect(bad.story).toMatch(/latencyMs is more than 20 % higher beyond chance/)
  expect(bad.releases.slice(1, -1).map(phaseOf)).toEqual(phases)
  const good = await rollOut(2, { rehearse: true })
  expect(good.ended).toBe('completed')
  expect([...good.pools]).toEqual([2])
  expect(good.story).toMatch(/latencyMs is .* others; it is more than 20 % higher from/)
  const asking = good.releases.slice(1, -1)
  expect(asking.map(phaseOf)).toEqual([...phases, 1, 1])
  expect(new Set(asking.map(({ evidence }) => evidence?.measures?.join()))).toEqual(new Set(['latencyMs']))
})
