import { mkdtemp, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileStore, type FileStore } from '../../../../src/node/board/file-store.js'
import { serve, type Server } from '../../../../src/server/index.js'
import {
  storeCases,
  transportCases,
  type OpenedStore,
  type OpenedTransport,
} from '../../../../src/testing/conformance/index.js'
import { publishTo } from '../../../../src/testing/conformance/store-steps.js'
import { http, httpStore } from '../../../../src/transports/http/index.js'
import { memory } from '../../../../src/transports/memory.js'
import { PATIENT, runCases } from '../../../support/run-cases.js'
import { tcpProxy } from '../../../support/tcp-proxy.js'

const token = 'conformance-token'
const never = new AbortController().signal

async function openStore(): Promise<OpenedStore> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-kit-'))
  const running: { readonly store: FileStore; readonly server: Server }[] = []
  const start = async (): Promise<number> => {
    const store = fileStore(folder, { pollIntervalMs: 50 })
    const server = await serve(store, { write: { token } })
    running.push({ store, server })
    return server.port
  }
  let port = await start()
  const proxy = await tcpProxy(() => port)
  const url = `http://127.0.0.1:${proxy.port}`
  const snapshot = (namespace: string, digest: string): string =>
    join(folder, 'public/v1', namespace, `snapshots/${digest}.json`)
  return {
    store: httpStore(url, { token }),
    // Another server on the same folder, as another publisher may be told its address.
    another: async () => httpStore(`http://127.0.0.1:${await start()}`, { token }),
    stranger: async () => httpStore(url, { token: 'another-token' }),
    async reopen() {
      port = await start()
      await proxy.cut()
      await proxy.heal()
      return httpStore(url, { token })
    },
    damage: ({ namespace, digest }) => writeFile(snapshot(namespace, digest), '{'),
    age: ({ namespace, digest }) => utimes(snapshot(namespace, digest), 1, 1),
    async cut() {
      await proxy.cut()
      return { heal: proxy.heal }
    },
    async freeze() {
      proxy.freeze()
      return { thaw: async () => proxy.thaw() }
    },
    async close() {
      await proxy.close()
      for (const { store, server } of running) {
        await server.close({ drainMs: 0, graceMs: 0 })
        await store.close()
      }
      await rm(folder, { recursive: true, force: true })
    },
  }
}

runCases(
  'httpStore(), over serve(fileStore())',
  storeCases(openStore, {
    ...PATIENT,
    without: {
      silence: 'tried below, with a server that sends heartbeats quickly',
      remove: 'retention is the business of who owns the board',
      marks: 'the server sends none of its own yet',
    },
  }),
)

async function openReader(): Promise<OpenedTransport> {
  const store = memory()
  const server = await serve(store, { heartbeatMs: 200 })
  const proxy = await tcpProxy(() => server.port)
  return {
    transport: http(`http://127.0.0.1:${proxy.port}`),
    publish: sample => publishTo(store, sample, never),
    heard: query => store.reports(query, never),
    silence: async () => proxy.stall(),
    async cut() {
      await proxy.cut()
      return { heal: proxy.heal }
    },
    async freeze() {
      proxy.freeze()
      return { thaw: async () => proxy.thaw() }
    },
    async close() {
      await proxy.close()
      await server.close({ drainMs: 0, graceMs: 0 })
    },
  }
}

runCases(
  'http() that reads, over serve(memory())',
  transportCases(openReader, { ...PATIENT, without: { marks: 'the server sends none of its own yet' } }),
)
