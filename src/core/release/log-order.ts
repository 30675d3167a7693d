import { NoticeboardError } from '../../contracts/errors.js'
import { parseNamespace } from '../../contracts/names.js'
import type { Hasher } from '../../contracts/system.js'
import {
  comparePositions,
  epochNumber,
  formatPosition,
  isSequence,
  type Position,
} from '../../contracts/position.js'
import type { AppendQuery } from '../../contracts/transport.js'
import { assertDigest } from './digest.js'
import { decodeRelease, positionOf, type Release } from './release.js'

/** Whether a position comes right after the newest: the next in its epoch, or the first of a higher one. */
export function follows(at: Position, newest: Position | undefined): boolean {
  if (newest === undefined) return at.sequence === 1
  if (at.epoch === newest.epoch) return at.sequence === newest.sequence + 1
  return at.sequence === 1 && epochNumber(at.epoch) > epochNumber(newest.epoch)
}

/** The release that shall be appended, once it agrees with where it goes and with its audit record. Throws before anything is written. */
export function readAppend({ namespace, at, bytes, audit }: AppendQuery, hasher: Hasher): Release {
  parseNamespace(namespace)
  epochNumber(at.epoch)
  if (!isSequence(at.sequence))
    throw new NoticeboardError('invalid-option', 'a sequence is a whole number from 1 on')
  const { release } = decodeRelease(bytes)
  if (release.namespace !== namespace || comparePositions(positionOf(release), at) !== 'same') {
    throw new NoticeboardError(
      'invalid-data',
      `the release says that it is ${release.namespace} ${formatPosition(positionOf(release))}, which is not where it shall go`,
    )
  }
  if (audit === undefined) return release
  if (release.audit === undefined)
    throw new NoticeboardError('invalid-data', 'the release names no audit record, and one was given')
  assertDigest(hasher, { bytes: audit, digest: release.audit, what: 'the audit record' })
  return release
}
