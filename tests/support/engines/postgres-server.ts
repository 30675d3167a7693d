import { spawnSync } from 'node:child_process'
import { chmodSync, chownSync, cpSync, existsSync, readFileSync, readdirSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { holdPort } from '../held-port.js'
import { copyFolder } from './copy-folder.js'
import { freezeProcesses, startServer, type ServerProcess } from './server-process.js'

/** A real PostgreSQL on a port and a folder of its own. */
export interface PostgresServer {
  readonly port: number
  start(): Promise<void>
  /** kill -9, of all its processes. */
  kill(): Promise<void>
  /** Lets all of them go silent, with every connection as it is. */
  freeze(): Promise<{ thaw(): Promise<void> }>
  /** Forgets everything; to be called while it does not run. */
  wipe(): Promise<void>
  /** Copies what it holds, while it does not run; returns what puts it back. */
  copy(): Promise<() => Promise<void>>
  /** A pool, ended with the server. */
  pool(options?: pg.PoolConfig): pg.Pool
  close(): Promise<void>
}

/** A pooler before a server, in transaction mode. */
export interface Pooler {
  readonly port: number
  close(): Promise<void>
}

/** Where Debian keeps the programs of the newest version; undefined where there is none. */
function binaries(): string | undefined {
  const root = '/usr/lib/postgresql'
  const [newest] = existsSync(root) ? readdirSync(root).sort((a, b) => Number(b) - Number(a)) : []
  return newest === undefined ? undefined : join(root, newest, 'bin')
}

/** Debian keeps the pooler where the path of a user does not lead. */
const POOLER = '/usr/sbin/pgbouncer'

/**
 * Why tests with a real PostgreSQL cannot run. Where nothing may be skipped, a missing program is a
 * failure that says what to install.
 */
export function missingPostgres(): string | undefined {
  const missing = [
    ...(binaries() === undefined ? ['postgresql'] : []),
    ...(existsSync(POOLER) ? [] : ['pgbouncer']),
  ]
  if (missing.length === 0) return undefined
  const how = `PostgreSQL or its pooler is not installed: apt-get install ${missing.join(' ')}`
  if (process.env['NOTICEBOARD_NO_SKIP'] === '1') throw new Error(how)
  process.stderr.write(`skipped: ${how}\n`)
  return how
}

/** Neither program runs as root, so then they run as `nobody`. */
const as: { readonly uid?: number; readonly gid?: number } =
  process.getuid?.() === 0 ? { uid: 65_534, gid: 65_534 } : {}

export async function postgresServer(settings: readonly string[] = []): Promise<PostgresServer> {
  const folder = await ownFolder()
  const { port, release } = await holdPort()
  const bin = binaries() ?? ''
  const pools: pg.Pool[] = []
  let running: ServerProcess | undefined

  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', join(folder, 'empty'), '-U', 'postgres', '-A', 'trust', '-N'],
    as,
  )
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr?.toString()}`)

  const server: PostgresServer = {
    port,
    async start() {
      const data = join(folder, 'data')
      if (!existsSync(data)) {
        cpSync(join(folder, 'empty'), data, { recursive: true, mode: 0 })
        // A copy has the modes of new folders, and PostgreSQL starts in no folder that others may
        // read.
        chmodSync(data, 0o700)
        chownAll(data)
      }
      const own = ['-D', data, '-p', String(port), '-c', 'listen_addresses=127.0.0.1']
      const quiet = ['-c', 'unix_socket_directories=', '-c', 'log_min_messages=fatal']
      running = await startServer(
        join(bin, 'postgres'),
        [...own, ...quiet, ...settings.flatMap(setting => ['-c', setting])],
        async () => {
          const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres' })
          client.on('error', () => {})
          try {
            await client.connect()
            await client.query('select 1')
            return true
          } finally {
            await client.end().catch(() => {})
          }
        },
        as,
      )
    },
    freeze: async () =>
      freezeProcesses(running === undefined ? [] : [running.pid, ...childrenOf(running.pid)]),
    async kill() {
      if (running === undefined) return
      const children = childrenOf(running.pid)
      await running.kill()
      running = undefined
      for (const pid of children) endNow(pid)
      // They hold on to the memory that the next server wants for itself.
      while (children.some(pid => isRunning(pid))) await new Promise(resolve => setTimeout(resolve, 5))
    },
    wipe: () => rm(join(folder, 'data'), { recursive: true, force: true }),
    copy: () => copyFolder(join(folder, 'data')),
    pool(options = {}) {
      const pool = new pg.Pool({ host: '127.0.0.1', port, user: 'postgres', max: 4, ...options })
      // Without a listener a lost connection ends the process.
      pool.on('error', () => {})
      pools.push(pool)
      return pool
    },
    async close() {
      await Promise.all(pools.filter(pool => !pool.ended).map(pool => pool.end()))
      await server.kill()
      await release()
      await rm(folder, { recursive: true, force: true })
    },
  }
  return server
}

export async function transactionPooler(target: number): Promise<Pooler> {
  const folder = await ownFolder()
  const { port, release } = await holdPort()
  const file = join(folder, 'pgbouncer.ini')
  await writeFile(
    file,
    `[databases]
* = host=127.0.0.1 port=${target} user=postgres
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
ignore_startup_parameters = extra_float_digits
`,
  )
  const running = await startServer(
    POOLER,
    [file],
    async () => {
      const client = new pg.Client({ host: '127.0.0.1', port, user: 'postgres', database: 'postgres' })
      client.on('error', () => {})
      try {
        await client.connect()
        await client.query('select 1')
        return true
      } finally {
        await client.end().catch(() => {})
      }
    },
    as,
  )
  return {
    port,
    async close() {
      await running.kill()
      await release()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function ownFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-postgres-'))
  chownAll(folder)
  return folder
}

function chownAll(path: string): void {
  const { uid, gid } = as
  if (uid === undefined || gid === undefined) return
  chownSync(path, uid, gid)
  for (const name of readdirSync(path, { recursive: true })) chownSync(join(path, String(name)), uid, gid)
}

function childrenOf(pid: number): readonly number[] {
  try {
    return readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
      .trim()
      .split(' ')
      .filter(Boolean)
      .map(Number)
  } catch {
    // It is gone already.
    return []
  }
}

function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It is gone already, which is what is wanted.
  }
}

function isRunning(pid: number): boolean {
  return existsSync(`/proc/${pid}`) && !/^State:\s+Z/m.test(readStatus(pid))
}

function readStatus(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/status`, 'utf8')
  } catch {
    // Gone between the two looks.
    return 'State: Z'
  }
}
