import { expect, test } from 'vitest'
import { z } from 'zod'
import { createClient, type Client } from '../../../src/client/index.js'
import { stateFolder } from '../../../src/node/index.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { createHandler } from '../../../src/server/index.js'
import { seededDice } from '../../../src/sim/dice.js'
import { linkFault } from '../../../src/sim/faults.js'
import { replay, simulate, type Machine, type World } from '../../../src/sim/index.js'
import { pull } from '../../../src/strategies/index.js'
import { http } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'

const namespace = 'shop/prod'
const schema = z.object({ n: z.number() })
type Document = z.output<typeof schema>

/**
 * A store that nothing happens to, a server over it, and a client that polls it every ten seconds.
 */
function fleet(world: World): {
  publish: (n: number) => Promise<unknown>
  client: Machine<Client<Document>>
} {
  const store = memory({ system: { clock: world.clock } })
  const publisher = createPublisher({
    namespace,
    schema,
    store,
    system: { clock: world.clock, random: world.dice('publisher') },
  })
  const server = world.machine('server', ({ system }) => createHandler(store, { system }))
  const client = world.machine('client', ({ system, fs, owner, fetchFrom }) => {
    const own = createClient({
      namespace,
      schema,
      clientId: 'client',
      system,
      state: stateFolder('/state', { fs, owner, system }),
      strategy: pull(http('http://server.test', { fetch: fetchFrom(server), system }), {
        pollIntervalMs: 10_000,
      }),
    })
    // It begins with this; when it has something is what the tests look at.
    own.ready().catch(() => {})
    return own
  })
  return {
    client,
    publish: n => publisher.publish({ n }, { rollout: everyone(), reason: 'simulation' }),
  }
}

test('a fleet gets through every fault, and the same seed gives the same history', async () => {
  const run = async (world: World): Promise<void> => {
    const { client, publish } = fleet(world)
    await publish(1)
    const dice = world.dice('documents')
    await world.chaos({ actions: { publish: () => publish(dice.between(2, 1_000)) } })
    await publish(0)
    await world.clock.advance(120_000)
    expect(client.app?.current).toEqual({ n: 0 })
    world.sometimes.add('the client got there')
  }
  const { failure, histories, sometimes } = await simulate(run, { from: 1, count: 12 })
  expect(failure?.report).toBeUndefined()
  expect([histories, sometimes.get('the client got there')]).toEqual([12, 12])

  const [one, again, other] = [
    await replay(run, { seed: 3 }),
    await replay(run, { seed: 3 }),
    await replay(run, { seed: 4 }),
  ]
  expect(again.hash).toBe(one.hash)
  expect(again.trace).toEqual(one.trace)
  expect(other.hash).not.toBe(one.hash)
})

test('a slow link takes up to 20 s for each request, answer and chunk', async () => {
  const dice = seededDice(1, 'links')
  const drawn = Array.from({ length: 1_000 }, () => linkFault('slow-links', dice).slowestMs ?? 0)
  expect(Math.min(...drawn)).toBeGreaterThanOrEqual(500)
  expect(Math.max(...drawn)).toBeLessThanOrEqual(20_000)
  expect(Math.max(...drawn)).toBeGreaterThan(19_000)

  const tookMs: number[] = []
  const run = async (world: World): Promise<void> => {
    const server = world.machine('server', ({ system }) => createHandler(memory({ system }), { system }))
    const client = world.machine('client', ({ fetchFrom }) => ({ fetch: fetchFrom(server) }))
    client.link.slowestMs = 20_000
    const signal = new AbortController().signal
    for (let count = 0; count < 40; count += 1) {
      const beganMs = world.clock.monotonic()
      const answer = await client.app?.fetch('http://server.test/v1/shop/prod/release.json', {
        method: 'GET',
        headers: {},
        redirect: 'manual',
        signal,
      })
      await answer?.text()
      tookMs.push(world.clock.monotonic() - beganMs)
    }
  }
  expect((await replay(run, { seed: 1 })).violations).toEqual([])
  expect(tookMs).toHaveLength(40)
  // The request, the head of the answer, and its only chunk.
  expect(Math.max(...tookMs)).toBeLessThanOrEqual(3 * 20_001)
  expect(Math.max(...tookMs)).toBeGreaterThan(40_000)
})

