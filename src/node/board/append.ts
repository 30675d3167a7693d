import { dirname } from 'node:path'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import {
  comparePositions,
  epochNumber,
  formatPosition,
  nextPosition,
  type Position,
} from '../../contracts/position.js'
import type { AppendQuery } from '../../contracts/transport.js'
import { checkAppend } from '../../core/release/log-order.js'
import { sameBytes } from '../../core/json/text.js'
import type { Board } from './board.js'
import type { BoardAudit, PreparedAudit } from './audit.js'
import type { BoardLog, LogState } from './log.js'
import type { BoardNotes } from './notes.js'
import type { BoardOpening } from './opening.js'
import { wholeSecondAfter } from './pointer.js'
import { missingSnapshot, type BoardSnapshots } from './snapshots.js'
import { forLog, isForbidden, isUnfit } from '../disk/system-error.js'

/** Writes one release at a position; the folder is open already. */
export type Appender = (query: AppendQuery) => Promise<'appended' | 'taken'>

export interface AppenderParts {
  readonly log: BoardLog
  readonly audit: BoardAudit
  readonly opening: BoardOpening
  readonly snapshots: BoardSnapshots
  readonly notes: BoardNotes
}

/** The order of writing that docs/formats.md states, from the release on. */
export function boardAppender(
  board: Board,
  { log, audit, opening, snapshots, notes }: AppenderParts,
): Appender {
  const { fs, files, paths, clock, hasher, logger } = board

  const keepAudit = async (namespace: Namespace, record: PreparedAudit | undefined): Promise<void> => {
    try {
      await record?.keep()
    } catch (error) {
      // The release is in place and acknowledged whatever becomes of this; the next open gives the
      // record its name.
      logger?.warn('an audit record could not be given its name yet', {
        namespace,
        ...forLog(error, 'settle an audit record'),
      })
    }
  }

  /**
   * The record under its temporary name. Where it may not be written, which is what a record's
   * folder of another user does, a release that is urgent or in place already goes without: nothing
   * stands in the way back.
   */
  const prepareAudit = async (
    { namespace, at, audit: bytes, urgent = false }: AppendQuery,
    isInPlace: boolean,
  ): Promise<PreparedAudit | undefined> => {
    if (bytes === undefined) return undefined
    try {
      return await audit.prepare({ namespace, at, bytes })
    } catch (error) {
      if (!isForbidden(error) || !(urgent || isInPlace)) throw error
      logger?.error('an audit record cannot be written; the history will not say who and why', {
        namespace,
        position: formatPosition(at),
        ...forLog(error, `write an audit record to ${dirname(paths.audit(namespace, at))}`),
      })
      return undefined
    }
  }

  /** What is at the position already: the same release is a success, whoever wrote it. */
  const meet = async ({ namespace, at, bytes }: AppendQuery): Promise<'appended' | 'other' | undefined> => {
    const occupant = await log.bytesAt(namespace, at).catch(noRelease)
    if (occupant === undefined) return undefined
    if (occupant === 'no release' || !sameBytes(occupant, bytes)) return 'other'
    // Whoever wrote it may have died before it was durable.
    await fs.syncFolder(dirname(paths.release(namespace, at)))
    return 'appended'
  }

  /**
   * After a failure the record goes unless the release may be in place; then it stays until an open
   * has settled that.
   */
  const abandonAudit = async (
    { namespace, at }: AppendQuery,
    record: PreparedAudit | undefined,
  ): Promise<void> => {
    try {
      if ((await log.bytesAt(namespace, at)) === undefined) await record?.discard()
    } catch (error) {
      logger?.debug('a temporary audit record stays', {
        namespace,
        ...forLog(error, 'settle an audit record'),
      })
    }
  }

  /**
   * A time for a release's file: later than its predecessor's by a whole second, which the pointer
   * takes over.
   */
  const timeAfter = async (namespace: Namespace, before: Position | undefined): Promise<number> => {
    const predecessor = before && (await fs.stat(paths.release(namespace, before)))
    return wholeSecondAfter(predecessor?.changedMs, clock.now())
  }

  return async query => {
    const { namespace, at, bytes } = query
    const release = checkAppend(query, hasher)

    const met = await meet(query)
    if (met === 'appended') {
      if (query.audit !== undefined && (await audit.read(namespace, at)) === undefined) {
        await keepAudit(namespace, await prepareAudit(query, true))
      }
      return 'appended'
    }
    const state = await log.read({ namespace, thorough: true })
    const opens = at.sequence === 1 && epochNumber(at.epoch) > state.highestEpoch
    if (!opens) {
      refuseDamage(namespace, state)
      // Whoever is told that the place is taken reads what is newest, which would still be the
      // release before it.
      if (met === 'other' && state.withheld !== undefined) throw state.withheld
      if (
        met === 'other' ||
        state.newest === undefined ||
        comparePositions(at, nextPosition(state.newest.position)) !== 'same'
      )
        return 'taken'
      if (release.prev !== state.newest.digest) {
        throw new NoticeboardError(
          'invalid-data',
          `the release does not name the one before it, ${formatPosition(state.newest.position)}; read the newest release and build yours on it`,
        )
      }
    }
    const missing = await snapshots.secure(namespace, release)
    if (missing !== undefined) throw missingSnapshot(missing)

    const record = await prepareAudit(query, false)
    let outcome: 'linked' | 'taken'
    try {
      const changedMs = await timeAfter(namespace, state.newest?.position)
      outcome = opens
        ? await opening.open(namespace, { at, bytes, changedMs })
        : await files.claim(paths.release(namespace, at), bytes, {
            changedMs,
            before: file => notes.note(namespace, file),
          })
    } catch (error) {
      await abandonAudit(query, record)
      throw error
    }
    if (outcome === 'linked' || (await meet(query)) === 'appended') {
      await keepAudit(namespace, record)
      return 'appended'
    }
    await record?.discard()
    return 'taken'
  }
}

/** A folder or something too large where a release should be: taken, and the board is damaged. */
function noRelease(error: unknown): 'no release' {
  if (isUnfit(error)) return 'no release'
  throw error
}

/** Throws `store-damaged` with what to do. */
export function refuseDamage(namespace: Namespace, { damage, newest, highestEpoch }: LogState): void {
  if (damage === undefined) return
  const served: Position | undefined = newest?.position
  throw new NoticeboardError(
    'store-damaged',
    `the board of ${namespace} is damaged: ${damage}. ${served === undefined ? 'It has nothing to serve' : `It goes on serving ${formatPosition(served)}`} and takes no releases; ` +
      `restore the missing files, or open a new epoch with a number above ${highestEpoch}`,
  )
}
