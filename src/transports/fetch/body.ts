import { abortable, type LinkedAbortController } from '../../async/signals.js'
import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import { joinBytes } from '../../core/json/text.js'

/** What ends the reading of a body early, and what is told when it was read to its end. */
export type Waiting = Pick<LinkedAbortController, 'signal' | 'finish'>

/**
 * Reads a body in chunks and stops at the first byte over the limit, so that neither an endless
 * body nor a compression bomb costs more than the limit. Throws `too-large`, and `unavailable` for
 * a body that was cut.
 */
export async function readBody(
  response: Response,
  waiting: Waiting,
  { maxBytes, what }: BodyLimit,
): Promise<Uint8Array> {
  const chunks: Uint8Array[] = []
  let length = 0
  for await (const chunk of chunksOf(response, waiting, what)) {
    length += chunk.length
    if (length > maxBytes)
      throw new NoticeboardError('too-large', `${what} has more than the ${maxBytes} bytes that are allowed`)
    chunks.push(chunk)
  }
  const announced = announcedLength(response)
  if (announced !== undefined && announced > length) throw cut(what)
  return joinBytes(chunks, length)
}

export interface BodyLimit {
  readonly maxBytes: number
  readonly what: string
}

/** The chunks of a body as they come. Whoever stops reading has cancelled the body. */
export async function* chunksOf(
  response: Response,
  waiting: Waiting,
  what: string,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (response.body === null) return waiting.finish()
  const reader = response.body.getReader()
  let ended = false
  try {
    while (true) {
      const { done, value } = await abortable(reader.read(), waiting.signal)
      if (done) {
        ended = true
        return waiting.finish()
      }
      yield value
    }
  } catch (error) {
    if (waiting.signal.aborted || isNoticeboardError(error)) throw error
    throw cut(what, error)
  } finally {
    // A reader that already failed cannot be cancelled again; there is nothing left to free then.
    if (!ended) reader.cancel().catch(() => {})
  }
}

/** The body's length as its head says; undefined where nothing reliable is said. */
function announcedLength({ headers, type }: Response): number | undefined {
  // Across origins a browser hides Content-Encoding, and the length may be the compressed one.
  if (type === 'cors' || headers.has('content-encoding')) return undefined
  const length = headers.get('content-length')
  return length === null || !/^\d{1,15}$/.test(length) ? undefined : Number(length)
}

function cut(what: string, cause?: unknown): NoticeboardError {
  return new NoticeboardError('unavailable', `${what} was cut off; the connection was lost`, {
    cause,
  })
}