test('time passes by itself while a test waits', async () => {
  const { trace, violations } = await replay(
    async world => {
      const { client, publish } = fleet(world)
      await publish(7)
      await client.app?.ready({ timeoutMs: 60_000 })
      expect(client.app?.current).toEqual({ n: 7 })
    },
    { seed: 1 },
  )
  expect(violations).toEqual([])
  expect(trace.some(line => line.includes('GET /v1/shop/prod/release.json 200'))).toBe(true)
})

test('a failing seed is left with the steps that it needs, says how to replay it, and the replay fails alike', async () => {
  const run = async (world: World): Promise<void> => {
    let published = 0
    await world.chaos({
      faults: ['pause', 'partitions', 'disk-full'],
      actions: { publish: () => (published += 1), look: () => {} },
    })
    if (published > 1) world.violate('one publish', `there were ${published}`)
  }
  const { failure } = await simulate(run, { from: 1, count: 50 })
  if (failure === undefined) throw new Error('no seed publishes twice')
  expect(failure.steps.map(step => step.type === 'action' && step.action)).toEqual(['publish', 'publish'])
  expect(failure.repeats).toBe(true)
  expect(failure.report).toContain(`seed ${failure.seed} at 60.0 s: one publish: there were 2`)
  expect(failure.report).toContain(JSON.stringify({ seed: failure.seed, without: failure.without }))
  const again = await replay(run, failure)
  expect([again.hash, again.violations]).toEqual([failure.hash, failure.violations])
})

test('a test that throws, waits for nothing that comes, or loops without delay has failed', async () => {
  const invariants = async (run: (world: World) => Promise<void>): Promise<readonly string[]> =>
    (await replay(run, { seed: 1 })).violations.map(({ invariant, text }) => `${invariant}: ${text}`)
  expect(await invariants(() => Promise.reject(new Error('two is not three')))).toEqual([
    'the test passes: two is not three',
  ])
  expect(await invariants(() => new Promise(() => {}))).toEqual([
    'the test passes: the run waits for something that did not come within 3600000 ms of virtual time',
  ])
  const looping = await invariants(async ({ clock }) => {
    for (;;) await clock.sleep(0, new AbortController().signal)
  })
  expect(looping[0]).toBe('livelock: 20000 timers were set within one instant')
})

test('a run that asks the real world does not repeat, and the failure says so', async () => {
  let runs = 0
  const { failure } = await simulate(
    async world => {
      await world.chaos({ faults: [], forMs: 1_000 })
      world.trace.add('test', 'ran', String((runs += 1)))
      world.violate('never', 'always')
    },
    { count: 1 },
  )
  expect(failure?.repeats).toBe(false)
  expect(failure?.report).toContain('the seed gave another history when it was run again')
})

test('a machine keeps its disk when it is killed, and loses what was not synced when the power goes', async () => {
  await replay(
    async world => {
      const bytes = new TextEncoder().encode('kept')
      const machine = world.machine('server', ({ fs }) => fs)
      await machine.app?.create('/a', bytes)
      await machine.app?.syncFolder('')
      machine.kill()
      expect(machine.app).toBeUndefined()
      machine.start()
      expect(await machine.app?.read('/a', 100)).toEqual(bytes)
      expect(machine.process.name).toBe('server.2')
    },
    { seed: 1 },
  ).then(({ violations }) => expect(violations).toEqual([]))
  await expect(
    replay(async world => void world.machine('A b', () => {}), { seed: 1 }),
  ).resolves.toMatchObject({ violations: [{ invariant: 'the test passes' }] })
})
