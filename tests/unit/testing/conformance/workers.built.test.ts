import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll } from 'vitest'
import { startServer, type ServerProcess } from '../../../../src/compare/run/server-process.js'
import {
  storeCases,
  transportCases,
  type OpenedStore,
  type OpenedTransport,
} from '../../../../src/testing/conformance/index.js'
import { publishTo } from '../../../../src/testing/conformance/store-steps.js'
import { http, httpStore, type HttpStore } from '../../../../src/transports/http/index.js'
import { connectionTo } from '../../../support/connection-to.js'
import { PATIENT, runCases } from '../../../support/run-cases.js'
import { tcpProxy, type TcpProxy } from '../../../support/tcp-proxy.js'

/**
 * `noticeboard serve --workers 2`, where whatever is told to one worker is asked of the other:
 * publishes come to the first and streams are open at the second, reports come to the second and
 * the fleet is asked for at the first.
 */
const cli = fileURLToPath(new URL('../../../../dist/cli/main.js', import.meta.url))
const never = new AbortController().signal

/** All cases have one server, and each a namespace of its own. */
let folder: string
let server: ServerProcess

const start = (): Promise<ServerProcess> => startServer(cli, { workers: 2, folder, heartbeatMs: 200 })

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'noticeboard-kit-'))
  server = await start()
})

afterAll(async () => {
  await server[Symbol.asyncDispose]()
  await rm(folder, { recursive: true, force: true })
})

/** What leads to the first worker, and what leads to the second. */
interface Ways {
  readonly first: TcpProxy
  readonly second: TcpProxy
  cut(): Promise<void>
  heal(): Promise<void>
  freeze(): void
  thaw(): void
  close(): Promise<void>
}

async function openWays(): Promise<Ways> {
  const wayTo = (worker: 0 | 1): Promise<TcpProxy> =>
    tcpProxy(() => {
      const [, ...workers] = server.pids
      return connectionTo(workers[worker] ?? 0, { port: Number(new URL(server.url).port), pids: workers })
    })
  const [first, second] = await Promise.all([wayTo(0), wayTo(1)])
  const both = [first, second]
  const all = async (work: (way: TcpProxy) => Promise<void>): Promise<void> =>
    void (await Promise.all(both.map(work)))
  return {
    first,
    second,
    cut: () => all(way => way.cut()),
    heal: () => all(way => way.heal()),
    freeze: () => both.forEach(way => way.freeze()),
    thaw: () => both.forEach(way => way.thaw()),
    close: () => all(way => way.close()),
  }
}

const urlOf = ({ port }: TcpProxy): string => `http://127.0.0.1:${port}`

/**
 * What a process knows of a namespace may be a second old where another one wrote to it; so what is
 * read right after it was written is read where it was written.
 */
function storeOver({ first, second }: Ways, token = server.token): HttpStore {
  const { watch, report, delta } = httpStore(urlOf(second), { token })
  return { ...httpStore(urlOf(first), { token }), watch, report, delta }
}

async function openStore(): Promise<OpenedStore> {
  const ways = await openWays()
  const snapshot = (namespace: string, digest: string): string =>
    join(folder, 'public/v1', namespace, `snapshots/${digest}.json`)
  return {
    store: storeOver(ways),
    another: async () => httpStore(urlOf(ways.second), { token: server.token }),
    stranger: async () => storeOver(ways, 'another-token'),
    async reopen() {
      // All of its processes, with SIGKILL.
      await server[Symbol.asyncDispose]()
      server = await start()
      await ways.cut()
      await ways.heal()
      return storeOver(ways)
    },
    damage: ({ namespace, digest }) => writeFile(snapshot(namespace, digest), '{'),
    age: ({ namespace, digest }) => utimes(snapshot(namespace, digest), 1, 1),
    silence: async () => ways.second.stall(),
    async cut() {
      await ways.cut()
      return { heal: ways.heal }
    },
    async freeze() {
      ways.freeze()
      return { thaw: async () => ways.thaw() }
    },
    close: ways.close,
  }
}

runCases(
  'httpStore(), over noticeboard serve --workers 2',
  storeCases(openStore, {
    ...PATIENT,
    without: {
      remove: 'retention is the business of who owns the board',
      marks: 'the server sends none of its own yet',
    },
  }),
)

async function openReader(): Promise<OpenedTransport> {
  const ways = await openWays()
  const store = httpStore(urlOf(ways.first), { token: server.token })
  return {
    transport: http(urlOf(ways.second)),
    publish: sample => publishTo(store, sample, never),
    heard: query => store.reports(query, never),
    silence: async () => ways.second.stall(),
    async cut() {
      await ways.second.cut()
      return { heal: ways.second.heal }
    },
    async freeze() {
      ways.second.freeze()
      return { thaw: async () => ways.second.thaw() }
    },
    close: ways.close,
  }
}

runCases(
  'http() that reads at one worker what is published at the other',
  transportCases(openReader, { ...PATIENT, without: { marks: 'the server sends none of its own yet' } }),
)
