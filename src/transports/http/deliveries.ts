import { NoticeboardError } from '../../contracts/errors.js'
import { isDigest } from '../../contracts/names.js'
import type { Delivery, InlineSnapshot } from '../../contracts/transport.js'
import { decodeBase64 } from '../../core/json/base64.js'
import { decodeText } from '../../core/json/strict-parse.js'
import { MAX_HEARTBEAT_MS, MIN_HEARTBEAT_MS } from '../../core/limits.js'
import type { ServerSentEvent } from './event-parser.js'

const SPACE = 32

/**
 * What an event of the stream says (docs/formats.md). Undefined for events that are not known here.
 * Throws `invalid-data` for a known one that is not well-formed, and `unavailable` for a goodbye,
 * with the delay that it asks for.
 */
export function readDelivery({ name, data }: ServerSentEvent): Delivery | undefined {
  switch (name) {
    case 'release': {
      const [namespace, bytes, ...rest] = data
      if (namespace === undefined || bytes === undefined) throw malformed(name)
      const delivery = {
        type: 'release' as const,
        namespace: decodeText(namespace, 'a namespace of the stream'),
        bytes,
      }
      return rest.length === 0 ? delivery : { ...delivery, snapshots: rest.map(readSnapshotLine) }
    }
    case 'mark': {
      const [namespace, bytes] = data
      if (namespace === undefined || bytes === undefined) throw malformed(name)
      return { type: 'mark', namespace: decodeText(namespace, 'a namespace of the stream'), bytes }
    }
    case 'alive': {
      const heartbeatMs = readNumber(data[0], 'heartbeatMs')
      if (heartbeatMs === undefined || heartbeatMs === 0) return { type: 'alive' }
      // A wrong number must make neither a loop nor a stream that nobody takes for dead.
      return {
        type: 'alive',
        heartbeatMs: Math.min(Math.max(heartbeatMs, MIN_HEARTBEAT_MS), MAX_HEARTBEAT_MS),
      }
    }
    case 'goodbye': {
      const retryAfterMs = readNumber(data[0], 'delayMs')
      throw new NoticeboardError(
        'unavailable',
        'the server is shutting down and ended the stream',
        retryAfterMs === undefined ? {} : { retryAfterMs },
      )
    }
    default:
      return undefined
  }
}

/**
 * `<digest> <the snapshot's text>`, or `<digest>.from.<base> <a delta in base64>`. The bytes may be
 * anything: whoever uses them checks what they make against the digest.
 */
function readSnapshotLine(line: Uint8Array): InlineSnapshot {
  const space = line.indexOf(SPACE)
  if (space < 0) throw malformed('release')
  const name = decodeText(line.subarray(0, space), 'a digest of the stream')
  const bytes = line.subarray(space + 1)
  const [digest, base, ...more] = name.split('.from.')
  if (!isDigest(digest) || more.length > 0) throw malformed('release')
  if (base === undefined) return { digest, bytes }
  if (!isDigest(base)) throw malformed('release')
  return { digest, base, bytes: readBase64(bytes) }
}

function readBase64(bytes: Uint8Array): Uint8Array {
  try {
    return decodeBase64(decodeText(bytes, 'a delta of the stream'))
  } catch {
    throw malformed('release')
  }
}

/** A member of a JSON object as a finite number from 0 on; undefined when it is not that. */
function readNumber(line: Uint8Array | undefined, member: string): number | undefined {
  if (line === undefined) return undefined
  try {
    const value = (
      JSON.parse(decodeText(line, 'an event of the stream')) as Record<string, unknown> | null
    )?.[member]
    return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? value : undefined
  } catch {
    // A sign of life is one whatever it says.
    return undefined
  }
}

function malformed(name: string): NoticeboardError {
  return new NoticeboardError('invalid-data', `a "${name}" event of the stream is not well-formed`)
}
