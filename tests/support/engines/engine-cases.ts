import { expect, test } from 'vitest'
import { z } from 'zod'
import { createClient, type Client } from '../../../src/client/index.js'
import type { ReportTransport, Store, WatchTransport } from '../../../src/contracts/transport.js'
import { decodeRelease, positionOf } from '../../../src/core/release/release.js'
import { createPublisher, everyone, type Publisher } from '../../../src/publisher/index.js'
import { serve, type Server } from '../../../src/server/index.js'
import { push } from '../../../src/strategies/index.js'
import { sampleAfter } from '../../../src/testing/conformance/fixture.js'
import { publishTo, write } from '../../../src/testing/conformance/store-steps.js'
import { fallback } from '../../../src/transports/fallback.js'
import { httpStore } from '../../../src/transports/http/index.js'
import { scaled, SCALED_LIMIT_MS } from '../scale.js'
import { tcpProxy } from '../tcp-proxy.js'
import { tenantLife } from '../tenant.js'
import { aloneAsTogether, oneAsOther, type Scene } from '../twice.js'
import { deltaCases } from './delta-cases.js'
import { freshName } from './fresh-name.js'

/** A store over a real server that can be killed. */
export interface Engine {
  start(): Promise<void>
  /** kill -9. */
  kill(): Promise<void>
  wipe(): Promise<void>
  /**
   * Copies what it holds; to be called while it does not run. Returns what puts it back, likewise.
   */
  copy(): Promise<() => Promise<void>>
}

type EngineStore = Store & WatchTransport & ReportTransport

/** For how many appends publishers race. */
export const APPENDS: number = scaled({ share: 60, whole: 1_000 })

const schema = z.object({ pool: z.number() })
const never = new AbortController().signal
const quick = {
  backoff: { baseMs: 20, capMs: 200 },
  pollIntervalMs: 200,
  sweepIntervalMs: 1_000,
  heartbeatMs: 500,
  timeoutMs: 2_000,
}

/**
 * What a store over a server must stand, and the kit cannot do by itself. `connect` gives a handle
 * on one board, named by its prefix, which is a name of letters, digits and `_`.
 */
