// A transport of your own over a raw TCP protocol of lines, see README.md: it notifies, and is a
// mirror that can be written.
import { once } from 'node:events'
import { connect } from 'node:net'
import { isNoticeboardError, NoticeboardError } from 'noticeboard/core'

/**
 * @import { Socket } from 'node:net'
 * @import { Mirror, WatchTransport } from 'noticeboard/core'
 */

/** Longer lines than the words of the protocol before a document of 1 MiB are not ours. */
export const MAX_LINE = 1_100_000

/**
 * A board behind the line protocol. Each call has a connection of its own, which ends with it. With
 * a token it can be written.
 * @param {{ host?: string, port: number, token?: string }} options
 * @returns {WatchTransport & Mirror}
 */
export function lineMirror({ host = '127.0.0.1', port, token }) {
  const name = `lines ${host}:${port}`

  return {
    name,

    async latest({ namespace, tag }, signal) {
      const { word, rest } = await ask(`latest ${namespace}`, MAX_LINE, signal)
      if (word !== 'release') return { type: 'none' }
      // The server names no versions, but a release is small and its text is as good a tag as any.
      return rest === tag ? { type: 'unchanged' } : { type: 'release', bytes: encode(rest), tag: rest }
    },

    async snapshot({ namespace, digest, maxSnapshotBytes }, signal) {
      const { word, rest } = await ask(
        `snapshot ${namespace} ${digest}`,
        'snapshot '.length + maxSnapshotBytes,
        signal,
      )
      if (word !== 'snapshot')
        throw new NoticeboardError('not-found', `${name} has no such snapshot of ${namespace}, or not yet`)
      return encode(rest)
    },

    async *watch({ namespaces }, signal) {
      for await (const { word, rest } of talk(`watch ${namespaces.join(' ')}`, MAX_LINE, signal)) {
        if (word === 'alive') yield { type: 'alive', heartbeatMs: Number(rest) }
        else if (word === 'release') {
          const [namespace, text] = split(rest)
          yield { type: 'release', namespace, bytes: encode(text) }
        }
      }
    },

    async put({ namespace, digest, bytes }, signal) {
      await write(`put ${namespace} ${digest} ${decode(bytes)}`, signal)
    },

    async announce({ namespace, bytes }, signal) {
      await write(`announce ${namespace} ${decode(bytes)}`, signal)
    },
  }

  /** @param {string} request @param {AbortSignal} signal */
  async function write(request, signal) {
    if (token === undefined) throw new NoticeboardError('unauthorized', `writing over ${name} needs a token`)
    await ask(`token ${token} ${request}`, MAX_LINE, signal)
  }

  /**
   * One line there, one line back.
   * @param {string} request @param {number} maxBytes @param {AbortSignal} signal
   */
  async function ask(request, maxBytes, signal) {
    for await (const answer of talk(request, maxBytes, signal)) return answer
    throw new NoticeboardError('closed', `the request to ${name} was given up`)
  }

  /**
   * One line there, and all that comes back, until the signal aborts. Whoever leaves the loop has
   * closed the connection.
   * @param {string} request @param {number} maxBytes @param {AbortSignal} signal
   * @returns {AsyncGenerator<{ word: string, rest: string }>}
   */
  async function* talk(request, maxBytes, signal) {
    if (signal.aborted) return
    const socket = connect(port, host)
    const abort = () => void socket.destroy()
    signal.addEventListener('abort', abort)
    try {
      await once(socket, 'connect', { signal })
      socket.write(`${request}\n`)
      for await (const line of linesOf(socket, maxBytes)) {
        const [word, rest] = split(line)
        if (word === 'unauthorized' || word === 'forbidden')
          throw new NoticeboardError(word, `${name}: ${rest}`)
        yield { word, rest }
      }
      throw new Error('the server ended the connection')
    } catch (error) {
      if (signal.aborted) return
      if (isNoticeboardError(error)) throw error
      throw new NoticeboardError('unavailable', `${name} could not be reached, or the connection was lost`, {
        cause: error,
      })
    } finally {
      signal.removeEventListener('abort', abort)
      socket.destroy()
    }
  }
}

/**
 * The lines of a connection. Nothing is read ahead of whoever reads them, so a slow reader is felt
 * by the server, which skips.
 * @param {Socket} socket @param {number} maxBytes
 */
export async function* linesOf(socket, maxBytes) {
  let rest = Buffer.alloc(0)
  for await (const chunk of socket) {
    rest = Buffer.concat([rest, chunk])
    for (let end = rest.indexOf(10); end >= 0; end = rest.indexOf(10)) {
      if (end > maxBytes)
        throw new NoticeboardError(
          'too-large',
          `the answer has more than the ${maxBytes} bytes that are allowed`,
        )
      yield rest.subarray(0, end).toString()
      rest = rest.subarray(end + 1)
    }
    if (rest.length > maxBytes)
      throw new NoticeboardError(
        'too-large',
        `the answer has more than the ${maxBytes} bytes that are allowed`,
      )
  }
}

/** The first word, and what follows it. @param {string} line @returns {[string, string]} */
function split(line) {
  const space = line.indexOf(' ')
  return space < 0 ? [line, ''] : [line.slice(0, space), line.slice(space + 1)]
}

/** @param {string} text */
const encode = text => new TextEncoder().encode(text)

/** What travels is canonical JSON: UTF-8 without line breaks. @param {Uint8Array} bytes */
const decode = bytes => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
