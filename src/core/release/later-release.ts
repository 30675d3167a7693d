import { isNoticeboardError } from '../../contracts/errors.js'
import { isDigest, namespaceProblem, type Digest } from '../../contracts/names.js'
import { isEpoch, isSequence } from '../../contracts/position.js'
import { isJsonObject } from '../json/shape.js'
import { parseCanonical } from '../json/strict-parse.js'
import { MAX_RELEASE_BYTES, MAX_WITHDRAWN } from '../limits.js'
import type { Release, SignedRelease, Variant } from './release.js'

/**
 * A release that this version does not read, as far as it takes to leave it behind: its place,
 * which every version states alike, and the snapshots that it names where those stand at their
 * usual place. The rest is as if it were not there. Undefined for bytes that are no release.
 *
 * ```ts
 * const head = readForeignRelease(bytes)
 * ```
 */
export function readForeignRelease(bytes: Uint8Array): SignedRelease | undefined {
  const file = parse(bytes)
  const release = isJsonObject(file) ? file['release'] : undefined
  if (!isJsonObject(release)) return undefined
  const { namespace, epoch, sequence } = release as Record<string, unknown>
  if (typeof namespace !== 'string' || namespaceProblem(namespace) !== undefined) return undefined
  if (!isEpoch(epoch) || !isSequence(sequence)) return undefined
  const variants = variantsIn(release['stable'])
  const withdrawn = digestsIn(release['withdrawn'])
  const standIn: Release = {
    v: 1,
    namespace,
    epoch,
    sequence,
    issuedAt: '1970-01-01T00:00:00.000Z',
    cause: 'publish',
    // Without variants, unlike every release that can be read: it is the same as no other.
    stable: { version: sequence, variants: variants as Release['stable']['variants'] },
    ...(withdrawn.length > 0 && { withdrawn }),
    prev: null,
  }
  return { release: standIn, signatures: [], bytes }
}

function parse(bytes: Uint8Array): unknown {
  try {
    return parseCanonical(bytes, { what: 'the release', maxBytes: MAX_RELEASE_BYTES })
  } catch (error) {
    if (isNoticeboardError(error)) return undefined
    throw error
  }
}

/**
 * The one snapshot of everybody; none where the arm is of another form, since half of an arm would
 * be another arm.
 */
function variantsIn(arm: unknown): readonly Variant[] {
  const listed: unknown = isJsonObject(arm) ? arm['variants'] : undefined
  const [variant, second] = Array.isArray(listed) ? (listed as readonly unknown[]) : []
  if (second !== undefined || !isJsonObject(variant) || Object.keys(variant).length !== 2) return []
  const { digest, bytes } = variant as Record<string, unknown>
  return isDigest(digest) && isSequence(bytes) ? [{ digest, bytes }] : []
}

function digestsIn(list: unknown): readonly Digest[] {
  return Array.isArray(list) ? [...new Set(list.filter(isDigest))].slice(-MAX_WITHDRAWN) : []
}
