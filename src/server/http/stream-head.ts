import type { Clock } from '../../contracts/system.js'
import { encodeText } from '../../core/json/text.js'
import type { Headers } from '../stream/messages.js'
import { nativeBytes } from './native-bytes.js'

/**
 * Makes the head of an event stream over HTTP/1.1, ready to be written; whoever gets it may not
 * change it.
 */
export type StreamHeads = (headers: Headers) => Uint8Array<ArrayBuffer>

/** How many heads are kept: those of one server have few forms. */
const MAX_HEADS = 32

/**
 * Makes heads whose date is that of the second, each once a second and set of headers, however many
 * streams open. Names and values are written as they are.
 *
 * ```ts
 * const headOf = createStreamHeads(clock)
 * socket.write(headOf({ 'Content-Type': 'text/event-stream' }))
 * ```
 */
export function createStreamHeads(clock: Pick<Clock, 'now'>): StreamHeads {
  const heads = new Map<Headers, Uint8Array<ArrayBuffer>>()
  let second = Number.NaN
  let date = ''
  return headers => {
    const nowSecond = Math.floor(clock.now() / 1_000)
    if (nowSecond !== second || heads.size >= MAX_HEADS) {
      heads.clear()
      second = nowSecond
      date = new Date(nowSecond * 1_000).toUTCString()
    }
    const found = heads.get(headers)
    if (found !== undefined) return found
    const own = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`)
    const head = nativeBytes(
      encodeText(
        `HTTP/1.1 200 OK\r\n${own.join('')}Date: ${date}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n`,
      ),
    )
    heads.set(headers, head)
    return head
  }
}
