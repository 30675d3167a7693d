import { readFileSync } from 'node:fs'
import pg from 'pg'
import postgresJs from 'postgres'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import type { Store, WatchTransport } from '../../../src/contracts/transport.js'
import { releaseDigest } from '../../../src/core/release/release.js'
import { systemClock, systemHasher } from '../../../src/system/system.js'
import { sampleAfter, sampleLog, sampleReport } from '../../../src/testing/conformance/fixture.js'
import {
  engineCases as kitOfEngine,
  storeCases,
  type OpenedStore,
} from '../../../src/testing/conformance/index.js'
import { publishTo } from '../../../src/testing/conformance/store-steps.js'
import { postgres, postgresTable, type PostgresClient } from '../../../src/transports/postgres/index.js'
import { postgresEngine } from '../../../src/transports/postgres/postgres.js'
import { PATIENT, runCases } from '../../support/run-cases.js'
import { APPENDS, engineCases } from '../../support/engines/engine-cases.js'
import { freshName } from '../../support/engines/fresh-name.js'
import {
  missingPostgres,
  postgresServer,
  transactionPooler,
  type Pooler,
  type PostgresServer,
} from '../../support/engines/postgres-server.js'
import { runRace } from '../../support/engines/run-race.js'
import { drawn, SCALED_LIMIT_MS } from '../../support/scale.js'

const namespace = 'checkout/prod'
const never = new AbortController().signal
const missing = missingPostgres()
const without = {
  stranger: 'tried below, with users of PostgreSQL',
  marks: 'it sends none; strategies ask by themselves',
}

