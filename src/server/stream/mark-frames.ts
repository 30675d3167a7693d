import { encodeText } from '../../core/json/text.js'
import { encodeMark, type Mark } from '../../core/release/mark.js'
import { nativeRoom } from '../http/native-bytes.js'
import { markFrame } from './frames.js'
import type { Frame } from './messages.js'

/** When a release was the newest, and until when that may be relied on, as a mark writes them. */
export interface MarkTimes {
  readonly asOf: Uint8Array
  readonly validUntil: Uint8Array
}

/** The times of a mark; both in milliseconds since 1970. */
export function markTimes(asOfMs: number, validUntilMs: number): MarkTimes {
  return { asOf: encodeTime(asOfMs), validUntil: encodeTime(validUntilMs) }
}

/**
 * Makes the marks of one release. It is encoded once, and then only its times are written into a
 * copy: a server of many namespaces makes a mark of each at every beat.
 *
 * ```ts
 * const markAt = markFrames({ v: 1, namespace, epoch, sequence, digest })
 * sink.write(markAt(markTimes(clock.now(), clock.now() + 20_000)))
 * ```
 */
export function markFrames(mark: Omit<Mark, 'asOf' | 'validUntil'>): (times: MarkTimes) => Frame {
  let pattern: Pattern | undefined
  return ({ asOf, validUntil }) => {
    if (pattern?.asOf.length !== asOf.length || pattern.validUntil.length !== validUntil.length)
      pattern = patternOf(mark, { asOf, validUntil })
    const { frame, asOfAt, validUntilAt } = pattern
    const chunked = nativeRoom(frame.chunked.length)
    chunked.set(frame.chunked)
    chunked.set(asOf, asOfAt)
    chunked.set(validUntil, validUntilAt)
    return { chunked, from: frame.from, to: frame.to }
  }
}

/** A mark, and where in its chunk its times stand. */
interface Pattern extends MarkTimes {
  readonly frame: Frame
  readonly asOfAt: number
  readonly validUntilAt: number
}

function patternOf(mark: Omit<Mark, 'asOf' | 'validUntil'>, times: MarkTimes): Pattern {
  const decoder = new TextDecoder()
  const [asOf, validUntil] = [decoder.decode(times.asOf), decoder.decode(times.validUntil)]
  const frame = markFrame(mark.namespace, encodeMark({ ...mark, asOf, validUntil }))
  // A mark is ASCII, and no name in it has a quote.
  const text = decoder.decode(frame.chunked)
  return {
    ...times,
    frame,
    asOfAt: text.indexOf(`"${asOf}"`) + 1,
    validUntilAt: text.lastIndexOf(`"${validUntil}"`) + 1,
  }
}

function encodeTime(timeMs: number): Uint8Array {
  return encodeText(new Date(timeMs).toISOString())
}
