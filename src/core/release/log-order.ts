import { NoticeboardError } from '../../contracts/errors.js'
import { parseNamespace } from '../../contracts/names.js'
import type { Hasher } from '../../contracts/system.js'
import {
  comparePositions,
  epochNumber,
  formatPosition,
  isEpoch,
  isSequence,
  type Position,
} from '../../contracts/position.js'
import type { AppendQuery } from '../../contracts/transport.js'
import { MAX_AUDIT_BYTES } from '../limits.js'
import { assertDigest } from './digest.js'
import { decodeRelease, positionOf, type Release } from './release.js'

/**
 * Whether a position comes right after the newest one: the next of its epoch, or the first of a
 * higher epoch. Throws `invalid-data` for an epoch that cannot be read.
 *
 * ```ts
 * follows({ epoch: '2-0badcafe', sequence: 1 }, { epoch: '1-9f3a01bc', sequence: 7 }) // true
 * ```
 */
export function follows(at: Position, newest: Position | undefined): boolean {
  if (newest === undefined) return at.sequence === 1
  if (at.epoch === newest.epoch) return at.sequence === newest.sequence + 1
  return beginsAbove(at, newest)
}

/**
 * Whether a release begins an epoch above everything that was read of a board, which ends its going
 * back.
 *
 * ```ts
 * beginsAbove({ epoch: '2-0badcafe', sequence: 1 }, { epoch: '1-9f3a01bc', sequence: 7 }) // true
 * ```
 */
export function beginsAbove(at: Position, known: Position): boolean {
  return at.sequence === 1 && epochNumber(at.epoch) > epochNumber(known.epoch)
}

/**
 * Decodes the release of an append and checks it against its place and its audit record. Throws
 * before anything is written: `invalid-option` for a name or position that is malformed,
 * `invalid-data` for bytes that are no release or the release of another place,
 * `digest-mismatch` for another audit record, `too-large` for a longer one than is
 * allowed.
 *
 * ```ts
 * const release = checkAppend({ namespace, at, bytes, audit }, systemHasher)
 * ```
 */
export function checkAppend({ namespace, at, bytes, audit }: AppendQuery, hasher: Hasher): Release {
  parseNamespace(namespace)
  if (!isEpoch(at.epoch))
    throw new NoticeboardError(
      'invalid-option',
      '`at.epoch` must read <number>-<8 hex digits>, such as 1-9f3a01bc',
    )
  if (!isSequence(at.sequence))
    throw new NoticeboardError('invalid-option', '`at.sequence` must be a whole number from 1 on')
  const { release } = decodeRelease(bytes)
  const own = positionOf(release)
  if (release.namespace !== namespace || comparePositions(own, at) !== 'same')
    throw new NoticeboardError(
      'invalid-data',
      `the release is ${release.namespace} ${formatPosition(own)}, and it was to be appended as ${namespace} ${formatPosition(at)}; pass its own namespace and position`,
    )
  if (audit === undefined) return release
  if (release.audit === undefined)
    throw new NoticeboardError(
      'digest-mismatch',
      'an audit record was given, and the release names none; set `audit` in the release',
    )
  if (audit.length > MAX_AUDIT_BYTES)
    throw new NoticeboardError(
      'too-large',
      `the audit record has ${audit.length} bytes; ${MAX_AUDIT_BYTES} are allowed: shorten the reason, or name fewer exceptions`,
    )
  assertDigest(hasher, { bytes: audit, digest: release.audit, what: 'the audit record' })
  return release
}
