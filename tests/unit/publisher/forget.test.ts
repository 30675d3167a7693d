import { expect, test } from 'vitest'
import { z } from 'zod'
import type { ClientReport } from '../../../src/contracts/report.js'
import { createPublisher, type Fleet } from '../../../src/publisher/index.js'
import { virtualClock } from '../../../src/sim/index.js'
import { memory } from '../../../src/transports/memory.js'
import { reportOf } from '../../support/report-of.js'

const NAMESPACE = 'checkout/prod'
const signal = new AbortController().signal

const report = (clientId: string, instanceId: string, more: Partial<ClientReport> = {}): ClientReport =>
  reportOf({ namespace: NAMESPACE, clientId, instanceId, ...more })

const statesIn = (fleet: Fleet): Readonly<Record<string, string>> =>
  fleet.type === 'unknown'
    ? {}
    : Object.fromEntries(fleet.members.map(({ state, report: { instanceId } }) => [instanceId, state]))

function place() {
  const clock = virtualClock()
  const system = { clock }
  const store = memory({ system })
  const publisher = createPublisher({ namespace: NAMESPACE, schema: z.looseObject({}), store, system })
  return { clock, store, publisher }
}

test('a client that is forgotten counts as stopped, and one that lives is back soon', async () => {
  const { store, publisher } = place()
  await store.report([report('web', 'a'), report('web', 'b', { count: 7 }), report('api', 'c')], signal)
  expect(await publisher.forget({ clients: ['web'] })).toBe(2)
  expect(statesIn(await publisher.fleet())).toEqual({ a: 'stopped', b: 'stopped', c: 'current' })
  // What was on its way is older than the word that was said for it; what comes after is not.
  await store.report([report('web', 'b', { count: 7 })], signal)
  expect(statesIn(await publisher.fleet())).toMatchObject({ b: 'stopped' })
  await store.report([report('web', 'b', { count: 9 })], signal)
  expect(statesIn(await publisher.fleet())).toMatchObject({ a: 'stopped', b: 'current' })
  await publisher.close()
})

test('of a client whose earlier instance is still listed, only that one is forgotten', async () => {
  const { clock, store, publisher } = place()
  await store.report([report('web', 'from-a-backup'), report('api', 'api-alone-1')], signal)
  await clock.advance(10_000)
  await store.report([report('web', 'it-is-there')], signal)
  expect(await publisher.forget({ clients: ['web', 'api'] })).toBe(2)
  expect(statesIn(await publisher.fleet())).toEqual({
    'from-a-backup': 'stopped',
    'api-alone-1': 'stopped',
    'it-is-there': 'current',
  })
  // Now it is the only one, and is meant.
  expect(await publisher.forget({ clients: ['web'] })).toBe(1)
  await publisher.close()
})

test('one that was silent for a period is not left, and each goes by its own name', async () => {
  const { clock, store, publisher } = place()
  await store.report([report('web', 'instance-1')], signal)
  await clock.advance(10_000)
  await store.report([report('web', 'instance-2')], signal)
  await clock.advance(300_001)
  expect(await publisher.forget({ clients: ['web'] })).toBe(2)
  await store.report([report('web', 'abcdefgh-1'), report('web', 'stuvwxyz-2')], signal)
  expect(await publisher.forget({ instances: ['abcdefgh'] })).toBe(1)
  expect(statesIn(await publisher.fleet())).toMatchObject({
    'abcdefgh-1': 'stopped',
    'stuvwxyz-2': 'current',
  })
  await expect(publisher.forget({ instances: ['abc'] })).rejects.toMatchObject({ code: 'invalid-option' })
  await publisher.close()
})

test('what is missing is forgotten, and nothing else', async () => {
  const { clock, store, publisher } = place()
  await store.report([report('old', 'a'), report('gone', 'b', { phase: 'stopped' })], signal)
  await clock.advance(900_001)
  await store.report([report('new', 'c')], signal)
  expect(await publisher.forget({ missing: true })).toBe(1)
  expect(statesIn(await publisher.fleet())).toMatchObject({ a: 'stopped', c: 'current' })
  expect(await publisher.forget({ missing: true })).toBe(0)
  await publisher.close()
})

test('what is missing for long enough is forgotten, and what is not yet stays', async () => {
  const { clock, store, publisher } = place()
  await store.report([report('old', 'a')], signal)
  await clock.advance(1_800_000)
  await store.report([report('later', 'b')], signal)
  await clock.advance(1_800_000)
  expect(await publisher.forget({ missingForMs: 3_600_001 })).toBe(0)
  expect(await publisher.forget({ missingForMs: 3_600_000 })).toBe(1)
  expect(statesIn(await publisher.fleet())).toMatchObject({ a: 'stopped', b: 'missing' })
  await expect(publisher.forget({ missingForMs: -1 })).rejects.toMatchObject({ code: 'invalid-option' })
  await publisher.close()
})

test('more instances than one request takes are forgotten in several', async () => {
  const { store, publisher } = place()
  for (let from = 0; from < 250; from += 50)
    await store.report(
      Array.from({ length: 50 }, (_, index) => report('web', `i-${from + index}`)),
      signal,
    )
  expect(await publisher.forget({ clients: ['web'] })).toBe(250)
  await publisher.close()
})

test('nothing is forgotten by accident, and a store without reports says that it keeps none', async () => {
  const { store, publisher } = place()
  await expect(publisher.forget({})).rejects.toMatchObject({ code: 'invalid-option' })
  const { reports: _, report: __, ...bare } = store
  const other = createPublisher({ namespace: NAMESPACE, schema: z.looseObject({}), store: bare })
  await expect(other.forget({ missing: true })).rejects.toMatchObject({ code: 'unsupported' })
  await publisher.close()
})
