import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { NoticeboardError } from '../../contracts/errors.js'
import { memoryBytes, processorMs } from './process-usage.js'

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
 * Starts `noticeboard serve` on an empty folder, on a free port of this machine. `cli` is the file
 * of the command line. Throws `unsupported` where the system does not tell what a process uses, and
 * `unavailable` where it does not start.
 */
export async function startServer(cli: string): Promise<ServerProcess> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-compare-'))
  const child = spawn(
    process.execPath,
    [cli, 'serve', '--board', folder, '--create', '--port', '0', '--json', '--no-controller'],
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
