import { expect, test } from 'vitest'
import { z } from 'zod'
import { createClient, type Client } from '../../../src/client/index.js'
import type { Store } from '../../../src/contracts/transport.js'
import { serve } from '../../../src/server/index.js'
import { hybrid, push } from '../../../src/strategies/index.js'
import { http } from '../../../src/transports/http/index.js'
import { largeDocument, libraryDeltas } from '../large-documents.js'
import { publish } from '../server-fixtures.js'
import { freshName } from './fresh-name.js'

const namespace = 'checkout/prod'
const schema = z.looseObject({ pool: z.number() })

/** Short times, so that nothing is waited for. */
const quick = { pollIntervalMs: 200, sweepIntervalMs: 1_000 }

/**
 * A server over a store that keeps no deltas makes them of the snapshots that it keeps, for clients
 * that are told of a release.
 */
export function deltaCases(connect: (prefix: string) => Promise<Store>): void {
  test.each<['hybrid' | 'push']>([['hybrid'], ['push']])(
    'one key changed in a large document comes to a client with %s as a delta that its server made',
    async name => {
      const deltas = libraryDeltas()
      // A stream that is opened while it is being loaded is asked for whole snapshots.
      await deltas.codec()
      const store = await connect(freshName(`deltas_${name}`))
      expect(store.delta).toBeUndefined()
      await using server = await serve(store, { deltas, pollIntervalMs: 100 })
      await publish(store, largeDocument(1), namespace)
      const transport = http(server.url)
      const fetched: string[] = []
      const counting = {
        ...transport,
        delta: (...asked: Parameters<typeof transport.delta>) => {
          fetched.push('delta')
          return transport.delta(...asked)
        },
        snapshot: (...asked: Parameters<typeof transport.snapshot>) => {
          fetched.push('snapshot')
          return transport.snapshot(...asked)
        },
      }
      const strategy = { hybrid, push }[name](counting, quick)
      await using client = createClient({ namespace, schema, strategy, deltas })
      const errors: string[] = []
      client.on('error', ({ code }) => errors.push(code))
      await client.ready({ timeoutMs: 30_000 })
      fetched.length = 0

      for (const pool of [2, 3]) {
        await publish(store, largeDocument(pool), namespace)
        await until(client, pool)
      }
      expect(errors).toEqual([])
      expect(fetched).not.toContain('snapshot')
      if (name === 'hybrid') expect(fetched).toEqual(['delta', 'delta'])
      const { made, served, bytesSaved } = server.handler.load.deltas
      expect([made, served]).toEqual([2, 2])
      expect(bytesSaved).toBeGreaterThan(2 * 204_000)
    },
  )
}

function until(client: Client<{ pool: number }>, pool: number): Promise<void> {
  return new Promise(resolve => {
    if (client.current.pool === pool) return resolve()
    const off = client.on('change', ({ current }) => {
      if (current.pool !== pool) return
      off()
      resolve()
    })
  })
}