export function engineCases(engine: () => Engine, connect: (prefix: string) => Promise<EngineStore>): void {
  const namespace = 'checkout/prod'
  const publisherOf = (store: Store): Publisher<{ pool: number }> =>
    createPublisher({ namespace, schema, store })
  const clientOf = (store: EngineStore): Client<{ pool: number }> =>
    createClient({
      namespace,
      schema,
      strategy: push(store, quick),
      clientId: 'host-a',
      reports: { batchMs: 10, intervalMs: 300 },
    })
  const settings = { rollout: everyone(), reason: 'a test' }

  deltaCases(connect)

  test('a client keeps its configuration while the server is killed in mid-watch, and goes on when it is back with its data', async () => {
    const store = await connect(freshName('same_data'))
    const publisher = publisherOf(store)
    await publisher.publish({ pool: 1 }, settings)
    const client = await clientOf(store).ready()
    expect(client.current.pool).toBe(1)
    for (const pool of [2, 3]) {
      await engine().kill()
      await new Promise(resolve => setTimeout(resolve, 100))
      expect(client.current.pool).toBe(pool - 1)
      await engine().start()
      await untilPublished(publisher, pool)
      await until(client, pool)
    }
    await client.close()
    await publisher.close()
  })

  test('a server that comes back empty takes nothing away, and a new epoch goes on from there', async () => {
    const store = await connect(freshName('empty_data'))
    const publisher = publisherOf(store)
    await publisher.publish({ pool: 1 }, settings)
    await publisher.publish({ pool: 2 }, settings)
    const { tag } = (await store.latest({ namespace }, never)) as { tag: string }
    const client = await clientOf(store).ready()
    await engine().kill()
    await engine().wipe()
    await engine().start()
    await expect
      .poll(() => store.latest({ namespace }, never).catch(() => undefined), { timeout: 15_000 })
      .toEqual({ type: 'none' })
    expect(await store.latest({ namespace, tag }, never)).toEqual({ type: 'none' })
    expect(client.current.pool).toBe(2)

    // Whoever read it before knows what it had, and takes nothing that clients would pass over.
    await expect(publisher.publish({ pool: 4 }, settings)).rejects.toMatchObject({ code: 'store-damaged' })
    await expect(publisher.rollback({ reason: 'away' })).rejects.toMatchObject({ code: 'store-damaged' })

    // What clients report tells which epochs there were to those who did not; so an operator waits
    // until they were heard.
    await expect
      .poll(() => store.reports!({ namespace }, never).then(({ reports }) => reports.length), {
        timeout: 15_000,
      })
      .toBe(1)
    await publisher.openEpoch({ reason: 'the server lost its data', document: { pool: 3 } })
    await until(client, 3)
    expect(await store.latest({ namespace, tag }, never)).toMatchObject({ type: 'release' })
    await client.close()
    await publisher.close()
  }, 120_000)

  test('a server whose data are put back to a copy takes nothing but a new epoch, through a server of ours too', async () => {
    const prefix = freshName('restored')
    const store = await connect(prefix)
    const errors: string[] = []
    const logger = { debug() {}, info() {}, warn() {}, error: (message: string) => void errors.push(message) }
    const served = await serve(store, { write: { token: 'a-token' }, controller: false, logger })
    const publisher = publisherOf(httpStore(served.url, { token: 'a-token' }))
    await publisher.publish({ pool: 1 }, settings)
    await engine().kill()
    const putBack = await engine().copy()
    await engine().start()
    await untilPublished(publisher, 2)
    await untilPublished(publisher, 3)
    const client = await clientOf(store).ready()
    expect(client.current.pool).toBe(3)
    await engine().kill()
    await putBack()
    await engine().start()
    const refusal = (): Promise<unknown> =>
      publisher.publish({ pool: 4 }, settings).then(
        () => 'published',
        (error: { code: string }) => error.code,
      )
    await expect.poll(refusal, { timeout: 15_000 }).toBe('store-damaged')
    await expect(publisher.rollback({ reason: 'away' })).rejects.toMatchObject({ code: 'store-damaged' })
    // While the server is stopped, a look may say that it is not reached.
    expect(errors.filter(message => message.includes('went back'))).toHaveLength(1)
    expect(client.current.pool).toBe(3)
    await publisher.openEpoch({ reason: 'restored' })
    await until(client, 1)
    await client.close()
    await publisher.close()
    await served.close({ drainMs: 0 })
  }, 120_000)

  test(
    `two publishers who race for ${APPENDS} appends lose none and write none twice`,
    async () => {
      const board = freshName('race')
      const stores = [await connect(board), await connect(board)]
      const acknowledged = new Map<number, Uint8Array>()
      let taken = 0
      const race = async (store: EngineStore): Promise<void> => {
        while (acknowledged.size < APPENDS) {
          const newest = await store.latest({ namespace }, never)
          const before =
            newest.type === 'release'
              ? { at: positionOf(decodeRelease(newest.bytes).release), bytes: newest.bytes }
              : undefined
          const sample = sampleAfter(namespace, before)
          if ((await write(store, sample, never)) === 'taken') taken += 1
          else {
            expect(acknowledged.has(sample.at.sequence)).toBe(false)
            acknowledged.set(sample.at.sequence, sample.bytes)
          }
        }
      }
      await Promise.all(stores.map(race))
      let sequence = acknowledged.size
      for await (const { bytes } of stores[0]!.history({ namespace }, never)) {
        expect(Buffer.compare(bytes, acknowledged.get(sequence)!)).toBe(0)
        sequence -= 1
      }
      expect(sequence).toBe(0)
      expect(taken).toBeGreaterThan(0)
    },
    SCALED_LIMIT_MS,
  )

  test('three servers over one store: kill any, and nothing is lost', async () => {
    const write = { token: 'engine-token' }
    const board = freshName('three')
    const places = await Promise.all([1, 2, 3].map(() => servingPlace(() => connect(board), write)))
    try {
      const stores = places.map(({ url }) => httpStore(url, write))
      const everywhere = fallback([stores[0]!, stores[1]!, stores[2]!], { avoidMs: 100 })
      const client = createClient({
        namespace,
        schema,
        strategy: push(everywhere, quick),
        clientId: 'host-a',
        reports: { batchMs: 10 },
      })
      await publisherOf(stores[0]!).publish({ pool: 1 }, settings)
      await client.ready()
      const expected = [1]
      for (const [index, place] of [...places.entries(), ...places.entries()]) {
        await place.kill()
        const pool = 10 + expected.length
        await publisherOf(stores[(index + 1) % 3]!).publish({ pool }, settings)
        expected.push(pool)
        await until(client, pool)
        await place.start()
        // Whoever was gone knows what was published meanwhile.
        await expect
          .poll(
            () =>
              publisherOf(stores[index]!)
                .current()
                .then(
                  current => current?.document,
                  () => undefined,
                ),
            { timeout: 10_000 },
          )
          .toEqual({ pool })
      }
      const published: unknown[] = []
      for await (const { position } of publisherOf(stores[0]!).history())
        published.unshift((await publisherOf(stores[0]!).read(position)).document)
      expect(published).toEqual(expected.map(pool => ({ pool })))
      await client.close()
    } finally {
      for (const { close } of places) await close()
    }
  }, 120_000)

  test('a release that nobody was told of is found by the next look', async () => {
    const store = await connect(freshName('untold'))
    const deaf: EngineStore = { ...store, watch: (query, signal) => withoutNews(store.watch(query, signal)) }
    await publishTo(store, sampleAfter(namespace, undefined, { document: { pool: 1 } }), never)
    const client = await clientOf(deaf).ready()
    await publisherOf(store).publish({ pool: 2 }, settings)
    await until(client, 2)
    await client.close()
  })

  /**
   * Two tenants of one new board, each of which reaches it as `handles` says: by the number of a
   * handle, for each of its calls.
   */
  const tenantsBy = async (handles: (who: number, call: number) => number): Promise<Scene> => {
    const board = freshName('tenants')
    const opened = new Map<number, Promise<EngineStore>>()
    const handle = (number: number): Promise<EngineStore> => {
      const known = opened.get(number) ?? connect(board)
      opened.set(number, known)
      return known
    }
    const namespaces = ['checkout/prod', 'checkout/prod2'] as const
    return {
      live: who =>
        tenantLife({
          namespace: namespaces[who],
          foreign: namespaces[1 - who] ?? '',
          async reach(call) {
            const store = await handle(handles(who, call))
            return { reads: store, writes: store }
          },
          until: isSo => expect.poll(isSo, { timeout: 30_000, interval: 10 }).toBe(true),
        }),
      end: async () => {},
    }
  }

  for (const [how, handles] of [
    ['over one handle', () => 0],
    ['over a handle each', (who: number) => who],
  ] as const)
    aloneAsTogether({
      what: `two namespaces of one board ${how}`,
      open: () => tenantsBy(handles),
      meetings: ['by turns', 'at the same time'],
    })
  oneAsOther({
    what: 'a tenant over two handles by turns sees what it sees over one',
    one: () => tenantsBy(() => 0),
    other: () => tenantsBy((_who, call) => call % 2),
  })

  async function untilPublished(publisher: Publisher<{ pool: number }>, pool: number): Promise<void> {
    await expect
      .poll(
        () =>
          publisher.publish({ pool }, settings).then(
            () => 'published',
            (error: { code?: string }) => error.code,
          ),
        { timeout: 15_000, interval: 50 },
      )
      .toBe('published')
  }
}

