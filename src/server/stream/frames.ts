import type { Digest, Namespace } from '../../contracts/names.js'
import { encodeText } from '../../core/json/text.js'
import type { Frame } from './messages.js'
import { nativeBytes } from '../http/native-bytes.js'

/** The stream's sign of life, with the heartbeat that it keeps. */
export function aliveFrame(heartbeatMs: number): Frame {
  return frameOf('alive', [encodeText(JSON.stringify({ heartbeatMs }))])
}

/** A release, and the snapshot that comes along. */
export function releaseFrame(
  namespace: Namespace,
  bytes: Uint8Array,
  snapshot?: { readonly digest: Digest; readonly bytes: Uint8Array },
): Frame {
  const lines = [encodeText(namespace), bytes]
  if (snapshot !== undefined) lines.push(join([encodeText(`${snapshot.digest} `), snapshot.bytes]))
  return frameOf('release', lines)
}

/** A mark, as it was made at the origin. */
export function markFrame(namespace: Namespace, bytes: Uint8Array): Frame {
  return frameOf('mark', [encodeText(namespace), bytes])
}

/** The last word of a connection: when its reader may come back. */
export function goodbyeFrame(delayMs: number): Frame {
  return frameOf('goodbye', [encodeText(JSON.stringify({ delayMs: Math.round(delayMs) }))])
}

/** One event, written once for all connections. Canonical JSON holds no line breaks, so lines need no escaping. */
function frameOf(name: string, lines: readonly Uint8Array[]): Frame {
  const parts: Uint8Array[] = [encodeText(`event: ${name}\n`)]
  for (const line of lines) parts.push(DATA, line, LINE_FEED)
  parts.push(LINE_FEED)
  const length = parts.reduce((sum, { length }) => sum + length, 0)
  const before = encodeText(`${length.toString(16)}\r\n`)
  const chunked = nativeBytes(join([before, ...parts, CRLF]))
  return { chunked, plain: chunked.subarray(before.length, before.length + length) }
}

const DATA = encodeText('data: ')
const LINE_FEED = encodeText('\n')
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
