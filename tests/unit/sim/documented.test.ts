import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { root } from '../../../scripts/entry-points.js'
import { createClient, createPublisher, everyone, memory, pull, type Client } from '../../../src/index.js'
import type { Transport } from '../../../src/core.js'
import { stateFolder } from '../../../src/node/index.js'
import { createHandler } from '../../../src/server/index.js'
import { replay, simulate, type Boot, type World } from '../../../src/sim/index.js'
import { http } from '../../../src/transports/http/index.js'

const myStrategy = (transport: Transport) => pull(transport, { pollIntervalMs: 10_000 })

// #region fleet
const namespace = 'shop/prod'
const schema = z.object({ pool: z.number() })

/** A store and a publisher that nothing happens to. */
function openBoard({ clock, dice }: World) {
  const store = memory({ system: { clock } })
  const system = { clock, random: dice('publisher') }
  const publisher = createPublisher({ namespace, schema, store, system })
  const publish = (pool: number) => publisher.publish({ pool }, { rollout: everyone(), reason: 'test' })
  return { store, publish }
}

/** A client as the program of a machine: its time, chance and disk are the machine's. */
function openClient({ system, fs, owner }: Boot, transport: Transport): Client<{ pool: number }> {
  const state = stateFolder('/state', { fs, owner, system })
  const strategy = myStrategy(transport)
  const client = createClient({ namespace, schema, strategy, state, system, clientId: 'one' })
  // A client starts with its first ready(); what became of it is looked at by the test.
  client.ready().catch(() => {})
  return client
}
// #endregion

// #region first
test('my strategy gets there over lossy links', async () => {
  const run = async (world: World) => {
    const { store, publish } = openBoard(world)
    await publish(10)
    const server = world.machine('server', ({ system }) => createHandler(store, { system }))
    const client = world.machine('client', boot =>
      openClient(boot, http('http://server', { fetch: boot.fetchFrom(server), system: boot.system })),
    )
    await world.chaos({ faults: ['lossy-links'] })
    await world.clock.advance(60_000)
    expect(client.app?.current).toEqual({ pool: 10 })
  }
  const { failure } = await simulate(run, { count: 40 })
  expect(failure?.report).toBeUndefined()
})
// #endregion

// #region by hand
test('a client that was killed begins from its disk while the server is down', async () => {
  const { violations } = await replay(
    async world => {
      const { store, publish } = openBoard(world)
      await publish(10)
      const server = world.machine('server', ({ system }) => createHandler(store, { system }))
      const client = world.machine('client', boot =>
        openClient(boot, http('http://server', { fetch: boot.fetchFrom(server), system: boot.system })),
      )
      await world.clock.advance(30_000)
      server.kill()
      client.kill()
      await world.clock.advance(5_000)
      client.start()
      await world.clock.advance(5_000)
      expect(client.app?.running).toMatchObject({ value: { pool: 10 }, origin: 'state' })
    },
    { seed: 1 },
  )
  expect(violations).toEqual([])
})
// #endregion

// #region invariants
async function simulation(world: World): Promise<void> {
  const { store, publish } = openBoard(world)
  const published = new Set([1])
  await publish(1)
  const server = world.machine('server', ({ system }) => createHandler(store, { system }))
  const client = world.machine('client', boot => {
    const transport = http('http://server', { fetch: boot.fetchFrom(server), system: boot.system })
    const own = openClient(boot, transport)
    own.on('change', ({ current: { pool }, running }) => {
      if (!published.has(pool)) world.violate('only what was published', `it runs ${pool}`)
      if (running.origin === 'state') world.sometimes.add('it began from its disk')
    })
    return own
  })

  await world.chaos({
    actions: {
      async publish(dice) {
        const pool = dice.between(2, 1_000)
        published.add(pool)
        await publish(pool)
      },
    },
  })
  const [newest] = [...published].slice(-1)
  await world.clock.advance(120_000)
  if (client.app?.current.pool !== newest)
    world.violate('it gets there', `it does not run ${newest} two minutes after all was well`)
}

test('it runs what was published, and gets there through every fault', async () => {
  const { failure, sometimes } = await simulate(simulation, { from: 1, count: 30 })
  expect(failure?.report).toBeUndefined()
  expect(sometimes.get('it began from its disk')).toBeGreaterThan(0)
})
// #endregion

// #region replay
test('seed 17, without the steps that it did not need', async () => {
  const { violations, trace } = await replay(simulation, { seed: 17, without: [0, 2] })
  expect(violations, trace.join('\n')).toEqual([])
})
// #endregion

describe('docs/simulation.md', () => {
  const page = readFileSync(`${root}/docs/simulation.md`, 'utf8')
  const code = readFileSync(`${root}/tests/unit/sim/documented.test.ts`, 'utf8')
  const regions = [...code.matchAll(/^\/\/ #region (.*)\n([^]*?)^\/\/ #endregion$/gm)]
  const blocks = [...page.matchAll(/^```ts\n([^]*?)^```$/gm)].map(([, block = '']) => block)

  test('shows the code that is run here, word for word and in its order', () => {
    const shown = blocks.filter(block => !block.startsWith('import'))
    expect(shown).toEqual(regions.map(([, , text]) => text))
  })

  test('names every fault', async () => {
    const { FAULTS } = await import('../../../src/sim/index.js')
    for (const fault of FAULTS) expect(page).toContain(`\`${fault}\``)
  })
})
