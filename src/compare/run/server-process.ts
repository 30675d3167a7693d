import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync, readdirSync } from 'node:fs'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { NoticeboardError } from '../../contracts/errors.js'

/** A server of its own, whose use of the machine is read from outside. */
export interface ServerProcess extends AsyncDisposable {
  readonly url: string
  readonly token: string
  /** The processor time that it has used until now, all threads, in milliseconds. */
  processorMs(): number
  /** The memory that it holds, in bytes. */
  memoryBytes(): number
}

/**
 * Starts `noticeboard serve` on an empty folder, on a free port of this machine. `cli` is the file of the command
 * line. Throws `unsupported` where the system does not tell what a process uses, and `unavailable` where it does not
 * start.
 */
export async function startServer(cli: string): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-compare-'))
  const child = spawn(
    process.execPath,
    [cli, 'serve', '--board', folder, '--port', '0', '--json', '--no-controller'],
    { stdio: ['ignore', 'pipe', 'ignore'] },
  )
  const gone = once(child, 'exit')
  const end = async (): Promise<void> => {
    child.kill('SIGKILL')
    if (child.exitCode === null && child.signalCode === null) await gone
    await rm(folder, { recursive: true, force: true })
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
    const server = {
      url,
      token,
      processorMs: () => processorMs(pid),
      memoryBytes: () => memoryBytes(pid),
      [Symbol.asyncDispose]: end,
    }
    server.processorMs()
    return server
  } catch (error) {
    await end()
    throw error
  }
}

/** Nanoseconds from `/proc`, so that asking costs the process nothing. */
function processorMs(pid: number): number {
  return reading(() => {
    let nanoseconds = 0
    for (const task of readdirSync(`/proc/${pid}/task`))
      nanoseconds += Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, 'utf8').split(' ', 1)[0])
    return nanoseconds / 1e6
  })
}

function memoryBytes(pid: number): number {
  return reading(() => {
    const [, kilobytes] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
    return Number(kilobytes) * 1_024
  })
}

function reading(read: () => number): number {
  try {
    return read()
  } catch (cause) {
    throw new NoticeboardError(
      'unsupported',
      'this system does not tell what a process uses: it takes Linux with /proc and scheduler statistics',
      { cause },
    )
  }
}
