import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import type { Scope } from '../../../../src/contracts/access.js'
import type { System } from '../../../../src/contracts/system.js'
import { createController } from '../../../../src/controller/index.js'
import {
  createPublisher,
  everyone,
  type Publisher,
  type PublishOptions,
  type Rollout,
} from '../../../../src/publisher/index.js'
import { staged, timed } from '../../../../src/rollouts/index.js'
import { createHandler, type Handler } from '../../../../src/server/index.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { httpStore, type HttpStore } from '../../../../src/transports/http/index.js'
import { memory } from '../../../../src/transports/memory.js'
import { startPaperFleet } from '../../../support/rollouts/paper-fleet.js'
import { tokenBox } from '../../../support/tokens.js'

const namespace = 'checkout/prod'
const schema = z.object({ pool: z.number() })
const reason = 'a test'
const SCOPES: readonly Scope[] = ['inspect', 'publish-staged', 'revert', 'control', 'admin']
const slowly = timed({ steps: 4, everyMs: 3_600_000 })

/** A store over the server of a test, in this process. */
function storeOver(handler: Handler, token: string, system: Partial<System> = {}): HttpStore {
  return httpStore('http://board.test', {
    token,
    fetch: (url, init) => handler.fetch(new Request(url, init)),
    system,
  })
}

/** A server on which versions 1 and 2 ran, and publishers with tokens of one scope each. */
async function board(): Promise<{ readonly as: (scope: Scope) => Publisher<{ pool: number }> }> {
  const box = tokenBox()
  const handler = createHandler(memory(), { tokens: box })
  const publishers = new Map(
    SCOPES.map(scope => {
      const token = box.give({ name: `has-${scope}`, scopes: [scope], namespaces: ['checkout/*'] })
      return [scope, createPublisher({ namespace, schema, store: storeOver(handler, token), retries: 0 })]
    }),
  )
  onTestFinished(async () => {
    for (const publisher of publishers.values()) await publisher.close()
    await handler.close({ drainMs: 0 })
  })
  const as = (scope: Scope): Publisher<{ pool: number }> => publishers.get(scope)!
  for (const pool of [1, 2]) await as('admin').publish({ pool }, { rollout: everyone(), reason })
  return { as }
}

type Do = (publisher: Publisher<{ pool: number }>) => Promise<Rollout>

/**
 * Every verb that appends, what the board stands at before, and the scopes with which it may be
 * done.
 */
const VERBS: Readonly<Record<string, readonly [before: readonly Do[], Do, readonly Scope[]]>> = (() => {
  const begin: Do = to => to.publish({ pool: 3 }, { rollout: slowly, drive: true, reason })
  const pause: Do = to => to.pause({ reason })
  const retreat: Do = to => to.retreat({ reason })
  return {
    'publish in stages': [[], begin, ['publish-staged', 'admin']],
    'publish in stages in the place of another': [
      [begin],
      to => to.publish({ pool: 4 }, { rollout: slowly, drive: true, supersede: true, reason }),
      ['publish-staged', 'admin'],
    ],
    'publish to everyone': [[], to => to.publish({ pool: 3 }, { rollout: everyone(), reason }), ['admin']],
    'roll back': [[], to => to.rollback({ reason }), ['revert', 'control', 'admin']],
    'roll back during a rollout': [[begin], to => to.rollback({ reason }), ['revert', 'control', 'admin']],
    'abort': [[begin], to => to.abort({ reason }), ['revert', 'control', 'admin']],
    'abort what was retreated': [[begin, retreat], to => to.abort({ reason }), ['revert', 'control', 'admin']],
    'retreat': [[begin], retreat, ['revert', 'control', 'admin']],
    'pause': [[begin], pause, ['revert', 'control', 'admin']],
    'resume': [[begin, pause], to => to.resume({ reason }), ['admin']],
    'promote': [[begin], to => to.promote({ reason }), ['control', 'admin']],
    'promote to a stage': [[begin], to => to.promote({ to: 3, reason }), ['control', 'admin']],
    'kill': [[begin], to => to.kill({ patch: { pool: 9 }, reason }), ['admin']],
    'open an epoch': [[], to => to.openEpoch({ reason }), ['admin']],
  }
})() // prettier-ignore

test.each(Object.entries(VERBS))('to %s wants the scope that is said', async (_, [before, act, allowed]) => {
  const at = async ({ as }: Awaited<ReturnType<typeof board>>): Promise<unknown> => {
    for await (const { position } of as('inspect').history({ limit: 1 })) return position
    return undefined
  }
  for (const scope of allowed) {
    const fresh = await board()
    for (const step of before) await step(fresh.as('admin'))
    const position = await at(fresh)
    // Nothing of what is refused is there afterwards.
    if (scope === allowed[0])
      for (const other of SCOPES.filter(one => !allowed.includes(one)))
        await expect(act(fresh.as(other))).rejects.toThrow(expect.objectContaining({ code: 'forbidden' }))
    expect(await at(fresh)).toEqual(position)
    expect((await act(fresh.as(scope))).outcome).toBe('published')
    expect(await at(fresh)).not.toEqual(position)
  }
})

