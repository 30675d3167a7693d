import { open } from 'node:fs/promises'
import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import { decodeText } from '../core/json/strict-parse.js'
import { MAX_SNAPSHOT_BYTES } from '../core/limits.js'

/** Files that a command line names, each read once. */
export interface Inputs {
  /** The bytes of a file. Throws what the disk says, and `too-large`. */
  read(path: string): Promise<Uint8Array>
}

/** The longest input, in bytes. */
const MOST_BYTES = 4 * MAX_SNAPSHOT_BYTES

/**
 * Reads files once each, however often they are asked for: what a shell passes in place of a file,
 * such as `<(vault read …)`, gives its text once.
 *
 * ```ts
 * const inputs = createInputs()
 * const token = decodeText(await inputs.read('/dev/fd/63'), 'the token file')
 * ```
 */
export function createInputs(): Inputs {
  const known = new Map<string, Promise<Uint8Array>>()
  return {
    read(path) {
      const earlier = known.get(path)
      if (earlier !== undefined) return earlier
      const bytes = readWhole(path)
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
    return decodeText(await inputs.read(path), `${what} ${path}`)
  } catch (error) {
    if (isNoticeboardError(error)) throw error
    throw new NoticeboardError('not-found', `${what} ${path} cannot be read`, { cause: error })
  }
}

async function readWhole(path: string): Promise<Uint8Array> {
  const file = await open(path)
  try {
    return await gather(file.createReadStream({ autoClose: false }), path)
  } finally {
    await file.close()
  }
}

/**
 * All that a stream brings. Throws `too-large` past the longest input there may be.
 *
 * ```ts
 * const bytes = await gather(io.stdin, 'stdin')
 * ```
 */
export async function gather(stream: AsyncIterable<Uint8Array>, what: string): Promise<Uint8Array> {
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