/** Brings what a watch starts with, and nothing afterwards: as if every message were lost. */
async function* withoutNews<T extends { readonly type: string }>(
  deliveries: AsyncIterable<T>,
): AsyncGenerator<T> {
  let released = false
  for await (const delivery of deliveries) {
    if (delivery.type !== 'release' || !released) yield delivery
    released ||= delivery.type === 'release'
  }
}

async function until(client: Client<{ pool: number }>, pool: number): Promise<void> {
  await expect.poll(() => client.current.pool, { timeout: 15_000, interval: 10 }).toBe(pool)
}

/** An address with a server behind it that can be killed and started again. */
interface ServingPlace {
  readonly url: string
  start(): Promise<void>
  /** Every connection breaks off at once, as when the process is killed. */
  kill(): Promise<void>
  close(): Promise<void>
}

async function servingPlace(
  connect: () => Promise<EngineStore>,
  write: { readonly token: string },
): Promise<ServingPlace> {
  let server: Server | undefined
  const proxy = await tcpProxy(() => server?.port ?? 0)
  const begin = async (): Promise<void> => {
    server = await serve(await connect(), { write, heartbeatMs: 300 })
  }
  const end = async (): Promise<void> => {
    await server?.close({ drainMs: 0, graceMs: 0 })
    server = undefined
  }
  await begin()
  return {
    url: `http://127.0.0.1:${proxy.port}`,
    async start() {
      await begin()
      await proxy.heal()
    },
    async kill() {
      await proxy.cut()
      await end()
    },
    async close() {
      await proxy.close()
      await end()
    },
  }
}