test('a controller elsewhere with the scope control brings to its end what a token for stages began', async () => {
  const clock = virtualClock({ startMs: Date.parse('2026-06-01T00:00:00.000Z') })
  const system = { clock }
  const box = tokenBox()
  const give = (name: string, scopes: readonly Scope[]): string => box.give({ name, scopes, namespaces: ['**'] })
  const handler = createHandler(memory({ system }), {
    system,
    tokens: box,
    requireToken: ['read', 'report'],
    floors: { 'checkout/*': { minBakeMs: 30_000 } },
  })
  const storeAs = (scopes: readonly Scope[]) =>
    storeOver(handler, give(scopes.join('-'), scopes), system)
  /** Goes on with time until something has come. */
  const until = async <Value>(coming: Promise<Value>): Promise<Value> => {
    let there = false
    const noted = coming.finally(() => (there = true))
    noted.catch(() => {})
    while (!there) await clock.advance(5_000)
    return noted
  }
  const first = createPublisher({ namespace, schema, store: storeAs(['admin']), system })
  await until(first.publish({ pool: 1 }, { rollout: everyone(), reason }))
  const fleet = startPaperFleet({ store: storeAs(['read', 'report']), clock, namespace, clients: 3 })
  const controller = createController({ store: storeAs(['control']), system })
  const publisher = createPublisher({ namespace, schema, store: storeAs(['publish-staged']), system, retries: 0 })
  onTestFinished(async () => {
    await until(Promise.all([fleet.close(), controller.close(), publisher.close(), first.close()]))
    await handler.close({ drainMs: 0 })
  })
  await clock.advance(120_000)
  const hasty = publisher.publish({ pool: 2 }, { rollout: staged({ bakeMs: 20_000 }), reason })
  await expect(until(hasty)).rejects.toThrow(/a bake of 20000 ms; 30000 are wanted/)
  const policy = staged({ bakeMs: 30_000, watchMs: 60_000 })
  const rollout = await until(publisher.publish({ pool: 2 }, { rollout: policy, reason }))
  expect(rollout).toMatchObject({ state: 'running', stage: 0 })
  expect(await until(rollout.settled)).toBe('completed')
  expect(fleet.runs(rollout.digest)).toHaveLength(3)
}) // prettier-ignore

test('a floor of the server binds a token with admin too, unless the record says why a publish is below it', async () => {
  const clock = virtualClock({ startMs: Date.parse('2026-06-01T00:00:00.000Z') })
  const system = { clock }
  const box = tokenBox()
  const give = (name: string, scopes: readonly Scope[]): string => box.give({ name, scopes, namespaces: ['**'] })
  const handler = createHandler(memory({ system }), {
    system,
    tokens: box,
    floors: { 'checkout/*': { minBakeMs: 30_000, firstStage: 1 }, 'basket/*': { staged: false } },
  })
  const store = storeOver(handler, give('operator', ['admin']), system)
  const publisher = createPublisher({ namespace, schema, store, system, retries: 0 })
  const fleet = startPaperFleet({ store: storeOver(handler, give('fleet', ['read', 'report']), system), clock, namespace, clients: 3 })
  /** Goes on with time until something has come. */
  const until = async <Value>(coming: Promise<Value>): Promise<Value> => {
    let there = false
    const noted = coming.finally(() => (there = true))
    noted.catch(() => {})
    while (!there) await clock.advance(5_000)
    return noted
  }
  onTestFinished(async () => {
    await until(Promise.all([fleet.close(), publisher.close()]))
    await handler.close({ drainMs: 0 })
  })
  const publish = (pool: number, more: Omit<PublishOptions<{ pool: number }>, 'reason'>): Promise<Rollout> =>
    until(publisher.publish({ pool }, { reason, ...more }))
  // There is nothing to be staged against.
  expect(await publish(1, { rollout: everyone() })).toMatchObject({ outcome: 'published' })
  await clock.advance(120_000)

  await expect(publish(2, { rollout: everyone() })).rejects.toThrow(
    expect.objectContaining({
      code: 'forbidden',
      message: expect.stringContaining('rolled out in stages, and not to everyone at once; or say why in { belowFloor }'),
    }),
  )
  const hasty = { rollout: staged({ bakeMs: 20_000 }), drive: true }
  await expect(publish(2, hasty)).rejects.toThrow(/a bake of 20000 ms; 30000 are wanted/)
  const wide = { rollout: staged({ stages: [2, 'all'], bakeMs: 60_000 }), drive: true }
  await expect(publish(2, wide)).rejects.toThrow(/the first stage exposes 2 clients; 1 are allowed/)
  // A reason that only reads so is none: nobody would find it again.
  await expect(until(publisher.publish({ pool: 2 }, { rollout: everyone(), reason: 'below the floor: no' }))).rejects.toThrow(
    /not to everyone at once/,
  )
  expect(await publish(2, { rollout: everyone(), belowFloor: 'the database is down' })).toMatchObject({
    outcome: 'published',
  })
  for await (const entry of publisher.history({ limit: 1 }))
    expect(entry.audit?.reason).toBe(`${reason}; below the floor: the database is down`)

  // The ways back and the kill have reasons of their own, and nothing is in their way.
  expect(await until(publisher.rollback({ reason }))).toMatchObject({ outcome: 'published' })
  expect(await until(publisher.kill({ patch: { pool: 9 }, reason }))).toMatchObject({ outcome: 'published' })
  expect(await publish(3, { rollout: staged({ stages: [1, 'all'], bakeMs: 60_000 }), drive: true })).toMatchObject({ state: 'running' })
  expect(await until(publisher.promote({ reason }))).toMatchObject({ outcome: 'published' })
  expect(await until(publisher.openEpoch({ reason }))).toMatchObject({ outcome: 'published' })
}) // prettier-ignore
