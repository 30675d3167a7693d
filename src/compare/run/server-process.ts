import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { NoticeboardError } from '../../contracts/errors.js'
import { endProcess } from './end-process.js'
import { memoryBytes, processorMs } from './process-usage.js'

/** A server of its own, whose use of the machine is read from outside. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string
  readonly token: string
  /** All of its processes. */
  readonly pids: readonly number[]
  /**
   * The processor time that it has used until now, all processes and threads, in milliseconds.
   */
  processorMs(this: void): number
  /** The same of the process that shares connections out; of all where one process does it all. */
  sharingMs(this: void): number
  /** The memory that all of its processes hold, in bytes. */
  memoryBytes(this: void): number
}

/** How a server is started. */
export interface ServerOptions {
  /** How many workers share the connections. Default: one process does it all. */
  readonly workers?: number
  /** The folder of its board, which outlives it. Default: one that ends with it. */
  readonly folder?: string
  /** Default: a free one. */
  readonly port?: number
  readonly heartbeatMs?: number
}

/**
 * Starts `noticeboard serve` on an empty folder, on a free port of this machine, unless options say
 * otherwise. `cli` is the file of the command line. Throws `unsupported` where the system does not
 * tell what a process uses, and `unavailable` where it does not start.
 */
export async function startServer(cli: string, options: ServerOptions = {}): Promise<ServerProcess> {
  const { workers, port = 0, heartbeatMs } = options
  const folder = options.folder ?? (await mkdtemp(join(tmpdir(), 'noticeboard-compare-')))
  const child = spawn(
    process.execPath,
    [
      ...[cli, 'serve', '--board', folder, '--create', '--port', String(port), '--json', '--no-controller'],
      ...(workers === undefined ? [] : ['--workers', String(workers)]),
      ...(heartbeatMs === undefined ? [] : ['--heartbeat-ms', String(heartbeatMs)]),
    ],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const gone = once(child, 'exit')
  let members: readonly number[] = []
  const end = async (): Promise<void> => {
    child.kill('SIGKILL')
    // They end with it, but not at once.
    for (const member of members) endProcess(member)
    if (child.exitCode === null && child.signalCode === null) await gone
    if (options.folder === undefined) await rm(folder, { recursive: true, force: true })
  }
  try {
    const lines = createInterface({ input: child.stdout })
    const first = await new Promise<string>((resolve, reject) => {
      lines.once('line', resolve)
      lines.once('close', () =>
        reject(new NoticeboardError('unavailable', 'the server that was to be measured did not start')),
      )
    })
    const { url, tokenFile } = JSON.parse(first) as { readonly url: string; readonly tokenFile: string }
    const token = (await readFile(tokenFile, 'utf8')).trim()
    const pid = child.pid ?? 0
    if (workers !== undefined) members = await childrenOf(pid)
    const sumOf = (of: (pid: number) => number) => (): number =>
      [pid, ...members].reduce((sum, one) => sum + of(one), 0)
    const server = {
      url,
      token,
      pids: [pid, ...members],
      processorMs: sumOf(processorMs),
      sharingMs: () => processorMs(pid),
      memoryBytes: sumOf(memoryBytes),
      [Symbol.asyncDispose]: end,
    }
    server.processorMs()
    return server
  } catch (error) {
    await end()
    throw error
  }
}

/** The processes that a process has started. */
async function childrenOf(pid: number): Promise<readonly number[]> {
  const tasks = await readdir(`/proc/${pid}/task`)
  const texts = await Promise.all(tasks.map(task => readFile(`/proc/${pid}/task/${task}/children`, 'utf8')))
  return texts.flatMap(text => text.split(' ').filter(Boolean).map(Number))
}
