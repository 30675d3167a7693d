import { open as openFile } from 'node:fs'
import { constants, open, stat } from 'node:fs/promises'
import { Socket } from 'node:net'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { abortable, onAbort } from '../async/signals.js'
import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import { decodeText } from '../core/json/strict-parse.js'
import { MAX_SNAPSHOT_BYTES } from '../core/limits.js'
import { usageError } from './exit.js'
import type { Io } from './io.js'

/** Files that a command line names, each read once. */
export interface Inputs {
  /**
   * The bytes of a file, or of standard input by any of its names; `what` says what they are for.
   * Throws what the disk says, `too-large`, the signal's reason, and a usage error where standard
   * input is for something else already.
   */
  read(path: string, what: string): Promise<Uint8Array>
}

/** The longest input, in bytes. */
const MOST_BYTES = 4 * MAX_SNAPSHOT_BYTES

/** Standard input, by all of its names. */
const STDIN: ReadonlySet<string> = new Set(['-', '/dev/stdin', '/dev/fd/0', '/proc/self/fd/0'])

/**
 * Whether a name in a command line is that of standard input.
 *
 * ```ts
 * if (isStdin(name)) throw usageError(`${name} gives its text once`)
 * ```
 */
export function isStdin(name: string): boolean {
  return STDIN.has(name)
}

/**
 * The path that a command line names: relative to its folder, and standard input as it is.
 *
 * ```ts
 * const bytes = await inputs.read(inputPath(io, '-'), 'the token file')
 * ```
 */
export function inputPath({ cwd }: Pick<Io, 'cwd'>, name: string): string {
  return isStdin(name) ? name : resolve(cwd, name)
}

/**
 * Reads files once each, however often they are asked for: what a shell passes in place of a file,
 * such as `<(vault read …)`, gives its text once.
 *
 * ```ts
 * const inputs = createInputs(io)
 * const token = decodeText(await inputs.read('/dev/fd/63', 'the token file'), 'the token file')
 * ```
 */
export function createInputs({ stdin, signal, doing }: Pick<Io, 'stdin' | 'signal' | 'doing'>): Inputs {
  const known = new Map<string, Promise<Uint8Array>>()
  let given: string | undefined
  const readStdin = (what: string): Promise<Uint8Array> => abortable(gather(stdin, what), signal)
  return {
    async read(name, what) {
      const path = isStdin(name) ? '-' : name
      if (path === '-') {
        // The same text for two of them would publish a token.
        if (given !== undefined && given !== what)
          throw usageError(
            `standard input is already ${given} and cannot be ${what} as well; pass one of them by a file`,
          )
        given = what
      }
      const earlier = known.get(path)
      if (earlier !== undefined) return earlier
      doing?.(`reading ${what} from ${path === '-' ? 'standard input' : path}`, 'input')
      const bytes = path === '-' ? readStdin('stdin') : readWhole(path, signal)
      known.set(path, bytes)
      return bytes
    },
  }
}

/**
 * The text of a file; `what` says what it is for. Throws `not-found` where it cannot be read.
 *
 * ```ts
 * const token = await readText(inputs, path, 'the token file')
 * ```
 */
export async function readText(inputs: Inputs, path: string, what: string): Promise<string> {
  try {
    return decodeText(await inputs.read(path, what), `${what} ${path}`)
  } catch (error) {
    if (isNoticeboardError(error)) throw error
    throw new NoticeboardError('not-found', `${what} ${path} cannot be read`, { cause: error })
  }
}

async function readWhole(path: string, signal: AbortSignal): Promise<Uint8Array> {
  if ((await stat(path)).isFIFO()) return readFifo(path, signal)
  const file = await open(path)
  try {
    return await gather(file.createReadStream({ autoClose: false }), path)
  } finally {
    await file.close()
  }
}

/**
 * Reads a named pipe to its end. A plain `open` would wait for a writer on a thread that nothing
 * can interrupt, and that the process would wait for at its end.
 */
async function readFifo(path: string, signal: AbortSignal): Promise<Uint8Array> {
  const fd = await promisify(openFile)(path, constants.O_RDONLY | constants.O_NONBLOCK)
  const pipe = new Socket({ fd, readable: true, writable: false })
  const forget = onAbort(signal, () => pipe.destroy(signal.reason as Error))
  try {
    return await gather(pipe, path)
  } finally {
    forget()
    pipe.destroy()
  }
}

/**
 * All that a stream brings. Throws `too-large` past the longest input there may be.
 */
async function gather(stream: AsyncIterable<Uint8Array>, what: string): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of stream) {
    length += chunk.length
    if (length > MOST_BYTES)
      throw new NoticeboardError('too-large', `${what} holds more than ${MOST_BYTES} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
