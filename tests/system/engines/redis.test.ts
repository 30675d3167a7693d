import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sampleAfter, sampleLog, sampleReport } from '../../../src/testing/conformance/fixture.js'
import {
  engineCases as kitOfEngine,
  storeCases,
  type OpenedStore,
} from '../../../src/testing/conformance/index.js'
import { publishTo } from '../../../src/testing/conformance/store-steps.js'
import { redisEngine } from '../../../src/transports/redis/engine.js'
import { redis, type RedisClient } from '../../../src/transports/redis/index.js'
import { systemRandom } from '../../../src/system/system.js'
import { PATIENT, runCases } from '../../support/run-cases.js'
import { engineCases } from '../../support/engines/engine-cases.js'
import { freshName } from '../../support/engines/fresh-name.js'
import { redisServer, type RedisServer } from '../../support/engines/redis-server.js'
import { missingProgram } from '../../support/engines/server-process.js'

const never = new AbortController().signal
const missing = missingProgram('redis-server', 'redis-server')

describe.skipIf(missing !== undefined)(
  `redis() against a real Redis${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let server: RedisServer
    beforeAll(async () => {
      server = await redisServer()
      await server.start()
    })
    afterAll(() => server?.close())

    async function open(): Promise<OpenedStore> {
      const prefix = `kit-${randomUUID()}:`
      const clients: { destroy(): void }[] = []
      const connect = async () => {
        const client = await server.client()
        clients.push(client)
        return client
      }
      let silenced = 0
      /** A client whose subscriptions from before it was silenced go on, and bring nothing. */
      const silenceable = (client: RedisClient): RedisClient => ({
        get isReady() {
          return client.isReady ?? true
        },
        sendCommand: args => client.sendCommand(args),
        duplicate() {
          const subscriber = client.duplicate()
          const before = silenced
          return {
            connect: () => subscriber.connect(),
            on: (event, listener) => subscriber.on(event, listener),
            destroy: () => subscriber.destroy(),
            subscribe: (channel, listener) =>
              subscriber.subscribe(channel, message => {
                if (silenced === before) listener(message)
              }),
          }
        },
      })
      // A call ends within the kit's five seconds also when the driver has not noticed yet that its
      // connection is gone.
      const settings = { prefix, checkIntervalMs: 300, timeoutMs: 2_000 }
      const first = await connect()
      return {
        store: redis(silenceable(first), settings),
        another: async () => redis(await connect(), settings),
        async reopen() {
          await server.kill()
          await server.start()
          return redis(await connect(), settings)
        },
        async damage({ namespace, digest }) {
          await first.set(`${prefix}{${namespace}}:board/snapshots/${namespace}=/${digest}`, '{')
        },
        async silence() {
          silenced += 1
        },
        freeze: () => server.freeze(),
        async cut() {
          await server.kill()
          return { heal: () => server.start() }
        },
        async close() {
          for (const client of clients) client.destroy()
        },
      }
    }

    runCases(
      'the kit',
      storeCases(open, {
        ...PATIENT,
        without: {
          stranger: 'tried below, with users of Redis',
          marks: 'it sends none; strategies ask by themselves',
        },
      }),
    )

    runCases(
      'the kit of engines',
      kitOfEngine(async () => {
        const prefix = `kit-${randomUUID()}:`
        const clients: { destroy(): void }[] = []
        const handle = async () => {
          const client = await server.client()
          clients.push(client)
          return redisEngine(client, { prefix, durability: 'single', random: systemRandom })
        }
        return {
          engine: await handle(),
          another: handle,
          async reopen() {
            await server.kill()
            await server.start()
            return handle()
          },
          async close() {
            for (const client of clients) client.destroy()
          },
        }
      }, PATIENT),
    )

    describe('the server', () => {
      engineCases(
        () => server,
        async prefix => redis(await server.client(), { prefix: `${prefix}:` }),
      )
    })

    test('a value that was kept without a version is read as it is, and changed only as long as nobody else did', async () => {
      const client = await server.client()
      const prefix = `${freshName('bare')}:`
      const engine = redisEngine(client, { prefix, durability: 'single', random: systemRandom })
      const key = 'board/heads/checkout/prod'
      await client.set(`${prefix}{checkout/prod}:${key}`, '7\n{}')
      const [bare] = await engine.read([key], never)
      expect([Buffer.from(bare!.value).toString(), bare!.version]).toEqual(['7\n{}', ''])
      const write = (): Promise<unknown> =>
        engine.write(
          {
            if: [{ type: 'unchanged', key, version: bare!.version }],
            put: [{ key, value: Buffer.from('8\n{}') }],
            remove: [],
          },
          never,
        )
      expect([await write(), await write()]).toEqual(['written', 'refused'])
      const [kept] = await engine.read([key], never)
      expect(Buffer.from(kept!.value).toString()).toBe('8\n{}')
    })

    test('a message that is lost, comes twice or means nothing does no harm', async () => {
      const client = await server.client()
      const prefix = `${freshName('messages')}:`
      const store = redis(client, { prefix })
      const log = sampleLog('checkout/prod')
      const first = log.next()
      await publishTo(store, first, never)
      const controller = new AbortController()
      const second = log.next()
      const seen: Uint8Array[] = []
      for await (const delivery of store.watch(
        { namespaces: ['checkout/prod'], inline: false },
        controller.signal,
      )) {
        if (delivery.type !== 'release') continue
        seen.push(delivery.bytes)
        if (seen.length > 1) controller.abort()
        for (const message of ['checkout/prod', 'checkout/prod', 'checkout/other', '', 'nonsense'])
          await client.publish(`${prefix}news`, message)
        if (seen.length === 1) await publishTo(store, second, never)
      }
      expect(seen).toEqual([first.bytes, second.bytes])
    })

    test('watches share one connection, which is closed with the last of them', async () => {
      const client = await server.client()
      const name = freshName('shared')
      const store = redis(client, { prefix: `${name}:` })
      await publishTo(store, sampleLog('checkout/prod').next(), never)
      const subscribers = async (): Promise<number> =>
        (await client.pubSubNumSub(`${name}:news`))[`${name}:news`] ?? 0
      const watches = await Promise.all(
        [1, 2, 3].map(async () => {
          const controller = new AbortController()
          const iterator = store
            .watch({ namespaces: ['checkout/prod'], inline: false }, controller.signal)
            [Symbol.asyncIterator]()
          await iterator.next()
          return { controller, iterator }
        }),
      )
      expect(await subscribers()).toBe(1)
      for (const { controller, iterator } of watches) {
        controller.abort()
        await iterator.next()
      }
      await expect.poll(subscribers).toBe(0)
    })

    test('reports that are not renewed are forgotten', async () => {
      const client = await server.client()
      const name = freshName('reports')
      const store = redis(client, { prefix: `${name}:` })
      const namespace = 'checkout/prod'
      await store.report([sampleReport(namespace)], never)
      const key = `${name}:{${namespace}}:reports/${namespace}=/instance-0001`
      expect(await client.pTTL(key)).toBeGreaterThan(3_000_000)
      await client.del(key)
      expect(await store.reports({ namespace }, never)).toMatchObject({ reports: [] })
      // What is left is since when they are asked for.
      const index = `${name}:{${namespace}}:index`
      expect(await client.zRange(index, 0, -1)).toEqual([`reports/${namespace}=since`])
    })

    describe('a Redis that can lose what it acknowledged', () => {
      test.each<[string, readonly string[], RegExp]>([
        ['without an append-only file', ['--save', ''], /appendonly is not `yes`/],
        ['that syncs once a second', ['--appendonly', 'yes'], /appendfsync is not `always`/],
        [
          'that does not sync while it writes its file anew',
          ['--appendonly', 'yes', '--appendfsync', 'always', '--no-appendfsync-on-rewrite', 'yes'],
          /no-appendfsync-on-rewrite is not `no`/,
        ],
        [
          'that evicts',
          ['--appendonly', 'yes', '--appendfsync', 'always', '--maxmemory-policy', 'allkeys-lru'],
          /maxmemory-policy is not `noeviction`/,
        ],
      ])('%s is refused, or says `may-lose`', async (_, settings, problem) => {
        const careless = await redisServer(settings)
        try {
          await careless.start()
          const client = await careless.client()
          await expect(redis(client).latest({ namespace: 'a' }, never)).rejects.toMatchObject({
            code: 'unsupported',
            message: expect.stringMatching(problem),
          })
          const store = redis(client, { durability: 'may-lose' })
          expect(await store.latest({ namespace: 'a' }, never)).toEqual({ type: 'none' })
          expect(store.durability).toBe('may-lose')
        } finally {
          await careless.close()
        }
      })

      test('does not let itself be asked', async () => {
        await (
          await server.client()
        ).sendCommand(['ACL', 'SETUSER', 'shy', 'on', '>secret', '~*', '&*', '+@all', '-config'])
        const client = await server.client({ username: 'shy', password: 'secret' })
        await expect(redis(client).latest({ namespace: 'a' }, never)).rejects.toMatchObject({
          code: 'unsupported',
          message: expect.stringMatching(/CONFIG GET is not allowed/),
        })
        const store = redis(client, { durability: 'may-lose' })
        expect(await store.latest({ namespace: 'a' }, never)).toEqual({ type: 'none' })
        expect(store.durability).toBe('may-lose')
      })
    })

    test('a Redis that loses nothing says so after the first call, also where it might have lost', async () => {
      const store = redis(await server.client(), {
        prefix: `${freshName('careful')}:`,
        durability: 'may-lose',
      })
      expect(store.durability).toBe('may-lose')
      await store.latest({ namespace: 'a' }, never)
      expect(store.durability).toBe('single')
    })

    test('a user who may not write is `forbidden`', async () => {
      await (
        await server.client()
      ).sendCommand([
        'ACL',
        'SETUSER',
        'reader',
        'on',
        '>secret',
        '~*',
        '&*',
        '+@read',
        '+config|get',
        '+role',
      ])
      const prefix = `${freshName('strangers')}:`
      const reader = redis(await server.client({ username: 'reader', password: 'secret' }), { prefix })
      const sample = sampleLog('checkout/prod').next()
      await expect(
        reader.put({ namespace: 'checkout/prod', ...sample.snapshot }, never),
      ).rejects.toMatchObject({ code: 'forbidden' })
      await publishTo(redis(await server.client(), { prefix }), sample, never)
      await expect(publishTo(reader, sample, never)).resolves.toBeUndefined()
      const { at, bytes } = sampleAfter('checkout/prod', sample, { document: sample.document })
      await expect(reader.append({ namespace: 'checkout/prod', at, bytes }, never)).rejects.toMatchObject({
        code: 'forbidden',
      })
    })

    test('without a connection a command fails at once, and is not made later', async () => {
      const client = await server.client()
      const store = redis(client, { prefix: `${freshName('queue')}:` })
      const { at, bytes, snapshot } = sampleLog('checkout/prod').next()
      await store.put({ namespace: 'checkout/prod', ...snapshot }, never)
      await server.kill()
      await expect.poll(() => client.isReady).toBe(false)
      await expect(store.append({ namespace: 'checkout/prod', at, bytes }, never)).rejects.toMatchObject({
        code: 'unavailable',
      })
      await server.start()
      await expect
        .poll(() => store.latest({ namespace: 'checkout/prod' }, never).catch(() => undefined), {
          timeout: 15_000,
        })
        .toEqual({ type: 'none' })
    })
  },
)
