import { isDigest, type Digest, namespaceProblem, type Namespace } from '../../contracts/names.js'
import { isEpoch, type Epoch } from '../../contracts/position.js'
import type { Json } from '../../contracts/json.js'
import { canonicalize } from '../json/canonical.js'
import { isInstant } from './instant.js'
import { shapeOf } from '../json/shape.js'
import { parseCanonical } from '../json/strict-parse.js'
import { encodeText } from '../json/text.js'
import { MAX_MARK_BYTES, MAX_SIGNATURES } from '../limits.js'

/** Says that a position was the newest at a time, and how long that may be relied on. */
export interface Mark {
  readonly v: 1
  readonly namespace: Namespace
  readonly epoch: Epoch
  /** The sequence of the release at that position, from 1. */
  readonly sequence: number
  /** Digest of the release at that position. */
  readonly digest: Digest
  readonly asOf: string
  readonly validUntil: string
}

/**
 * The bytes of a mark, canonical. Throws `invalid-data` for signatures that are no JSON.
 *
 * ```ts
 * const bytes = encodeMark({ v: 1, namespace, epoch, sequence, digest, asOf, validUntil })
 * ```
 */
export function encodeMark(mark: Mark, signatures: readonly Json[] = []): Uint8Array<ArrayBuffer> {
  return encodeText(canonicalize({ mark, signatures }))
}

/**
 * Reads a mark. Throws `invalid-data` with the member's path, or `too-large`.
 *
 * ```ts
 * const { namespace, validUntil } = decodeMark(bytes)
 * ```
 */
export function decodeMark(bytes: Uint8Array): Mark {
  const file = shapeOf(parseCanonical(bytes, { what: 'the mark', maxBytes: MAX_MARK_BYTES }), 'the mark file')
  const shape = file.object('mark')
  file.list('signatures', MAX_SIGNATURES)
  if (shape.member('v') !== 1) throw shape.refuse('v', 'must be 1')
  const asOf = shape.string('asOf', isInstant)
  return {
    v: 1,
    namespace: shape.string('namespace', text => namespaceProblem(text) === undefined),
    epoch: shape.string('epoch', isEpoch),
    sequence: shape.integer('sequence', 1, Number.MAX_SAFE_INTEGER),
    digest: shape.string('digest', isDigest),
    asOf,
    // Times in this spelling compare as texts do.
    validUntil: shape.string('validUntil', text => isInstant(text) && text >= asOf),
  }
}
