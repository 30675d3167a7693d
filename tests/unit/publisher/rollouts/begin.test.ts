import { expect, test } from 'vitest'
import type { Store } from '../../../../src/contracts/transport.js'
import { createController } from '../../../../src/controller/index.js'
import {
  createPublisher,
  type Gate,
  type Publisher,
  type PublishOptions,
  type RolloutPolicy,
} from '../../../../src/publisher/index.js'
import { everyone, staged, timed } from '../../../../src/rollouts/index.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { memory } from '../../../../src/transports/memory.js'
import { startPaperFleet } from '../../../support/rollouts/paper-fleet.js'
import { scriptedStore } from '../scripted-store.js'
import { rolloutBoard, schema, size, type Document } from './rollout-board.js'

test.each(['missing', 'damaged'] as const)(
  'no rollout begins whose clients could not go back, since what they run is %s in the store; published once more it is there again',
  async how => {
    const { store, publisher, newest } = await rolloutBoard()
    const { digest } = newest().stable.variants[0]
    if (how === 'missing') store.snapshots.delete(digest)
    else store.snapshots.set(digest, new TextEncoder().encode('{}'))
    const staged = { rollout: timed(), drive: true, reason: 'more load' }
    await expect(publisher.publish(size(2), staged)).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('could not go back to it: publish the running document once more'),
    })
    await expect(publisher.publish(size(2), { ...staged, dryRun: true })).rejects.toMatchObject({
      code: 'not-found',
    })
    expect(store.log).toHaveLength(1)
    expect(await publisher.publish(size(1), { rollout: everyone(), reason: 'again' })).toMatchObject({
      outcome: 'unchanged',
    })
    expect(await publisher.publish(size(2), staged)).toMatchObject({ outcome: 'published', state: 'running' })
  },
)

test('that a store keeps no reports is said with its first release, and needs no word where stages go by the clock', async () => {
  const notesOn = async (more: Partial<Store>, rollout?: RolloutPolicy): Promise<string> => {
    const { reports: _, ...mute } = scriptedStore()
    const store: Store = { ...mute, ...more }
    const publisher = createPublisher({ namespace: 'checkout/prod', schema, store })
    const published = await publisher.publish(size(1), { reason: 'the first', ...(rollout && { rollout }) })
    await publisher.close()
    return published.notes.join()
  }
  const says = 'this store keeps no reports, so no stage can be judged here'
  expect(await notesOn({})).toContain(says)
  expect(await notesOn({}, everyone())).toContain(says)
  expect(await notesOn({}, timed())).not.toContain(says)
  expect(await notesOn(scriptedStore())).not.toContain(says)
  // What is read in this process alone has no stages unless they are asked for.
  expect(await notesOn({ local: true })).not.toContain(says)
})

test('what goes to everyone goes also where the version before it is lost', async () => {
  const { store, publisher, newest } = await rolloutBoard()
  store.snapshots.delete(newest().stable.variants[0].digest)
  expect(await publisher.publish(size(2), { rollout: everyone(), reason: 'the outage' })).toMatchObject({
    outcome: 'published',
    state: 'everyone',
  })
})

test.each(['no controller', 'a controller'] as const)(
  'a fleet of nobody is published to under a floor too, where %s reports',
  async who => {
    const clock = virtualClock()
    const system = { clock }
    const store = memory({ system })
    const namespace = 'checkout/prod'
    await using publisher = createPublisher({ namespace, schema, store, floor: {}, system })
    await using controller = who === 'a controller' ? createController({ store, system }) : undefined
    await publisher.publish(size(1), { reason: 'the first' })
    await clock.advance(20 * 60_000)
    const heard = await store.reports?.({ namespace }, new AbortController().signal)
    expect(heard?.reports).toHaveLength(controller === undefined ? 0 : 1)
    expect(await publisher.publish(size(2), { reason: 'more load' })).toMatchObject({
      outcome: 'published',
      state: 'everyone',
    })
  },
)

