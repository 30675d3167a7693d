import { createClient, createPublisher, everyone, memory } from 'noticeboard'
import { stateFolder } from 'noticeboard/node'
import { createHandler } from 'noticeboard/server'
import { http } from 'noticeboard/transports/http'
import * as z from 'zod'

const namespace = 'shop/prod'
const schema = z.object({ pool: z.number() })

/**
 * While nothing fails the strategy looks once a minute at most; a request of bad times may have to
 * run into its deadline first.
 */
const DUE_MS = 150_000

/**
 * A test of a strategy, for `simulate()`: a server, two clients, everything that may go wrong, and
 * publishes meanwhile. Then each client runs the newest document; and whatever it runs at any time,
 * somebody published.
 *
 * @param {(transport: import('noticeboard/core').Transport) => import('noticeboard').Strategy}
 * strategyOf
 * @returns {import('noticeboard/sim').Simulation}
 */
export function simulationOf(strategyOf) {
  return async world => {
    const { clock } = world
    const store = memory({ system: { clock } })
    const publisher = createPublisher({
      namespace,
      schema,
      store,
      system: { clock, random: world.dice('publisher') },
    })
    /** @type {number[]} */
    const published = []
    const publish = async () => {
      published.push(published.length + 1)
      await publisher.publish({ pool: published.length }, { rollout: everyone(), reason: 'simulation' })
    }

    const server = world.machine('server', ({ system }) => createHandler(store, { system }))
    const clients = ['client-a', 'client-b'].map(name =>
      world.machine(name, ({ system, fs, owner, fetchFrom }) => {
        const transport = http('http://server.test', { system, fetch: fetchFrom(server) })
        const client = createClient({
          namespace,
          schema,
          clientId: name,
          system,
          state: stateFolder('/state', { fs, owner, system }),
          strategy: strategyOf(transport),
        })
        client.on('change', ({ current: { pool } }) => {
          if (!published.includes(pool)) world.violate('only what was published', `${name} runs ${pool}`)
        })
        // A client starts with its first ready(); what it has in the end is looked at below.
        client.ready().catch(() => {})
        return client
      }),
    )

    await publish()
    await world.chaos({ actions: { publish } })
    await clock.advance(DUE_MS)
    for (const { name, app } of clients) {
      const pool = app?.status === 'starting' ? 'nothing' : app?.current.pool
      if (pool !== published.length)
        world.violate('everybody gets there', `${name} runs ${pool} instead of ${published.length}`)
    }
  }
}
