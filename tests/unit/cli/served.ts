import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { System } from '../../../src/contracts/system.js'
import { commandLine, type Ran } from './command-line.js'

export const NAMESPACE = 'checkout/prod'

/** The command line of somebody who runs a server from elsewhere. */
export interface Operator {
  readonly url: string
  /** Runs a command against it, with its token. */
  noticeboard(...args: readonly string[]): Promise<Ran>
  /** Publishes `{ pool }` to everyone. */
  publish(pool: number): Promise<Ran>
}

/** Who works in a folder at a server whose token is in a file. */
export async function operatorOf({
  cwd,
  url,
  tokenFile,
}: {
  readonly cwd: string
  readonly url: string
  readonly tokenFile: string
}): Promise<Operator> {
  const env = { NOTICEBOARD_URL: url, NOTICEBOARD_TOKEN: (await readFile(tokenFile, 'utf8')).trim() }
  const noticeboard = (...args: readonly string[]): Promise<Ran> => commandLine(args, { cwd, env })
  return {
    url,
    noticeboard,
    async publish(pool) {
      await writeFile(join(cwd, 'service.json'), JSON.stringify({ pool }))
      return noticeboard('publish', 'service.json', '-n', NAMESPACE, '--everyone', '--reason', 'a test')
    },
  }
}

/** A board that the command line serves, and its operator. */
export interface Served extends Operator {
  /** What the server wrote to its log until now. */
  readonly log: string
}

/**
 * Serves a board with `noticeboard serve`, in this process, from a new folder unless there is one.
 */
export async function served({
  cwd,
  board = join(cwd, 'board'),
  options = [],
  system,
}: {
  readonly cwd: string
  readonly board?: string
  readonly options?: readonly string[]
  /** The server's own clock and chance. */
  readonly system?: Partial<System>
}): Promise<Served> {
  const stopping = new AbortController()
  let log = ''
  const { url, ended } = await new Promise<{ readonly url: string; readonly ended: Promise<Ran> }>(
    (resolve, reject) => {
      const ended = commandLine(
        ['serve', '--create', '--board', board, '--port', '0', '--json', ...options],
        {
          cwd,
          signal: stopping.signal,
          ...(system !== undefined && { system }),
          onAside: text => (log += text),
          onData: text => resolve({ url: (JSON.parse(text) as { url: string }).url, ended }),
        },
      )
      void ended.then(({ stderr }) => reject(new Error(stderr)))
    },
  )
  onTestFinished(async () => {
    stopping.abort()
    await ended
  })
  const operator = await operatorOf({ cwd, url, tokenFile: join(board, 'private/token') })
  return {
    ...operator,
    get log() {
      return log
    },
  }
}