describe.skipIf(missing !== undefined)(
  `postgres() against a real PostgreSQL${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let server: PostgresServer
    beforeAll(async () => {
      server = await postgresServer()
      await server.start()
    }, 120_000)
    afterAll(() => server?.close(), 120_000)

    const freshTable = (): string => freshName('t')
    const settings = { createTable: true, checkIntervalMs: 300, timeoutMs: 3_000 }
    const sqlOf = (port: number): postgresJs.Sql =>
      // A connection that is destroyed while postgres.js asks for types rejects a promise that
      // nobody holds.
      postgresJs({ host: '127.0.0.1', port, user: 'postgres', onnotice: () => {}, fetch_types: false })

    /** A client, and how the server or a proxy loses what it listens to. */
    interface Connected {
      readonly client: PostgresClient
      silence(): Promise<void>
      end(): Promise<void>
    }

    async function open(connect: (admin: pg.Pool) => Promise<Connected>): Promise<OpenedStore> {
      const options = { ...settings, table: freshTable() }
      const ends: (() => Promise<void>)[] = []
      const admin = server.pool({ max: 1 })
      const handle = async () => {
        const connected = await connect(admin)
        ends.push(connected.end)
        return { ...connected, store: postgres(connected.client, options) }
      }
      const { store, silence } = await handle()
      return {
        store,
        silence,
        another: async () => (await handle()).store,
        async reopen() {
          await server.kill()
          await server.start()
          return (await handle()).store
        },
        async damage({ namespace, digest }) {
          await admin.query(`update ${options.table} set value = '{' where key = $1`, [
            `board/snapshots/${namespace}=/${digest}`,
          ])
        },
        freeze: () => server.freeze(),
        async cut() {
          await server.kill()
          return { heal: () => server.start() }
        },
        async close() {
          await Promise.all([...ends.map(end => end()), admin.end()])
        },
      }
    }

    /** The clients that the kit is run with, and how each loses what it listens to. */
    const KITS: readonly (readonly [string, (admin: pg.Pool) => Promise<Connected>])[] = [
      [
        'a pool of pg whose connection lives on and listens no more',
        async () => {
          const pool = server.pool()
          const listening: pg.PoolClient[] = []
          const connect = async (): Promise<pg.PoolClient> => {
            const client = await pool.connect()
            listening.push(client)
            return client
          }
          return {
            client: { query: (text, values) => pool.query(text, values), connect, totalCount: 0 },
            async silence() {
              for (const client of listening) await client.query('unlisten *')
            },
            end: () => pool.end(),
          }
        },
      ],
      [
        'a client of postgres that connects anew by itself',
        async admin => {
          const sql = sqlOf(server.port)
          return {
            client: sql,
            async silence() {
              await admin.query(
                "select pg_terminate_backend(pid) from pg_stat_activity where query like 'listen %'",
              )
            },
            end: () => sql.end({ timeout: 0 }),
          }
        },
      ],
    ]
    for (const [what, connect] of drawn(KITS, { share: 1 }))
      runCases(
        `the kit, with ${what}`,
        storeCases(() => open(connect), { ...PATIENT, without }),
      )

    runCases(
      'the kit of engines',
      kitOfEngine(() => {
        const table = freshTable()
        const pools: pg.Pool[] = []
        const handle = () => {
          const pool = server.pool()
          pools.push(pool)
          const options = { table, createTable: true, durability: 'single', listenClient: pool } as const
          return postgresEngine(pool, options)
        }
        return {
          engine: handle(),
          another: async () => handle(),
          async reopen() {
            await server.kill()
            await server.start()
            return handle()
          },
          async close() {
            await Promise.all(pools.map(pool => pool.end()))
          },
        }
      }, PATIENT),
    )

    describe('the server', () => {
      engineCases(
        () => server,
        async prefix => postgres(server.pool(), { ...settings, table: prefix }),
      )
    })

    test(
      `three processes that race for ${APPENDS} appends lose none and write none twice`,
      async () => {
        const table = freshTable()
        const pool = server.pool()
        await pool.query(postgresTable(table))
        const { acknowledged, refused } = await runRace(3, [String(server.port), table, String(APPENDS)])
        expect(refused).toBeGreaterThan(0)
        let sequence = 0
        const store = postgres(pool, { table })
        const newestFirst: string[] = []
        for await (const { bytes } of store.history({ namespace }, never))
          newestFirst.push(releaseDigest(systemHasher, bytes))
        for (const digest of newestFirst.reverse()) {
          sequence += 1
          expect(acknowledged.get(sequence)).toEqual([digest])
        }
        expect(acknowledged.size).toBe(sequence)
        expect(sequence).toBeGreaterThanOrEqual(APPENDS)
      },
      SCALED_LIMIT_MS,
    )

    describe('through a pooler in transaction mode', () => {
      let pooler: Pooler
      beforeAll(async () => {
        pooler = await transactionPooler(server.port)
      })
      afterAll(() => pooler?.close())

      const drivers: readonly [string, () => { client: PostgresClient; end(): Promise<void> }][] = [
        [
          'pg',
          () => {
            const pool = server.pool({ port: pooler.port, database: 'postgres' })
            return { client: pool, end: () => pool.end() }
          },
        ],
        [
          'postgres',
          () => {
            const sql = postgresJs({
              host: '127.0.0.1',
              port: pooler.port,
              user: 'postgres',
              database: 'postgres',
              fetch_types: false,
            })
            return { client: sql, end: () => sql.end({ timeout: 0 }) }
          },
        ],
      ]
      test.each(drivers)('all is kept, and a watch misses nothing, with %s', async (_, connect) => {
        const { client, end } = connect()
        const store = postgres(client, { ...settings, table: freshTable() })
        await expectFollows(store)
        await end()
      })

      test('with a client of its own for notifications a watch does not wait for its next check', async () => {
        const [pooled, direct] = [server.pool({ port: pooler.port, database: 'postgres' }), server.pool()]
        const store = postgres(pooled, {
          ...settings,
          checkIntervalMs: 600_000,
          table: freshTable(),
          listenClient: direct,
        })
        await expectFollows(store)
      })
    })

    test('a single client of pg reads, writes and listens over its one connection', async () => {
      const client = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres' })
      client.on('error', () => {})
      await client.connect()
      const store = postgres(client, { ...settings, checkIntervalMs: 600_000, table: freshTable() })
      await expectFollows(store)
      await expect.poll(async () => (await client.query('select pg_listening_channels()')).rows).toEqual([])
      await client.end()
    })

    test('watches share one connection, which is closed with the last of them', async () => {
      const pool = server.pool()
      const store = postgres(pool, { ...settings, table: freshTable() })
      await publishTo(store, sampleLog(namespace).next(), never)
      const before = pool.totalCount
      const watches = await Promise.all(
        [1, 2, 3].map(async () => {
          const controller = new AbortController()
          const iterator = store
            .watch({ namespaces: [namespace], inline: false }, controller.signal)
            [Symbol.asyncIterator]()
          await iterator.next()
          return { controller, iterator }
        }),
      )
      expect(pool.totalCount - pool.idleCount).toBe(1)
      for (const { controller, iterator } of watches) {
        controller.abort()
        await iterator.next()
      }
      await expect.poll(() => pool.totalCount - pool.idleCount).toBe(0)
      expect(before).toBeGreaterThan(0)
    })

    test('reports are stamped by the clock of the database, and forgotten when their time is over', async () => {
      const pool = server.pool()
      const table = freshTable()
      const clock = { ...systemClock, now: () => 0 }
      const store = postgres(pool, { ...settings, table, system: { clock } })
      await store.report([sampleReport(namespace), sampleReport(namespace, { instanceId: 'b' })], never)
      const [first] = (await store.reports({ namespace }, never)).reports
      await store.report([sampleReport(namespace, { count: 2 })], never)
      const again = (await store.reports({ namespace }, never)).reports.find(({ count }) => count === 2)
      expect(again?.firstHeardAt).toBe(first?.receivedAt)
      expect(Date.parse(again?.receivedAt ?? '')).toBeGreaterThan(Date.UTC(2020, 0, 1))

      await pool.query(`update ${table} set expires_at = now() - interval '1 s' where key like '%/b'`)
      await store.report([sampleReport(namespace, { count: 3 })], never)
      expect((await store.reports({ namespace }, never)).reports.map(({ count }) => count)).toEqual([3])
    })

    test('docs/operations.md shows the SQL that creates the table', () => {
      const text = readFileSync(`${root}/docs/operations.md`, 'utf8')
      expect(text).toContain(`\`\`\`sql\n${postgresTable()}\n\`\`\`\n`)
    })

    describe('a PostgreSQL that cannot keep the promise', () => {
      test('without fsync is refused, or says `may-lose`', async () => {
        const careless = await postgresServer(['fsync=off'])
        try {
          await careless.start()
          const latest = (store: Store): Promise<unknown> => store.latest({ namespace }, never)
          await expect(latest(postgres(careless.pool(), settings))).rejects.toMatchObject({
            code: 'unsupported',
            message: expect.stringContaining('fsync is off'),
          })
          const store = postgres(careless.pool(), { ...settings, durability: 'may-lose' })
          expect(await latest(store)).toEqual({ type: 'none' })
          expect(store.durability).toBe('may-lose')
        } finally {
          await careless.close()
        }
      }, 120_000)

      test('without the table, or without the right to write, says what to do', async () => {
        const table = freshTable()
        const pool = server.pool()
        await expect(postgres(pool, { table }).latest({ namespace }, never)).rejects.toMatchObject({
          code: 'forbidden',
          message: expect.stringContaining('postgresTable()'),
        })
        await pool.query(postgresTable(table))
        await pool.query(`create role reader_${table} login; grant select on ${table} to reader_${table}`)
        const reader = postgres(server.pool({ user: `reader_${table}`, database: 'postgres' }), { table })
        const sample = sampleLog(namespace).next()
        await expect(reader.put({ namespace, ...sample.snapshot }, never)).rejects.toMatchObject({
          code: 'unauthorized',
        })
        await publishTo(postgres(pool, { table }), sample, never)
        expect(await reader.latest({ namespace }, never)).toMatchObject({ type: 'release' })
        const { at, bytes } = sampleAfter(namespace, sample, { document: sample.document })
        await expect(reader.append({ namespace, at, bytes }, never)).rejects.toMatchObject({
          code: 'unauthorized',
        })
      })

      test('a name that is no table, and a client that is none, are refused at once', () => {
        expect(() => postgres(server.pool(), { table: 'x; drop table y' })).toThrow(/`table` must be/)
        expect(() => postgres({} as PostgresClient)).toThrow(/postgres\(\) needs a client/)
      })
    })

    /** Fails unless a watch brings what is published beside it. */
    async function expectFollows(store: Store & WatchTransport): Promise<void> {
      const log = sampleLog(namespace)
      const samples = [log.next(), log.next(), log.next()]
      const controller = new AbortController()
      let seen = 0
      await publishTo(store, samples[0]!, never)
      for await (const delivery of store.watch(
        { namespaces: [namespace], inline: false },
        controller.signal,
      )) {
        if (delivery.type !== 'release') continue
        expect(Buffer.compare(delivery.bytes, samples[seen]!.bytes)).toBe(0)
        seen += 1
        if (seen < samples.length) await publishTo(store, samples[seen]!, never)
        else controller.abort()
      }
      expect(seen).toBe(samples.length)
    }
  },
)
