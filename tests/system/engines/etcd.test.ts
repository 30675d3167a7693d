import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { sampleLog, sampleOfSize, sampleReport } from '../../../src/testing/conformance/fixture.js'
import {
  engineCases as kitOfEngine,
  storeCases,
  type OpenedStore,
} from '../../../src/testing/conformance/index.js'
import { publishTo } from '../../../src/testing/conformance/store-steps.js'
import { etcdEngine } from '../../../src/transports/etcd/engine.js'
import { systemClock } from '../../../src/system/system.js'
import { etcd, etcdGateway, type EtcdClient, type EtcdStore } from '../../../src/transports/etcd/index.js'
import { PATIENT, runCases } from '../../support/run-cases.js'
import { engineCases } from '../../support/engines/engine-cases.js'
import { freshName } from '../../support/engines/fresh-name.js'
import { etcdServer, type EtcdServer } from '../../support/engines/etcd-server.js'
import { missingProgram } from '../../support/engines/server-process.js'

const never = new AbortController().signal
const missing = missingProgram('etcd', 'etcd-server')

describe.skipIf(missing !== undefined)(
  `etcd() against a real etcd${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let server: EtcdServer
    beforeAll(async () => {
      server = await etcdServer()
      await server.start()
    })
    afterAll(() => server?.close())

    const b64 = (text: string): string => Buffer.from(text).toString('base64')

    async function open(): Promise<OpenedStore> {
      const prefix = `kit-${randomUUID()}/`
      const gateway = etcdGateway({ url: server.url })
      let silenced = 0
      const client: EtcdClient = {
        ...gateway,
        // What was watched before it was silenced goes on, and brings nothing.
        async *watch(query, signal) {
          const before = silenced
          for await (const news of gateway.watch(query, signal)) if (silenced === before) yield news
        },
      }
      const handle = (): EtcdStore => etcd(client, { prefix, checkIntervalMs: 300, timeoutMs: 2_000 })
      return {
        store: handle(),
        another: async () => handle(),
        async reopen() {
          await server.kill()
          await server.start()
          return handle()
        },
        async damage({ namespace, digest }) {
          await server.call('kv/put', {
            key: b64(`${prefix}board/snapshots/${namespace}=/${digest}`),
            value: b64('{'),
          })
        },
        async silence() {
          silenced += 1
        },
        freeze: () => server.freeze(),
        async cut() {
          await server.kill()
          return { heal: () => server.start() }
        },
        close: async () => {},
      }
    }

    runCases(
      'the kit',
      storeCases(open, {
        ...PATIENT,
        without: {
          stranger: 'tried below, with etcd’s own roles',
          marks: 'it sends none; strategies ask by themselves',
        },
      }),
    )

    runCases(
      'the kit of engines',
      kitOfEngine(() => {
        const prefix = `kit-${randomUUID()}/`
        const handle = async () =>
          etcdEngine(etcdGateway({ url: server.url }), { prefix, durability: 'single', clock: systemClock })
        return {
          engine: etcdEngine(etcdGateway({ url: server.url }), {
            prefix,
            durability: 'single',
            clock: systemClock,
          }),
          another: handle,
          async reopen() {
            await server.kill()
            await server.start()
            return handle()
          },
          close: async () => {},
        }
      }, PATIENT),
    )

    describe('the server', () => {
      engineCases(
        () => server,
        async prefix => etcd(etcdGateway({ url: server.url }), { prefix: `${prefix}/` }),
      )
    })

    test('a watch that starts from a revision which etcd has forgotten says so, and the store goes on with what is newest', async () => {
      const client = etcdGateway({ url: server.url })
      const prefix = `${freshName('compacted')}/`
      const store = etcd(client, { prefix })
      const log = sampleLog('checkout/prod')
      const samples = [log.next(), log.next(), log.next()]
      for (const sample of samples) await publishTo(store, sample, never)
      const { revision } = await client.transact({ steps: [] }, never)
      await server.call('kv/compaction', { revision })

      const news = client.watch(
        { key: `${prefix}board/heads/`, end: `${prefix}board/heads0`, from: '1' },
        never,
      )
      for await (const { type } of news) expect(type).toBe('compacted')

      // The first watch of this client starts too far back, as one that was held up for long does.
      let watches = 0
      const late: EtcdClient = {
        ...client,
        watch: (query, signal) => client.watch(watches++ === 0 ? { ...query, from: '1' } : query, signal),
      }
      const controller = new AbortController()
      const seen: Uint8Array[] = []
      const newest = log.next()
      for await (const delivery of etcd(late, { prefix }).watch(
        { namespaces: ['checkout/prod'], inline: false },
        controller.signal,
      )) {
        if (delivery.type !== 'release') continue
        seen.push(delivery.bytes)
        if (seen.length === 1) await publishTo(store, newest, never)
        else controller.abort()
      }
      expect(seen).toEqual([samples[2]!.bytes, newest.bytes])
      expect(watches).toBe(2)
    })

    test('reports are kept under a lease, and under a new one when that is gone', async () => {
      const client = etcdGateway({ url: server.url })
      let grants = 0
      const counting: EtcdClient = {
        ...client,
        grant: (query, signal) => (grants++, client.grant(query, signal)),
      }
      const name = freshName('leases')
      const store = etcd(counting, { prefix: `${name}/` })
      const namespace = 'checkout/prod'
      await store.report(
        [sampleReport(namespace), sampleReport(namespace, { instanceId: 'instance-0002' })],
        never,
      )
      await store.report([sampleReport(namespace, { count: 2 })], never)
      expect(grants).toBe(1)
      const { leases } = (await server.call('lease/leases', {})) as { leases: { ID: string }[] }
      const own = (await server.call('kv/range', { key: b64(`${name}/`), range_end: b64(`${name}0`) })) as {
        kvs: { lease?: string }[]
      }
      expect(own.kvs.map(({ lease }) => leases.some(({ ID }) => ID === lease))).toEqual([true, true])

      await server.call('lease/revoke', { ID: own.kvs[0]!.lease })
      expect(await store.reports({ namespace }, never)).toMatchObject({ reports: [] })
      await store.report([sampleReport(namespace, { count: 3 })], never)
      expect((await store.reports({ namespace }, never)).reports.map(({ count }) => count)).toEqual([3])
      expect(grants).toBe(2)
    })

    test('what etcd itself finds too large is `too-large`', async () => {
      const store = etcd(etcdGateway({ url: server.url }), {
        prefix: `${freshName('large')}/`,
        maxSnapshotBytes: 4_000_000,
      })
      const put = store.put({ namespace: 'checkout/prod', ...sampleOfSize(1_700_000).snapshot }, never)
      await expect(put).rejects.toMatchObject({ code: 'too-large' })
    })

    test('what is no etcd is told from a refusal', async () => {
      const answering = (status: number, body: string): EtcdStore =>
        etcd(etcdGateway({ url: server.url, fetch: async () => new Response(body, { status }) }))
      const code = (store: EtcdStore): Promise<string> =>
        store.latest({ namespace: 'a' }, never).then(
          () => 'none',
          error => error.code,
        )
      expect(await code(answering(200, '{}'))).toBe('unavailable')
      expect(await code(answering(200, '<html>'))).toBe('unavailable')
      expect(await code(answering(502, 'bad gateway'))).toBe('unavailable')
      expect(await code(answering(404, 'Not Found'))).toBe('forbidden')
      expect(await code(answering(401, '{}'))).toBe('unauthorized')
    })

    test('without a user of etcd who may, nothing is read or written', async () => {
      const guarded = await etcdServer()
      try {
        await guarded.start()
        await guarded.call('auth/user/add', { name: 'root', password: 'secret' })
        await guarded.call('auth/user/grant', { user: 'root', role: 'root' })
        await guarded.call('auth/enable', {})
        const headers = async () => {
          const { token } = (await guarded.call('auth/authenticate', {
            name: 'root',
            password: 'secret',
          })) as { token: string }
          return { authorization: token }
        }
        const sample = sampleLog('checkout/prod').next()
        await publishTo(etcd(etcdGateway({ url: guarded.url, headers })), sample, never)
        for (const own of [{}, { authorization: 'wrong' }]) {
          const stranger = etcd(etcdGateway({ url: guarded.url, headers: own }))
          await expect(stranger.latest({ namespace: 'checkout/prod' }, never)).rejects.toMatchObject({
            code: 'unauthorized',
          })
          await expect(publishTo(stranger, sample, never)).rejects.toMatchObject({ code: 'unauthorized' })
          const watching = stranger
            .watch({ namespaces: ['checkout/prod'], inline: false }, never)
            [Symbol.asyncIterator]()
            .next()
          await expect(watching).rejects.toMatchObject({ code: 'unauthorized' })
        }
      } finally {
        await guarded.close()
      }
    })
  },
)
