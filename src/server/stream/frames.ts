import type { Digest, Namespace } from '../../contracts/names.js'
import { encodeBase64 } from '../../core/json/base64.js'
import { encodeText } from '../../core/json/text.js'
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

/** A release, and the snapshot that comes along as a delta: `<digest>.from.<base>` is its name. */
export function deltaFrame(
  namespace: Namespace,
  bytes: Uint8Array,
  { name, delta }: { readonly name: string; readonly delta: Uint8Array },
): Frame {
  return frameOf('release', [namespace, bytes, encodeText(`${name} ${encodeBase64(delta)}`)])
}

/** The snapshot that came along in a release's frame, so many bytes long: in the same memory. */
export function snapshotIn({ chunked, to }: Frame, length: number): Uint8Array {
  const end = to - END.length
  return chunked.subarray(end - length, end)
}

/** A mark, as it was made at the origin. */
export function markFrame(namespace: Namespace, bytes: Uint8Array): Frame {
  return frameOf('mark', [namespace, bytes])
}

/** The last word of a connection: when its reader may come back. */
export function goodbyeFrame(delayMs: number): Frame {
  return frameOf('goodbye', [JSON.stringify({ delayMs: Math.round(delayMs) })])
}

/**
 * One event, written once for all connections. Canonical JSON holds no line breaks, so lines need
 * no escaping.
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
  return chunkOf(parts)
}

/** Bytes as a frame: as they are, and as one chunk. */
export function chunkOf(parts: readonly Uint8Array[]): Frame {
  const length = parts.reduce((sum, { length }) => sum + length, 0)
  const before = encodeText(`${length.toString(16)}\r\n`)
  const chunked = nativeBytes(join([before, ...parts, CRLF]))
  return { chunked, from: before.length, to: before.length + length }
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
