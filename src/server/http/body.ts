import { asNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Json } from '../../contracts/json.js'
import { readJsonText } from '../../core/json/json-text.js'
import { decodeText } from '../../core/json/strict-parse.js'
import { createByteBuffer } from '../../core/byte-buffer.js'
import { exceedsMarks } from './marks.js'
import type { Turns } from './turns.js'
import type { Incoming } from '../stream/messages.js'

/**
 * Reads a body while it comes, no further than the limit: one that is announced as too large is not
 * read, one that turns out to be is left at the first byte over. Throws `too-large`, and
 * `invalid-data` for one that was cut.
 */
export async function readBody(request: Incoming, maxBytes: number): Promise<Uint8Array> {
  const announced = announcedLength(request)
  if (announced !== undefined && announced > maxBytes) throw tooLarge(maxBytes)
  // Copied: many small pieces would each hold on to all of what came with them.
  const read = createByteBuffer()
  try {
    for await (const chunk of request.body()) {
      if (read.length + chunk.length > maxBytes) throw tooLarge(maxBytes)
      read.append(chunk)
    }
  } catch (error) {
    throw asNoticeboardError(
      error,
      'invalid-data',
      'the connection was lost before the body ended; send it again',
    )
  }
  if (announced !== undefined && announced > read.length) {
    if (read.length === 0) throw bodyWasRead()
    throw new NoticeboardError('invalid-data', 'the body ended before its announced length; send it again')
  }
  return read.take()
}

/**
 * Reads a body as JSON, in any spelling, but without anything that would silently become something
 * else. Its texts are copies, so that whoever keeps one does not keep the body. Bodies are read as
 * JSON in turns, so that however many come, others wait for one. Throws as {@link readBody} does,
 * and `too-large` past `maxMarks`.
 */
export async function readJsonBody(
  request: Incoming,
  { maxBytes, maxMarks = Number.POSITIVE_INFINITY, turns }: JsonBodyOptions,
): Promise<Json> {
  const what = 'the body'
  const bytes = await readBody(request, maxBytes)
  return turns(() => {
    if (exceedsMarks(bytes, maxMarks))
      throw new NoticeboardError('too-large', `${what} holds too many JSON values; send it in parts`)
    const text = decodeText(bytes, what)
    readJsonText(text, { what, maxBytes })
    // The same value; but the texts above are slices, each of which holds on to all of the text.
    return JSON.parse(text) as Json
  })
}

export interface JsonBodyOptions {
  readonly maxBytes: number
  /** How many commas, brackets, braces and backslashes it may have. Default: no limit. */
  readonly maxMarks?: number
  readonly turns: Turns
}

/** What a body announces of its length, in bytes; undefined where it says nothing. */
export function announcedLength(request: Incoming): number | undefined {
  const text = request.header('content-length')
  return text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined
}

/** The mistake of a mount, not of whoever asked: a body that somebody else read is lost. */
export function bodyWasRead(): NoticeboardError {
  return new NoticeboardError(
    'internal',
    'another middleware read the body first; mount noticeboard before the body parser (in Fastify: with a content type parser that leaves the body alone)',
  )
}

function tooLarge(maxBytes: number): NoticeboardError {
  return new NoticeboardError('too-large', `the body has more than the ${maxBytes} bytes that are allowed`)
}
