import { NoticeboardError } from '../../contracts/errors.js'
import { copyBytes } from '../../core/json/text.js'
import { createByteBuffer } from '../../core/byte-buffer.js'

/** One server-sent event: its name, and each `data:` line as the bytes that came. */
export interface ServerSentEvent {
  readonly name: string
  readonly data: readonly Uint8Array[]
}

export interface EventParserOptions {
  /** The longest line, in bytes. */
  readonly maxLineBytes: number
  /** All data lines of one event together, in bytes; each line counts as 64 more. */
  readonly maxEventBytes: number
  /**
   * Told after each chunk how many lines ended in it, of events that are known and of all others.
   */
  readonly took?: (lines: number) => void
}

/**
 * An incremental parser of `text/event-stream` as the HTML standard has it, over bytes: lines end
 * in LF, CR or CRLF, a byte order mark at the start is skipped, an event without data is none.
 * However the bytes are cut into chunks, the same events come out. Memory is bounded: past a limit
 * it throws `too-large`, and is of no more use.
 */
export function createEventParser({
  maxLineBytes,
  maxEventBytes,
  took,
}: EventParserOptions): (chunk: Uint8Array) => ServerSentEvent[] {
  const begun = createByteBuffer()
  let first = true
  let afterReturn = false
  let name = ''
  let data: Uint8Array[] = []
  let size = 0

  const takeLine = (end: Uint8Array): Uint8Array => {
    let line = end
    if (begun.length > 0) {
      begun.append(end)
      line = begun.take()
    }
    if (first) {
      first = false
      if (line[0] === 0xef && line[1] === 0xbb && line[2] === 0xbf) line = line.subarray(3)
    }
    return line
  }

  const readLine = (line: Uint8Array, events: ServerSentEvent[]): void => {
    if (line.length === 0) {
      if (data.length > 0) events.push({ name: name === '' ? 'message' : name, data })
      name = ''
      data = []
      size = 0
      return
    }
    const value = fieldValue(line, DATA)
    if (value !== undefined) {
      size += value.length + 64
      if (size > maxEventBytes)
        throw new NoticeboardError(
          'too-large',
          `an event of the stream has more than ${maxEventBytes} bytes; raise maxSnapshotBytes here if documents are that large, else check what answers at that address`,
        )
      // A copy: the chunk it lies in is much larger than what is kept.
      data.push(copyBytes(value))
      return
    }
    const named = fieldValue(line, EVENT)
    if (named !== undefined) name = decoder.decode(named)
  }

  return chunk => {
    const events: ServerSentEvent[] = []
    let start = 0
    let lines = 0
    if (afterReturn && chunk.length > 0) {
      afterReturn = false
      if (chunk[0] === LF) start = 1
    }
    let feed = find(chunk, LF, start)
    let carriage = find(chunk, CR, start)
    while (feed < chunk.length || carriage < chunk.length) {
      const end = Math.min(feed, carriage)
      checkLine(begun.length + end - start, maxLineBytes)
      readLine(takeLine(chunk.subarray(start, end)), events)
      lines += 1
      start = end + 1
      if (end === carriage) {
        if (start === chunk.length) afterReturn = true
        else if (chunk[start] === LF) start += 1
      }
      if (feed < start) feed = find(chunk, LF, start)
      if (carriage < start) carriage = find(chunk, CR, start)
    }
    if (start < chunk.length) {
      checkLine(begun.length + chunk.length - start, maxLineBytes)
      begun.append(chunk.subarray(start))
    }
    took?.(lines)
    return events
  }
}

const LF = 10
const CR = 13
const COLON = 58
const SPACE = 32
const DATA = [100, 97, 116, 97]
const EVENT = [101, 118, 101, 110, 116]
/** A byte order mark is skipped at the start of the stream, and is a character of a name. */
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function checkLine(length: number, maximum: number): void {
  if (length > maximum)
    throw new NoticeboardError(
      'too-large',
      `a line of the stream has more than ${maximum} bytes; raise maxSnapshotBytes here if documents are that large, else check what answers at that address`,
    )
}

/** Where a byte stands from an offset on; the length when it does not. */
function find(bytes: Uint8Array, byte: number, from: number): number {
  const at = bytes.indexOf(byte, from)
  return at < 0 ? bytes.length : at
}

/**
 * The value of a line, if it is of that field: after the colon and at most one space; empty without
 * a colon.
 */
function fieldValue(line: Uint8Array, field: readonly number[]): Uint8Array | undefined {
  for (let index = 0; index < field.length; index += 1) if (line[index] !== field[index]) return undefined
  if (line.length === field.length) return line.subarray(field.length)
  if (line[field.length] !== COLON) return undefined
  return line.subarray(field.length + (line[field.length + 1] === SPACE ? 2 : 1))
}
