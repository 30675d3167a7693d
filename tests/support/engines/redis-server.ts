import { createClient } from '@redis/client'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { RedisClient } from '../../../src/transports/redis/index.js'
import { holdPort } from '../held-port.js'
import { copyFolder } from './copy-folder.js'
import { freezeProcesses, startServer, type ServerProcess } from './server-process.js'

export type TestClient = ReturnType<typeof connectedClient> extends Promise<infer Client> ? Client : never

/** A real Redis on a port and a folder of its own. */
export interface RedisServer {
  readonly url: string
  start(): Promise<void>
  /** kill -9. */
  kill(): Promise<void>
  /** Lets it go silent, with every connection as it is. */
  freeze(): Promise<{ thaw(): Promise<void> }>
  /** Forgets everything; to be called while it does not run. */
  wipe(): Promise<void>
  /** Copies what it holds, while it does not run; returns what puts it back. */
  copy(): Promise<() => Promise<void>>
  /** A connected client, closed with the server. */
  client(options?: { readonly username?: string; readonly password?: string }): Promise<TestClient>
  close(): Promise<void>
}

/** Settings under which an acknowledged write survives. */
const durable = ['--appendonly', 'yes', '--appendfsync', 'always', '--save', '']

export async function redisServer(settings: readonly string[] = durable): Promise<RedisServer> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-redis-'))
  const { port, release } = await holdPort()
  const url = `redis://127.0.0.1:${port}`
  const clients: { destroy(): void; readonly isOpen: boolean }[] = []
  let running: ServerProcess | undefined

  const server: RedisServer = {
    url,
    async start() {
      running = await startServer(
        'redis-server',
        ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, ...settings],
        async () => {
          const client = createClient({ url, socket: { reconnectStrategy: false } })
          client.on('error', () => {})
          await client.connect()
          try {
            return (await client.ping()) === 'PONG'
          } finally {
            client.destroy()
          }
        },
      )
    },
    freeze: async () => freezeProcesses(running === undefined ? [] : [running.pid]),
    async kill() {
      await running?.kill()
      running = undefined
    },
    async wipe() {
      await rm(folder, { recursive: true, force: true })
      const { mkdir } = await import('node:fs/promises')
      await mkdir(folder)
    },
    copy: () => copyFolder(folder),
    async client(options = {}) {
      const client = await connectedClient(url, options)
      clients.push(client)
      return client
    },
    async close() {
      for (const client of clients) if (client.isOpen) client.destroy()
      await server.kill()
      await release()
      await rm(folder, { recursive: true, force: true })
    },
  }
  return server
}

async function connectedClient(url: string, options: object) {
  const client = createClient({ url, ...options, socket: { reconnectStrategy: 20 } })
  // Without a listener a lost connection ends the process.
  client.on('error', () => {})
  await client.connect()
  const fits: RedisClient = client
  void fits
  return client
}
