import { describe, expect, test } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../src/client/client.js'
import type { Deltas } from '../../../src/contracts/deltas.js'
import type { Delivery, WatchQuery } from '../../../src/contracts/transport.js'
import type { Clock } from '../../../src/contracts/system.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { systemClock } from '../../../src/system/system.js'
import { push } from '../../../src/strategies/push.js'
import { http } from '../../../src/transports/http/http.js'
import { memory } from '../../../src/transports/memory.js'
import { started } from '../../support/asking.js'
import { closeLater, temporaryFolder } from '../../support/board-kit.js'
import { largeDocument, libraryDeltas } from '../../support/large-documents.js'
import { NAMESPACE, publish } from '../../support/server-fixtures.js'

const library = libraryDeltas()
const codec = await library.codec()
const identity = { clientId: 'one', instanceId: 'one-1', ephemeral: false, labels: {} }

type Release = Delivery & { readonly type: 'release' }

/** The releases of a watch, one after the other. */
function watching(url: string, query: Partial<WatchQuery> = {}) {
  const ending = new AbortController()
  const deliveries = http(url)
    .watch({ namespaces: [NAMESPACE], inline: true, identity, deltas: true, ...query }, ending.signal)
    [Symbol.asyncIterator]()
  closeLater({
    async close() {
      ending.abort()
      await deliveries.return?.()
    },
  })
  return {
    async next(): Promise<Release> {
      for (;;) {
        const { value } = (await deliveries.next()) as { value: Delivery }
        if (value.type === 'release') return value
      }
    },
  }
}

/**
 * On a busy machine a release may leave before its snapshot was found, after a second; here that
 * second is long.
 */
const clock: Clock = {
  ...systemClock,
  after: (delayMs, callback) => systemClock.after(delayMs * 60, callback),
}
const patient = { system: { clock } }

const document = (pool: number) => largeDocument(pool)

describe('an event stream whose reader takes deltas', () => {
  test('brings the whole snapshot first, and then what changed in less than 256 bytes', async () => {
    const store = memory()
    const one = await publish(store, document(1))
    const { url, handler } = await started(store, { deltas: library, ...patient })
    const stream = watching(url)
    expect(
      Buffer.compare((await stream.next()).snapshots?.[0]?.bytes ?? new Uint8Array(), one.snapshot),
    ).toBe(0)
    let held = one
    for (const pool of [2, 3]) {
      const next = await publish(store, document(pool))
      const [along] = (await stream.next()).snapshots ?? []
      expect(along).toMatchObject({ digest: next.digest, base: held.digest })
      expect(Buffer.from(along?.bytes ?? []).toString('base64').length).toBeLessThanOrEqual(256)
      const made = codec?.decode({
        base: { digest: held.digest, bytes: held.snapshot },
        delta: along?.bytes ?? new Uint8Array(),
        length: next.snapshot.length,
      })
      expect(Buffer.compare(made ?? new Uint8Array(), next.snapshot)).toBe(0)
      held = next
    }
    // An event counts with all that it has beside the release.
    const { bytesSaved, ...counts } = handler.load.deltas
    expect(counts).toEqual({ made: 2, served: 2 })
    expect(bytesSaved).toBeGreaterThan(2 * (held.snapshot.length - 600))
    expect(bytesSaved).toBeLessThan(2 * held.snapshot.length)
  })

  test('brings those of a board in a folder, of which a process makes each once', async () => {
    const store = closeLater(fileStore(await temporaryFolder(), { deltas: library }))
    let held = await publish(store, document(1))
    const { url, handler } = await started(store, { deltas: library, ...patient })
    const stream = watching(url)
    await stream.next()
    for (const pool of [2, 3, 4]) {
      const next = await publish(store, document(pool))
      const [along] = (await stream.next()).snapshots ?? []
      expect(along).toMatchObject({ digest: next.digest, base: held.digest })
      held = next
    }
    expect(handler.load.deltas).toMatchObject({ made: 0, served: 3 })
  })

  test('begins with a delta from what the reader says to have, if the log names that', async () => {
    const store = memory()
    const one = await publish(store, document(1))
    const two = await publish(store, document(2))
    const { url } = await started(store, { deltas: library, ...patient })
    const known = await watching(url, { have: { [NAMESPACE]: one.digest } }).next()
    expect(known.snapshots?.[0]).toMatchObject({ digest: two.digest, base: one.digest })
    const strange = await watching(url, { have: { [NAMESPACE]: 'b'.repeat(64) } }).next()
    expect(strange.snapshots?.[0]).toMatchObject({ digest: two.digest })
    expect(strange.snapshots?.[0]?.base).toBeUndefined()
  })

  test.each<[string, Partial<WatchQuery>, Deltas | false]>([
    ['the reader takes none', { deltas: false }, library],
    ['the server makes none', {}, false],
  ])('brings whole snapshots where %s', async (_, query, deltas) => {
    const store = memory()
    await publish(store, document(1))
    const { url } = await started(store, { deltas, ...patient })
    const stream = watching(url, query)
    await stream.next()
    const two = await publish(store, document(2))
    const [along] = (await stream.next()).snapshots ?? []
    expect(along?.base).toBeUndefined()
    expect(Buffer.compare(along?.bytes ?? new Uint8Array(), two.snapshot)).toBe(0)
  })

  test('a client that pushes applies it, and one that refused its base gets the snapshot all the same', async () => {
    const store = memory()
    await publish(store, document(1))
    const { url } = await started(store, { deltas: library, ...patient })
    const transport = http(url)
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
    const client = closeLater(
      createClient({
        namespace: NAMESPACE,
        schema: z.looseObject({ pool: z.number().max(100) }),
        strategy: push(counting),
        deltas: library,
      }),
    )
    const values: number[] = []
    client.on('change', ({ current }) => void values.push(current.pool))
    await client.ready({ timeoutMs: 30_000 })
    const refused = new Promise(resolve => client.on('rejected', resolve))
    const until = (pool: number) =>
      new Promise<void>(resolve => {
        const off = client.on('change', ({ current }) => {
          if (current.pool !== pool) return
          off()
          resolve()
        })
      })
    const two = until(2)
    await publish(store, document(2))
    await two
    expect(fetched).toEqual([])
    await publish(store, document(200))
    await refused
    const three = until(3)
    await publish(store, document(3))
    await three
    expect(values).toEqual([1, 2, 3])
    expect(fetched.filter(what => what === 'snapshot')).toEqual([])
  })
})
