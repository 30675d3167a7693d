import { afterEach, expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createController } from '../../../../src/controller/index.js'
import { createPublisher, everyone, type RolloutPolicy } from '../../../../src/publisher/index.js'
import { staged, type RolloutFloor, type StagedOptions } from '../../../../src/rollouts/index.js'
import { seededRandom } from '../../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../../src/system/system.js'
import { memory } from '../../../../src/transports/memory.js'
import { startPaperFleet, type Effect, type PaperFleet } from '../../../support/rollouts/paper-fleet.js'

vi.setConfig({ testTimeout: 120_000 })

const namespace = 'replays/rollouts'
const schema = z.object({ pool: z.number() })
const MINUTE = 60_000
const CLIENTS = 60
const reason = 'an update'
/** The stages that a fleet of that size gets by itself; only the periods are shorter. */
const DEFAULTS: StagedOptions = { bakeMs: 5 * MINUTE, reportMs: 30_000, watchMs: 15 * MINUTE }

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

/** What became of a document that did harm. */
interface Outcome {
  /** Clients that ever ran it. */
  readonly touched: number
  /** Clients that run it an hour later. */
  readonly left: number
  readonly state: string | undefined
}

interface Play {
  readonly rollout: RolloutPolicy
  readonly floor?: RolloutFloor
  readonly belowFloor?: string
  /** What the second version does to a client; `running` is how many clients run it now. */
  readonly effect: (clientId: string, running: number) => Effect
  readonly diesAfterMs?: number
}

/** Publishes a harmful second version to a fleet that has run the first for a while, and waits for an hour and a half. */
async function play({ rollout, floor, belowFloor, effect, diesAfterMs }: Play): Promise<Outcome> {
  const clock: VirtualClock = virtualClock()
  const system = { clock, random: seededRandom(11), hasher: systemHasher }
  const store = memory({ system })
  const publisher = createPublisher({ namespace, schema, store, system, ...(floor && { floor }) })
  const controller = createController({ store, system, lookMs: 5_000 })
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason })
  const first = (await publisher.current())?.digest
  const fleet: PaperFleet = startPaperFleet({
    store,
    clock,
    namespace,
    clients: CLIENTS,
    effect: (digest, clientId) => (digest === first ? 'works' : effect(clientId, fleet.runs(digest).length)),
    ...(diesAfterMs !== undefined && { diesAfterMs }),
  })
  closing.push(
    () => publisher.close(),
    () => controller.close(),
    () => fleet.close(),
  )
  await clock.advance(20 * MINUTE)
  const { digest } = await publisher.publish(
    { pool: 2 },
    { rollout, reason, ...(belowFloor !== undefined && { belowFloor }) },
  )
  await clock.advance(90 * MINUTE)
  const state = (await publisher.rollout())?.state
  return { touched: fleet.everRan(digest).length, left: fleet.runs(digest).length, state }
}

/** How many of the fleet a number stands for. */
const indexOf = (clientId: string): number => Number(clientId.slice(clientId.lastIndexOf('-') + 1))

test('fb-canary-20: a load that only half of the fleet makes shows in the stage before the last', async () => {
  // A shared service breaks under the load of 25 clients, and takes those down that use it.
  const effect = (_: string, running: number): Effect => (running >= 25 ? 'dies' : 'works')
  const { touched, left, state } = await play({ rollout: staged(DEFAULTS), effect })
  expect(touched).toBeGreaterThanOrEqual(25)
  expect(touched).toBeLessThanOrEqual(CLIENTS / 2)
  expect({ left, state }).toEqual({ left: 0, state: 'rolled-back' })
  // Off: without the stage of half of the fleet, nothing shows before everybody has it.
  const without = await play({ rollout: staged({ ...DEFAULTS, stages: [1, '10%', 'all'] }), effect })
  expect(without.touched).toBe(CLIENTS)
})

test('crowdstrike-291: a document that passes the schema and kills whoever loads it reaches two clients', async () => {
  const effect = (): Effect => 'dies'
  const { touched, left, state } = await play({ rollout: staged(DEFAULTS), effect })
  expect({ left, state }).toEqual({ left: 0, state: 'rolled-back' })
  expect(touched).toBeLessThanOrEqual(2)
  // Off: everyone at once.
  expect((await play({ rollout: everyone(), effect })).touched).toBe(CLIENTS)
})

test('service-control: a policy with blank fields that every client refuses is taken back after the first refusal', async () => {
  const effect = (): Effect => 'rejected'
  const refused: string[] = []
  const counting = (clientId: string): Effect => {
    refused.push(clientId)
    return effect()
  }
  const { touched, state } = await play({ rollout: staged(DEFAULTS), effect: counting })
  expect({ touched, state }).toEqual({ touched: 0, state: 'rolled-back' })
  expect(new Set(refused).size).toBe(1)
  // Off: everyone at once is refused by everyone, and stays what the fleet is told to run.
  refused.length = 0
  expect((await play({ rollout: everyone(), effect: counting })).state).not.toBe('rolled-back')
  expect(new Set(refused).size).toBe(CLIENTS)
})

test('front-door-cleanup: nobody goes around the stages of a namespace with a floor, unless they say why', async () => {
  const effect = (): Effect => 'dies'
  const floor: RolloutFloor = { firstStage: 1, minBakeMs: MINUTE }
  await expect(play({ rollout: everyone(), floor, effect })).rejects.toMatchObject({ code: 'forbidden' })
  await expect(
    play({ rollout: staged({ ...DEFAULTS, stages: ['50%', 'all'] }), floor, effect }),
  ).rejects.toMatchObject({ code: 'forbidden' })
  // Off: without a floor it is published, to all of them.
  expect((await play({ rollout: everyone(), effect })).touched).toBe(CLIENTS)
})

test('front-door-late: a crash that comes minutes after the change is waited for, and seen in the first stage', async () => {
  const effect = (): Effect => 'dies'
  const diesAfterMs = 4 * MINUTE
  const { touched, left, state } = await play({ rollout: staged(DEFAULTS), effect, diesAfterMs })
  expect({ left, state }).toEqual({ left: 0, state: 'rolled-back' })
  expect(touched).toBeLessThanOrEqual(2)
  // Off: a bake of a minute ends before it shows, and stages follow each other until most have it.
  const hasty = await play({ rollout: staged({ ...DEFAULTS, bakeMs: MINUTE }), effect, diesAfterMs })
  expect(hasty.touched).toBeGreaterThan(CLIENTS / 10)
})

test('fastly-latent: a document that wakes a fault in a part of the fleet is taken back before it has all of it', async () => {
  const effect = (clientId: string): Effect => (indexOf(clientId) % 3 === 0 ? 'dies' : 'works')
  const { touched, left, state } = await play({ rollout: staged(DEFAULTS), effect })
  expect({ left, state }).toEqual({ left: 0, state: 'rolled-back' })
  expect(touched).toBeLessThanOrEqual(CLIENTS / 2)
  // Off: everyone at once.
  expect((await play({ rollout: everyone(), effect })).touched).toBe(CLIENTS)
})
