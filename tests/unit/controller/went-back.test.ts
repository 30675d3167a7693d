import { afterEach, expect, test } from 'vitest'
import { z } from 'zod'
import type { CompleteStore } from '../../../src/contracts/transport.js'
import { createController, type Controller } from '../../../src/controller/index.js'
import { decodeRelease } from '../../../src/core/release/release.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { staged } from '../../../src/rollouts/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { storeFrom } from '../../../src/transports/store/store-from.js'
import { goingBack } from '../../support/going-back.js'
import { startPaperFleet } from '../../support/rollouts/paper-fleet.js'

const namespace = 'checkout/prod'
const MINUTE = 60_000
const never = new AbortController().signal

const closing: (() => unknown)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/**
 * A rollout that has passed its first stages, over a store that was copied while it was in the
 * first.
 */
async function world() {
  const clock = virtualClock()
  const system = { clock, random: seededRandom(7), hasher: systemHasher }
  const engine = goingBack()
  const open = (): CompleteStore => storeFrom(engine, { system, reportTtlMs: 60 * MINUTE })
  const store = open()
  const publisher = createPublisher({ namespace, schema: z.object({ pool: z.number() }), store, system })
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  const fleet = startPaperFleet({ store, clock, namespace, clients: 20 })
  const controller = (over: CompleteStore): Controller => {
    const made = createController({ store: over, system, lookMs: 5_000 })
    closing.push(() => made.close())
    return made
  }
  closing.push(
    () => fleet.close(),
    () => publisher.close(),
  )
  await store.reports({ namespace }, never)
  await clock.advance(20 * MINUTE)
  const first = controller(store)
  await clock.advance(MINUTE)
  const policy = staged({ bakeMs: 2 * MINUTE, reportMs: 30_000, watchMs: 10 * MINUTE })
  await publisher.publish({ pool: 2 }, { rollout: policy, reason: 'more' })
  await clock.advance(MINUTE)
  const copied = await engine.contents()
  await clock.advance(6 * MINUTE)
  return {
    clock,
    publisher,
    controller,
    first,
    another: open,
    putBack: () => engine.putBack(copied),
    /** How long the log is. */
    async length(): Promise<number> {
      let releases = 0
      for await (const { bytes } of open().history({ namespace }, never))
        releases += decodeRelease(bytes).release.sequence > 0 ? 1 : 0
      return releases
    },
  }
}

const damaged = { type: 'failed', error: { code: 'store-damaged' } }

test('a controller takes no step on a board that went back in the middle of a rollout, and none after the epoch that heals it', async () => {
  const { clock, publisher, first, putBack, length } = await world()
  const before = await length()
  await putBack()
  const restored = await length()
  expect(before).toBeGreaterThan(restored)
  await clock.advance(30 * MINUTE)
  expect([await length(), first.standings.get(namespace)]).toMatchObject([restored, damaged])
  await publisher.openEpoch({ reason: 'restored' })
  await clock.advance(10 * MINUTE)
  expect([await length(), first.standings.get(namespace)]).toEqual([restored + 1, { type: 'idle' }])
})

test('nor does one that remembers nothing, once most of the fleet has seen more', async () => {
  const { clock, first, controller, another, putBack, length } = await world()
  await first.close()
  await putBack()
  const restored = await length()
  // By then the clients have said where they are, as they do whatever the board says.
  await clock.advance(2 * MINUTE)
  const next = controller(another())
  await clock.advance(30 * MINUTE)
  expect([await length(), next.standings.get(namespace)]).toMatchObject([restored, damaged])
})
