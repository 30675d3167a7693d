import { expect, test, vi } from 'vitest'
import { everyone } from '../../../../src/publisher/index.js'
import { staged, type RolloutFloor } from '../../../../src/rollouts/index.js'
import type { Effect } from '../../../support/rollouts/paper-fleet.js'
import { digestOfDocument } from '../scenes/rollouts/machine.js'
import { AT_ONCE, CLIENTS, DEFAULTS, indexOf, MINUTE, play, REAL, reason, type Stand } from './rolled.js'

vi.setConfig({ testTimeout: 120_000 })

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
  const { touched, left, state } = await play({ ...REAL, rollout: staged(DEFAULTS), effect })
  expect({ left, state }).toEqual({ left: 0, state: 'rolled-back' })
  expect(touched).toBeGreaterThanOrEqual(1)
  expect(touched).toBeLessThanOrEqual(2)
  // Off: everyone at once.
  expect((await play({ ...AT_ONCE, effect })).touched).toBe(REAL.clients)
})

test('service-control: a policy with blank fields that every client refuses is taken back after the first refusal', async () => {
  const effect = (): Effect => 'rejected'
  const refused: string[] = []
  const counting = (clientId: string): Effect => {
    refused.push(clientId)
    return effect()
  }
  const { touched, state } = await play({ ...REAL, rollout: staged(DEFAULTS), effect: counting })
  expect({ touched, state }).toEqual({ touched: 0, state: 'rolled-back' })
  expect(new Set(refused).size).toBe(1)
  // Off: everyone at once is refused by everyone, and stays what the fleet is told to run.
  refused.length = 0
  const { state: left } = await play({ ...AT_ONCE, effect: counting })
  expect(left).not.toBe('rolled-back')
  expect(new Set(refused).size).toBe(REAL.clients)
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

test('cloudflare-kill-switch: a kill that kills is left by everybody who died of it twice, and nobody has to act', async () => {
  const [first = '', bad = ''] = [1, 3].map(pool => digestOfDocument({ pool }))
  const effect = (_: string, __: number, digest: string): Effect => (digest === bad ? 'dies' : 'works')
  const killed = async (forgetful: boolean): Promise<unknown> => {
    const seen = { met: 0, well: 0 }
    const after = async ({ clock, publisher, fleet }: Stand): Promise<void> => {
      await clock.advance(5 * MINUTE)
      await publisher.kill({ patch: { pool: 3 }, reason })
      await clock.advance(5 * MINUTE)
      seen.met = fleet.everRan(bad).length
      // What the kill patched is withdrawn, so it is the one before.
      seen.well = fleet.runs(first).length
    }
    await play({ ...AT_ONCE, effect, forgetful, after })
    return seen
  }
  // A kill is for everybody, on purpose.
  expect(await killed(false)).toEqual({ met: REAL.clients, well: REAL.clients })
  // Off: clients without a state folder do not know what they died of, and go on dying.
  expect(await killed(true)).toEqual({ met: REAL.clients, well: 0 })
})
