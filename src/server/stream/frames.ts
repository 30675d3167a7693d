import type { Digest, Namespace } from '../../contracts/names.js'
import { encodeText } from '../../core/json/text.js'
import { encodeMark, type Mark } from '../../core/release/mark.js'
import type { Frame } from './messages.js'
import { nativeBytes } from '../http/native-bytes.js'

/** The stream's sign of life, with the heartbeat that it keeps. */
export function aliveFrame(heartbeatMs: number): Frame {
  return frameOf('alive', [JSON.stringify({ heartbeatMs })])
}

/** A release, and the snapshot that comes along. */
export function releaseFrame(
  namespace: Namespace,
  bytes: Uint8Array,
  snapshot?: { readonly digest: Digest; readonly bytes: Uint8Array },
): Frame {
  const lines: (string | Uint8Array)[] = [namespace, bytes]
  if (snapshot !== undefined) lines.push(join([encodeText(`${snapshot.digest} `), snapshot.bytes]))
  return frameOf('release', lines)
}

/** A mark, as it was made at the origin. */
export function markFrame(namespace: Namespace, bytes: Uint8Array): Frame {
  return frameOf('mark', [namespace, bytes])
}

/** When a release was the newest, and until when that may be relied on. */
export type MarkTimes = Pick<Mark, 'asOf' | 'validUntil'>

/**
 * Makes the marks of one release. What does not change is written once: a server of many namespaces makes a mark of
 * each at every beat.
 *
 * ```ts
 * const markAt = markFrames({ v: 1, namespace, epoch, sequence, digest })
 * topic.mark = markAt({ asOf, validUntil })
 * ```
 */
export function markFrames(mark: Omit<Mark, keyof MarkTimes>): (times: MarkTimes) => Frame {
  let parts: readonly string[] | undefined
  return ({ asOf, validUntil }) => {
    parts ??= partsOf(markFrame(mark.namespace, encodeMark({ ...mark, asOf: TIME, validUntil: TIME })))
    const [head = '', between = '', end = ''] = parts
    const text = `${head}${asOf}${between}${validUntil}${end}`
    const before = `${text.length.toString(16)}\r\n`
    const chunked = nativeBytes(encodeText(`${before}${text}\r\n`))
    return { chunked, plain: chunked.subarray(before.length, before.length + text.length) }
  }
}

/** Stands for a time; nothing else in a mark has capitals. */
const TIME = 'TIME'

/** The text of a mark before, between and after its times, which is ASCII. */
function partsOf({ plain }: Frame): readonly string[] {
  return new TextDecoder().decode(plain).split(TIME)
}

/** The last word of a connection: when its reader may come back. */
export function goodbyeFrame(delayMs: number): Frame {
  return frameOf('goodbye', [JSON.stringify({ delayMs: Math.round(delayMs) })])
}

/**
 * One event, written once for all connections. Canonical JSON holds no line breaks, so lines need no escaping.
 */
function frameOf(name: string, lines: readonly (string | Uint8Array)[]): Frame {
  const parts: Uint8Array[] = []
  let text = `event: ${name}\n`
  for (const line of lines) {
    if (typeof line === 'string') text += `data: ${line}\n`
    else {
      parts.push(encodeText(`${text}data: `), line)
      text = '\n'
    }
  }
  parts.push(text === '\n' ? END : encodeText(`${text}\n`))
  const length = parts.reduce((sum, { length }) => sum + length, 0)
  const before = encodeText(`${length.toString(16)}\r\n`)
  const chunked = nativeBytes(join([before, ...parts, CRLF]))
  return { chunked, plain: chunked.subarray(before.length, before.length + length) }
}

/** The end of the last line, and of the event. */
const END = encodeText('\n\n')
const CRLF = encodeText('\r\n')

function join(parts: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(parts.reduce((sum, { length }) => sum + length, 0))
  let offset = 0
  for (const part of parts) {
    whole.set(part, offset)
    offset += part.length
  }
  return whole
}
