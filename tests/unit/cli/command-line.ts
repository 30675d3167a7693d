import { createHash } from 'node:crypto'
import { mkdtemp, readdir, readFile, realpath, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import { run } from '../../../src/cli/run.js'
import type { Fetch, System } from '../../../src/contracts/system.js'

export interface Ran {
  readonly status: number
  readonly stdout: string
  readonly stderr: string
  /** What `--json` says of a failure. */
  readonly error:
    | {
        readonly code: string
        readonly message: string
        readonly issues?: readonly { readonly path: string; readonly message: string }[]
      }
    | undefined
}

export interface RunOptions {
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  readonly stdin?: string
  readonly terminal?: boolean
  readonly signal?: AbortSignal
  /** How wide the terminal is. */
  readonly columns?: number
  readonly system?: Partial<System>
  readonly fetch?: Fetch
  /** Called with each piece of stderr as it is written. */
  readonly onAside?: (text: string) => void
  /** Called with each piece of stdout as it is written. */
  readonly onData?: (text: string) => void
}

/** Runs the command line in this process, as a process of its own would run it. */
export async function commandLine(args: readonly string[], options: RunOptions): Promise<Ran> {
  const {
    cwd,
    env = {},
    stdin = '',
    terminal = false,
    signal = new AbortController().signal,
    onData,
    onAside,
    columns,
    system,
    fetch,
  } = options
  const out: Buffer[] = []
  const aside: string[] = []
  async function* input(): AsyncGenerator<Uint8Array> {
    yield Buffer.from(stdin)
  }
  const status = await run(args, {
    stdout: {
      isTTY: terminal,
      write(chunk) {
        out.push(Buffer.from(chunk as Uint8Array))
        onData?.(Buffer.from(chunk as Uint8Array).toString())
      },
    },
    stderr: {
      isTTY: terminal,
      ...(columns !== undefined && { columns }),
      write(chunk) {
        aside.push(String(chunk))
        onAside?.(String(chunk))
      },
    },
    stdin: input(),
    env,
    cwd,
    signal,
    ...(system !== undefined && { system }),
    ...(fetch !== undefined && { fetch }),
  })
  const stderr = aside.join('')
  const line = stderr.split('\n').find(text => text.startsWith('{"error":'))
  return {
    status,
    stdout: Buffer.concat(out).toString(),
    stderr,
    error: line === undefined ? undefined : JSON.parse(line).error,
  }
}

/** An empty folder that goes away with the test. */
export async function temporaryFolder(): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'noticeboard-cli-')))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

/** A hash over the name and the content of every file below a folder. */
export async function hashFolder(folder: string): Promise<string> {
  const hash = createHash('sha256')
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  const files = entries.filter(entry => entry.isFile()).map(entry => join(entry.parentPath, entry.name))
  for (const file of files.sort())
    hash.update(`${file}\0`).update(
      createHash('sha256')
        .update(await readFile(file))
        .digest(),
    )
  return hash.digest('hex')
}
