import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { holdPort } from '../held-port.js'
import { copyFolder } from './copy-folder.js'
import { freezeProcesses, startServer, type ServerProcess } from './server-process.js'

/** A real etcd on ports and a folder of its own. */
export interface EtcdServer {
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
  /** Calls the gateway directly. */
  call(path: string, message: unknown): Promise<unknown>
  close(): Promise<void>
}

export async function etcdServer(): Promise<EtcdServer> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-etcd-'))
  const [client, peer] = [await holdPort(), await holdPort()]
  const [url, peerUrl] = [`http://127.0.0.1:${client.port}`, `http://127.0.0.1:${peer.port}`]
  let running: ServerProcess | undefined

  const call = async (path: string, message: unknown): Promise<unknown> => {
    const response = await fetch(`${url}/v3/${path}`, { method: 'POST', body: JSON.stringify(message) })
    const answer: unknown = await response.json()
    if (!response.ok) throw new Error(JSON.stringify(answer))
    return answer
  }
  const server: EtcdServer = {
    url,
    call,
    async start() {
      const urls = [
        '--listen-client-urls',
        url,
        '--advertise-client-urls',
        url,
        '--listen-peer-urls',
        peerUrl,
        '--initial-advertise-peer-urls',
        peerUrl,
      ]
      const own = [
        '--data-dir',
        join(folder, 'data'),
        '--initial-cluster',
        `default=${peerUrl}`,
        '--logger',
        'zap',
        '--log-level',
        'error',
      ]
      // An election among one takes as long as the timeout.
      const quick = ['--heartbeat-interval', '10', '--election-timeout', '100']
      running = await startServer('etcd', [...urls, ...own, ...quick], async () => {
        await call('kv/range', { key: 'YQ==' })
        return true
      })
    },
    freeze: async () => freezeProcesses(running === undefined ? [] : [running.pid]),
    async kill() {
      await running?.kill()
      running = undefined
    },
    wipe: () => rm(join(folder, 'data'), { recursive: true, force: true }),
    copy: () => copyFolder(join(folder, 'data')),
    async close() {
      await server.kill()
      await Promise.all([client.release(), peer.release()])
      await rm(folder, { recursive: true, force: true })
    },
  }
  return server
}