test('a gate that the publisher does not have keeps everybody from being exposed, and is named', async () => {
  const clock = virtualClock()
  const system = { clock }
  const store = memory({ system })
  const fleet = startPaperFleet({ store, clock, namespace: 'checkout/prod', clients: 4 })
  const gate = (name: string): Gate => ({ name, check: () => 'good' })
  const publisherWith = (...gates: readonly Gate[]): Publisher<Document> =>
    createPublisher({ namespace: 'checkout/prod', schema, store, gates, system })
  const publisher = publisherWith()
  await publisher.publish(size(1), { rollout: everyone(), reason: 'the first' })
  await clock.advance(20 * 60_000)
  const rollout = staged({ gates: [gate('latency'), gate('errors')] })
  const asked = { rollout, drive: true, dryRun: true, reason: 'more load' } as const
  expect((await publisher.publish(size(2), asked)).notes.at(-1)).toBe(
    'nobody is exposed until a controller has asked gates latency, errors',
  )
  const one = publisherWith(gate('errors'))
  expect((await one.publish(size(2), asked)).notes.at(-1)).toBe(
    'nobody is exposed until a controller has asked gate latency',
  )
  const both = publisherWith(gate('latency'), gate('errors'))
  expect((await both.publish(size(2), asked)).notes.join()).not.toContain('nobody is exposed')
  await fleet.close()
})

test('a guardrail for which the fleet is too small is named at the start', async () => {
  const notesAmong = async (clients: number, ...measures: string[]): Promise<string | undefined> => {
    const clock = virtualClock()
    const system = { clock }
    const store = memory({ system })
    const namespace = 'checkout/prod'
    const fleet = startPaperFleet({ store, clock, namespace, clients })
    await using publisher = createPublisher({ namespace, schema, store, system })
    await publisher.publish(size(1), { rollout: everyone(), reason: 'the first' })
    await clock.advance(20 * 60_000)
    const rollout = staged({ guardrails: measures.map(measure => ({ measure, worseBy: 0.2 })) })
    const asked = { rollout, drive: true, dryRun: true, reason: 'more load' } as const
    const { notes } = await publisher.publish(size(2), asked)
    await fleet.close()
    return notes.find(note => note.startsWith('guardrail'))
  }
  expect(await notesAmong(12, 'latencyMs')).toBe(
    'guardrail latencyMs: nothing is compared in this rollout, which takes 20 clients in a stage and 20 outside of it, and 12 are live',
  )
  expect(await notesAmong(39, 'latencyMs', 'errors')).toContain('guardrails latencyMs, errors: nothing')
  expect(await notesAmong(40, 'latencyMs')).toBeUndefined()
  expect(await notesAmong(12)).toBeUndefined()
})

test.each([
  ['one client', 1],
  ['two clients', 2],
] as const)(
  'what goes to %s at once and is watched says that nobody watches it, and what to do, unless a controller or this process does',
  async (_, clients) => {
    const clock = virtualClock()
    const system = { clock }
    const store = memory({ system })
    const namespace = 'checkout/prod'
    const fleet = startPaperFleet({ store, clock, namespace, clients })
    const publisher = createPublisher({ namespace, schema, store, system })
    const publish = (n: number, more: Partial<PublishOptions<Document>> = {}) =>
      publisher.publish(size(n), { rollout: staged(), reason: 'more load', ...more })
    await publish(1)
    await clock.advance(20 * 60_000)
    const says =
      'no controller that runs staged@1 is heard in checkout/prod, so nobody watches what all clients get now, and nothing takes it back by itself: start noticeboard serve or noticeboard controller, or iterate the rollout with { drive: true } (noticeboard rollout show checkout/prod --wait=watched)'
    expect((await publish(2, { dryRun: true })).notes).toContain(says)
    expect((await publish(2, { drive: true, dryRun: true })).notes).not.toContain(says)
    const alone = await publish(2)
    expect(alone).toMatchObject({ state: 'watching', controllers: [] })
    expect(alone.notes).toContain(says)
    const controller = createController({ store, system })
    await clock.advance(60_000)
    const led = await publish(3)
    expect(led).toMatchObject({ state: 'watching', controllers: ['controller'] })
    expect(led.notes.join()).not.toContain('no controller')
    await Promise.all([controller.close(), fleet.close(), publisher.close()])
  },
)
