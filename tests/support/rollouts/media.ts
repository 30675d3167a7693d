import { chmod, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { ReportTransport, Transport } from '../../../src/contracts/transport.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { configMapMirror, mountedBoard } from '../../../src/node/index.js'
import { serve, type ServeOptions } from '../../../src/server/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { pull, push } from '../../../src/strategies/index.js'
import { systemHasher } from '../../../src/system/system.js'
import { etcd, etcdGateway } from '../../../src/transports/etcd/index.js'
import { http, httpStore } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { postgres } from '../../../src/transports/postgres/index.js'
import { redis } from '../../../src/transports/redis/index.js'
import { etcdServer } from '../engines/etcd-server.js'
import { freshName } from '../engines/fresh-name.js'
import { postgresServer } from '../engines/postgres-server.js'
import { redisServer } from '../engines/redis-server.js'
import { fakeKubelet, mountPoint } from '../kubelet.js'
import { serveFolder } from './serve-folder.js'
import type { Medium } from './same-rollout.js'

/** A medium, and whatever runs behind it. */
export interface OpenMedium extends Medium, AsyncDisposable {}

const TOKEN = 'a-token-for-writing'
const quick = { backoff: { baseMs: 50, capMs: 500 } }

/** A store in this process, in virtual time. */
export async function overMemory(): Promise<OpenMedium & { readonly clock: VirtualClock }> {
  const clock = virtualClock()
  const store = memory({ system: { clock, random: seededRandom(7), hasher: systemHasher } })
  return {
    store,
    clock,
    strategy: ({ pollIntervalMs }) => push(store, { ...quick, pollIntervalMs }),
    [Symbol.asyncDispose]: async () => {},
  }
}

/**
 * A folder behind `serve()`, whose own controller moves rollouts on; clients and publishers speak
 * HTTP.
 */
export async function overFilesAndHttp(): Promise<OpenMedium> {
  const { server, close } = await servedFolder()
  return {
    store: httpStore(server.url, { token: TOKEN }),
    hasController: true,
    strategy: ({ pollIntervalMs }) => push(http(server.url), { ...quick, pollIntervalMs }),
    [Symbol.asyncDispose]: close,
  }
}

/** A folder that any web server serves, read-only; reports go to `serve()` over the same folder. */
export async function overStaticFiles(): Promise<OpenMedium> {
  const { server, folder, close } = await servedFolder()
  const files = await serveFolder(join(folder, 'public'))
  const transport: Transport & ReportTransport = {
    ...http(files.url),
    report: (states, signal) => http(server.url).report(states, signal),
  }
  return {
    store: httpStore(server.url, { token: TOKEN }),
    hasController: true,
    strategy: ({ pollIntervalMs }) => pull(transport, { ...quick, pollIntervalMs }),
    async [Symbol.asyncDispose]() {
      await files[Symbol.asyncDispose]()
      await close()
    },
  }
}

/**
 * One ConfigMap, mounted into every pod: a controller beside the server has each step applied, and
 * the kubelet swaps the volume. Reports go to the server.
 */
export async function overConfigMap(): Promise<OpenMedium> {
  const { server, folder, close } = await servedFolder({ controller: false })
  const mount = await mountPoint(folder)
  const kubelet = fakeKubelet(mount)
  await kubelet.write({})
  const mirror = configMapMirror(({ data }) => kubelet.write(data))
  const transport: Transport & ReportTransport = {
    ...mountedBoard(mount, { pollIntervalMs: 50 }),
    report: (states, signal) => http(server.url).report(states, signal),
  }
  return {
    store: httpStore(server.url, { token: TOKEN }),
    mirrors: [mirror],
    strategy: ({ pollIntervalMs }) => pull(transport, { ...quick, pollIntervalMs }),
    [Symbol.asyncDispose]: close,
  }
}

/** A real etcd. */
export async function overEtcd(): Promise<OpenMedium> {
  const server = await etcdServer()
  await server.start()
  const store = etcd(etcdGateway({ url: server.url }), { prefix: `${freshName('rollout')}/` })
  return {
    store,
    strategy: ({ pollIntervalMs }) => push(store, { ...quick, pollIntervalMs }),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** A real Redis. */
export async function overRedis(): Promise<OpenMedium> {
  const server = await redisServer()
  await server.start()
  const store = redis(await server.client(), { prefix: `${freshName('rollout')}:` })
  return {
    store,
    strategy: ({ pollIntervalMs }) => push(store, { ...quick, pollIntervalMs }),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

/** A real PostgreSQL. */
export async function overPostgres(): Promise<OpenMedium> {
  const server = await postgresServer()
  await server.start()
  const store = postgres(server.pool(), { createTable: true, table: freshName('rollout') })
  return {
    store,
    strategy: ({ pollIntervalMs }) => push(store, { ...quick, pollIntervalMs }),
    [Symbol.asyncDispose]: () => server.close(),
  }
}

async function servedFolder(
  { controller }: Pick<ServeOptions, 'controller'> = { controller: { lookMs: 200 } },
) {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-rollout-'))
  await chmod(folder, 0o755)
  const store = fileStore(folder)
  const server = await serve(store, { write: { token: TOKEN }, controller })
  return {
    folder,
    server,
    async close() {
      await server.close({ drainMs: 0, graceMs: 0 })
      await store.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
