import { expect, test } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../src/client/client.js'
import type { ClientOptions } from '../../../src/client/options.js'
import type { Deltas } from '../../../src/contracts/deltas.js'
import type { Delivery } from '../../../src/contracts/transport.js'
import { deltasBy, fromLibrary } from '../../../src/deltas/zstd-deltas.js'
import { stateFolder } from '../../../src/node/state/state-folder.js'
import { push } from '../../../src/strategies/push.js'
import { http } from '../../../src/transports/http/http.js'
import { memory } from '../../../src/transports/memory.js'
import { started } from '../../support/asking.js'
import { closeLater } from '../../support/board-kit.js'
import { largeDocument, libraryDeltas } from '../../support/large-documents.js'
import { NAMESPACE, publish } from '../../support/server-fixtures.js'
import { temporaryFolder } from '../../support/place.js'

const schema = z.looseObject({ pool: z.number() })
type Options = Partial<ClientOptions<typeof schema>>

/** As by default on a Node without Zstandard of its own, and not loaded before a client asks. */
function lookedFor(): Deltas {
  return deltasBy(async () => fromLibrary(await import('@bokuweb/zstd-wasm')))
}

test.each<[string, () => Options]>([
  ['a library is looked for', () => ({ deltas: lookedFor() })],
  ['there is a state folder', () => ({ deltas: lookedFor(), state: stateFolder(temporaryFolder()) })],
  ['a library is configured', () => ({ deltas: libraryDeltas() })],
  ['nothing is configured', () => ({})],
])('the first stream of a client brings a key of 200 KB as a delta where %s', async (_, options) => {
  const store = memory()
  await publish(store, largeDocument(1))
  const { url } = await started(store, { deltas: libraryDeltas() })
  const transport = http(url)
  const along: { readonly bytes: number; readonly isDelta: boolean }[] = []
  const streams: unknown[] = []
  const noting = {
    ...transport,
    async *watch(...asked: Parameters<typeof transport.watch>): AsyncGenerator<Delivery> {
      streams.push(asked)
      for await (const delivery of transport.watch(...asked)) {
        if (delivery.type === 'release')
          for (const { bytes, base } of delivery.snapshots ?? [])
            along.push({ bytes: bytes.length, isDelta: base !== undefined })
        yield delivery
      }
    },
    delta: async () => undefined,
  }
  const client = closeLater(
    createClient({ namespace: NAMESPACE, schema, strategy: push(noting), ...options() }),
  )
  await client.ready({ timeoutMs: 30_000 })
  for (const pool of [2, 3]) {
    const applied = new Promise<void>(resolve => {
      client.on('change', ({ current }) => current.pool === pool && resolve())
    })
    await publish(store, largeDocument(pool))
    await applied
  }
  expect(streams).toHaveLength(1)
  expect(along.map(({ isDelta }) => isDelta)).toEqual([false, true, true])
  for (const { bytes } of along.slice(1)) expect(bytes).toBeLessThan(256)
})

test('a codec that never comes holds up no stream, and whole snapshots travel', async () => {
  const store = memory()
  await publish(store, largeDocument(1))
  const { url } = await started(store, { deltas: libraryDeltas() })
  const never: Deltas = { codec: () => new Promise(() => {}) }
  const client = closeLater(
    createClient({ namespace: NAMESPACE, schema, strategy: push(http(url)), deltas: never }),
  )
  expect((await client.ready({ timeoutMs: 30_000 })).current.pool).toBe(1)
  const changed = new Promise(resolve => client.on('change', ({ current }) => resolve(current.pool)))
  await publish(store, largeDocument(2))
  expect(await changed).toBe(2)
})
