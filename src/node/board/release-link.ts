import { isNoticeboardError } from '../../contracts/errors.js'
import { isEpoch, isSequence, type Position } from '../../contracts/position.js'
import { canonicalize } from '../../core/json/canonical.js'
import { isJsonObject } from '../../core/json/shape.js'
import { parseCanonical } from '../../core/json/strict-parse.js'
import { encodeText } from '../../core/json/text.js'
import { MAX_RELEASE_BYTES } from '../../core/limits.js'

/** The members that hold a log together. */
export interface Link {
  readonly v: unknown
  readonly namespace: unknown
  readonly epoch: unknown
  readonly sequence: unknown
  readonly prev: unknown
  readonly audit: unknown
  /** The bytes whose digest names the release. */
  readonly statement: Uint8Array
}

/**
 * Reads them also from a release that a newer version wrote; undefined when the bytes are no
 * release file.
 */
export function readLink(bytes: Uint8Array): Link | undefined {
  try {
    const file = parseCanonical(bytes, { what: 'the release', maxBytes: MAX_RELEASE_BYTES })
    const release = isJsonObject(file) ? file['release'] : undefined
    if (!isJsonObject(release)) return undefined
    const { v, namespace, epoch, sequence, prev, audit } = release as Record<string, unknown>
    return { v, namespace, epoch, sequence, prev, audit, statement: encodeText(canonicalize(release)) }
  } catch (error) {
    if (isNoticeboardError(error)) return undefined
    throw error
  }
}

/** The position that a release states, of whatever version it is; undefined when it states none. */
export function positionIn(bytes: Uint8Array): Position | undefined {
  const { epoch, sequence } = readLink(bytes) ?? {}
  return isEpoch(epoch) && isSequence(sequence) ? { epoch, sequence } : undefined
}
