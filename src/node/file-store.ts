import { resolve } from 'node:path'
import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import { isDigest, parseNamespace, type Digest, type Namespace } from '../contracts/names.js'
import type { Clock, Crypto, Disk, Logger, Random } from '../contracts/ports.js'
import { epochNumber, formatPosition, isEpoch, isSequence, type Position } from '../contracts/position.js'
import type { Report } from '../contracts/report.js'
import type { Latest, LogEntry, ReportTransport, Store, WatchTransport } from '../contracts/transport.js'
import { assertDigest, digestOf } from '../core/digest.js'
import { decodeRelease, digestsOf } from '../core/release.js'
import { MAX_SNAPSHOT_BYTES } from '../core/strict-parse.js'
import { systemClock, systemCrypto, systemRandom } from '../ports/system.js'
import { createBoard } from './board.js'
import { boardAppender, readForAppend } from './board-append.js'
import { boardAudit } from './board-audit.js'
import { openBoardFolder } from './board-folder.js'
import { boardLog, type LogState } from './board-log.js'
import { findNamespaces } from './board-namespaces.js'
import { boardOpening } from './board-opening.js'
import { boardPointer } from './board-pointer.js'
import { boardReports } from './board-reports.js'
import { boardReserve } from './board-reserve.js'
import { boardSnapshots } from './board-snapshots.js'
import { boardTail } from './board-tail.js'
import { watchBoard } from './board-watch.js'
import { nodeFolderWatch } from './folder-watch.js'
import { processTag, type ProcessTag } from './process-tag.js'
import { doing, inWords } from './system-error.js'
import { createTurns } from './turns.js'

export interface FileStoreOptions {
  /** The disk; the machine's unless given, with modes that let a web server read what is served and nobody else the rest. */
  readonly disk?: Disk
  readonly clock?: Clock
  readonly random?: Random
  readonly crypto?: Crypto
  /** How soon releases of other processes are seen where the system does not tell of them, in milliseconds; 500 unless given. */
  readonly pollMs?: number
  /** The largest snapshot that is taken, in bytes; 1 MiB unless given. */
  readonly maxSnapshotBytes?: number
  /** Hears of damage and of what could not be repaired; silent unless given. */
  readonly logger?: Logger
  /** Who writes, to tell what a dead process left behind; this process unless given. */
  readonly owner?: ProcessTag
}

/** A board in a folder: a store, its own notifications, and the reports of its clients. */
export interface FileStore extends Store, WatchTransport, ReportTransport, AsyncDisposable {
  next(
    query: { readonly namespace: Namespace; readonly after: Position },
    signal: AbortSignal,
  ): Promise<Latest>
  reports(query: { readonly namespace: Namespace }, signal: AbortSignal): Promise<readonly Report[]>
  namespaces(signal: AbortSignal): Promise<readonly Namespace[]>
  schema(query: { readonly namespace: Namespace }, signal: AbortSignal): Promise<Uint8Array | undefined>
  putSchema(
    query: { readonly namespace: Namespace; readonly bytes: Uint8Array },
    signal: AbortSignal,
  ): Promise<void>
  remove(
    query: { readonly namespace: Namespace; readonly digest: Digest },
    signal: AbortSignal,
  ): Promise<void>
  /** Ends every watch and writes reports that are still in memory. Calls after it throw `closed`. Twice is harmless. */
  close(): Promise<void>
}

/**
 * The embedded default store: a plain folder as docs/formats.md describes it, of which any web server can serve the `public`
 * half. Several processes may use one folder at the same time; of two appends at one position exactly one succeeds, and what was
 * acknowledged survives kill -9. Nothing is read or written before the first call. The folder is made when
 * something is first written, by a call that throws `unsupported` if its file system does not take hard links.
 */
export function fileStore(folder: string, options: FileStoreOptions = {}): FileStore {
  const { clock = systemClock, random = systemRandom, crypto = systemCrypto, owner = processTag() } = options
  const { pollMs = 500, maxSnapshotBytes = MAX_SNAPSHOT_BYTES, logger } = options
  if (typeof folder !== 'string' || folder === '' || folder.includes('\0')) {
    throw new NoticeboardError(
      'invalid-option',
      'fileStore() wants the path of a folder, such as "/var/lib/board"',
    )
  }
  if (!(pollMs > 0))
    throw new NoticeboardError('invalid-option', 'pollMs must be a number of milliseconds above 0')
  if (!(maxSnapshotBytes > 0))
    throw new NoticeboardError('invalid-option', 'maxSnapshotBytes must be a number of bytes above 0')

  const board = createBoard(resolve(folder), { disk: options.disk, clock, random, crypto, owner, logger })
  const { disk, paths } = board
  const log = boardLog(board)
  const reserve = boardReserve(board)
  const audit = boardAudit(board, log)
  const pointer = boardPointer(board, log)
  const opening = boardOpening(board, log)
  const snapshots = boardSnapshots(board)
  const append = boardAppender(board, { log, audit, opening, snapshots })
  const inTurn = createTurns()
  const warned = new Map<Namespace, string>()
  const touched = new Map<Namespace, Promise<void>>()
  let opened: Promise<void> | undefined
  let closing: Promise<void> | undefined

  /** Opens the folder for writing, once; a failure is tried again by the next call. */
  const open = (): Promise<void> => {
    opened ??= openBoardFolder(board, reserve).catch((error: unknown) => {
      opened = undefined
      throw error
    })
    return opened
  }

  /**
   * Brings what follows the log back in step with it. Only whoever has the private half may: a mirror in the middle of a copy looks
   * as if it needed repair. Readers without the permission leave it to those who write.
   */
  const repair = async (namespace: Namespace): Promise<void> => {
    try {
      if ((await board.hiddenDisk.stat(paths.temporary)) === undefined) return
      await opening.finish(namespace)
      await pointer.repair(namespace)
      await audit.repair(namespace)
    } catch (error) {
      logger?.debug('the board could not be repaired from here', {
        namespace,
        reason: inWords(error, 'repair the board').message,
      })
    }
  }

  /** After an append, which stands whatever becomes of this. */
  const movePointer = async (namespace: Namespace): Promise<void> => {
    try {
      await pointer.repair(namespace)
    } catch (error) {
      const { message } = inWords(error, 'write release.json')
      logger?.warn('the release is in the log, but the pointer to it could not be moved yet', {
        namespace,
        reason: message,
      })
    }
  }

  const reports = boardReports(board, open)
  const tail = boardTail({
    log,
    clock,
    pollMs,
    logger,
    folderWatch: options.disk === undefined ? nodeFolderWatch : undefined,
    folderOf: (namespace, { position }) => paths.releases({ namespace, epoch: position.epoch }),
    sweep: repair,
  })

  /** Before each call: the name is safe to make a path of, the store is open, and somebody still wants the answer. */
  const enter = (namespace: unknown, signal: AbortSignal): void => {
    parseNamespace(namespace)
    if (closing !== undefined) throw new NoticeboardError('closed', 'the store was closed')
    if (!signal.aborted) return
    throw isNoticeboardError(signal.reason)
      ? signal.reason
      : new NoticeboardError('closed', 'the call was given up before it began', { cause: signal.reason })
  }

  /** The newest release; a namespace that is touched for the first time is repaired before. */
  const look = async (namespace: Namespace): Promise<LogState> => {
    const repaired = touched.get(namespace) ?? repair(namespace)
    touched.set(namespace, repaired)
    await repaired
    const state = await log.read({ namespace })
    if (state.damage !== undefined && warned.get(namespace) !== state.damage) {
      warned.set(namespace, state.damage)
      logger?.error('the board is damaged; it goes on serving and takes no releases', {
        namespace,
        damage: state.damage,
      })
    }
    return state
  }

  const tagOf = (position: Position, bytes: Uint8Array): string =>
    `${formatPosition(position)}-${digestOf(crypto, bytes).slice(0, 16)}`

  const following = async (namespace: Namespace, after: Position): Promise<Latest> => {
    const { newest } = await look(namespace)
    if (newest === undefined) return { type: 'none' }
    const at = { epoch: after.epoch, sequence: after.sequence + 1 }
    const beyond = newest.position.epoch === at.epoch && newest.position.sequence < at.sequence
    const bytes = beyond ? undefined : await log.bytesAt(namespace, at)
    if (bytes !== undefined) return { type: 'release', bytes, tag: tagOf(at, bytes) }
    // The end of an epoch is followed by the first release of the next one.
    const newestNumber = epochNumber(newest.position.epoch)
    const later = (await log.epochs(namespace))
      .map(epochNumber)
      .filter(number => number > epochNumber(after.epoch) && number < newestNumber)
    const number = Math.min(...later, newestNumber)
    const epoch =
      number === newestNumber
        ? newest.position.epoch
        : (await log.epochs(namespace)).find(other => epochNumber(other) === number)
    if (epoch === undefined || epochNumber(epoch) <= epochNumber(after.epoch)) return { type: 'none' }
    const first = await log.bytesAt(namespace, { epoch, sequence: 1 })
    return first === undefined
      ? { type: 'none' }
      : { type: 'release', bytes: first, tag: tagOf({ epoch, sequence: 1 }, first) }
  }

  return {
    name: `file ${paths.root}`,
    durability: 'single',
    maxSnapshotBytes,

    async latest({ namespace, tag }, signal) {
      enter(namespace, signal)
      const { newest } = await doing(`read the board of ${namespace}`, () => look(namespace))
      if (newest === undefined) return { type: 'none' }
      const own = tagOf(newest.position, newest.bytes)
      return own === tag ? { type: 'unchanged' } : { type: 'release', bytes: newest.bytes, tag: own }
    },

    async next({ namespace, after }, signal) {
      enter(namespace, signal)
      if (!isEpoch(after.epoch) || !isSequence(after.sequence))
        throw new NoticeboardError('invalid-option', 'next() wants a position to go on from')
      return doing(`read the board of ${namespace}`, () => following(namespace, after))
    },

    async snapshot({ namespace, digest, maxBytes }, signal) {
      enter(namespace, signal)
      wantDigest(digest)
      const bytes = await doing(`read a snapshot of ${namespace}`, () =>
        snapshots.read({ namespace, digest, maxBytes }),
      )
      if (bytes === undefined)
        throw new NoticeboardError(
          'not-found',
          `the board of ${namespace} has no snapshot ${digest.slice(0, 12)}…, or not yet`,
        )
      return bytes
    },

    async *watch({ namespaces }, signal) {
      for (const namespace of namespaces) parseNamespace(namespace)
      if (signal.aborted) return
      if (closing !== undefined) throw new NoticeboardError('closed', 'the store was closed')
      const newest = async (namespace: Namespace) =>
        (await doing(`read the board of ${namespace}`, () => look(namespace))).newest
      yield* watchBoard({ namespaces, tail, clock, newest }, signal)
    },

    async put({ namespace, digest, bytes }, signal) {
      enter(namespace, signal)
      wantDigest(digest)
      if (bytes.length > maxSnapshotBytes) {
        throw new NoticeboardError(
          'too-large',
          `the snapshot has ${bytes.length} bytes; this store takes ${maxSnapshotBytes}`,
        )
      }
      assertDigest(crypto, { bytes, digest, what: 'the snapshot' })
      await open()
      await doing(`keep a snapshot of ${namespace}`, () => snapshots.write({ namespace, digest, bytes }))
    },

    async append(query, signal) {
      const { namespace, urgent = false } = query
      enter(namespace, signal)
      readForAppend(query)
      const write = async (): Promise<'appended' | 'taken'> => {
        await open()
        await look(namespace)
        return append(query)
      }
      return inTurn(namespace, () =>
        doing(`append to the board of ${namespace}`, async () => {
          const outcome = urgent ? await reserve.use(write) : await write()
          if (outcome === 'taken') return outcome
          tail.poke(namespace)
          await movePointer(namespace)
          // Given up by an urgent release, and there may be room again.
          if (!urgent && !(await reserve.keep()))
            logger?.warn('there is no room for the reserve of the board; free some space', {
              folder: paths.root,
            })
          return outcome
        }),
      )
    },

    async *history({ namespace, limit = Number.POSITIVE_INFINITY }, signal) {
      enter(namespace, signal)
      const what = `read the log of ${namespace}`
      await doing(what, () => look(namespace))
      let left = limit
      for (const epoch of await doing(what, () => log.epochs(namespace))) {
        const listed = await doing(what, () => log.sequences({ namespace, epoch }))
        for (let sequence = listed[0] ?? 0; sequence >= 1 && left > 0;) {
          enter(namespace, signal)
          const entry = await doing(what, () => entryAt(namespace, { epoch, sequence }))
          if (entry !== undefined) yield entry
          left -= entry === undefined ? 0 : 1
          // One by one, since a listing may miss what was just written; over a gap to what it shows.
          sequence = entry === undefined ? (listed.find(lower => lower < sequence) ?? 0) : sequence - 1
        }
      }
    },

    async report(states, signal) {
      for (const { namespace } of states) enter(namespace, signal)
      reports.hear(states)
    },

    async reports({ namespace }, signal) {
      enter(namespace, signal)
      return doing(`read the reports of ${namespace}`, () => reports.all(namespace))
    },

    async namespaces(signal) {
      enter('any', signal)
      return doing('list the namespaces of the board', () => findNamespaces(board, log))
    },

    async schema({ namespace }, signal) {
      enter(namespace, signal)
      return doing(`read the schema of ${namespace}`, () =>
        disk.read(paths.schema(namespace), maxSnapshotBytes),
      )
    },

    async putSchema({ namespace, bytes }, signal) {
      enter(namespace, signal)
      if (bytes.length > maxSnapshotBytes)
        throw new NoticeboardError(
          'too-large',
          `the schema has ${bytes.length} bytes; this store takes ${maxSnapshotBytes}`,
        )
      await open()
      await doing(`keep the schema of ${namespace}`, async () => {
        await disk.makeFolder(paths.namespace(namespace))
        await board.files.replace(paths.schema(namespace), bytes)
      })
    },

    async remove({ namespace, digest }, signal) {
      enter(namespace, signal)
      wantDigest(digest)
      await open()
      await doing(`remove a snapshot of ${namespace}`, async () => {
        const { newest } = await look(namespace)
        if (newest !== undefined && digestsOf(decodeRelease(newest.bytes).release).includes(digest)) {
          throw new NoticeboardError(
            'rejected',
            `the newest release of ${namespace} names the snapshot ${digest.slice(0, 12)}…; publish another first`,
          )
        }
        await snapshots.remove({ namespace, digest })
      })
    },

    close,
    [Symbol.asyncDispose]: close,
  }

  async function entryAt(namespace: Namespace, position: Position): Promise<LogEntry | undefined> {
    const bytes = await log.bytesAt(namespace, position)
    if (bytes === undefined) return undefined
    const record = await audit.read(namespace, position)
    return { bytes, ...(record !== undefined && { audit: record }) }
  }

  function close(): Promise<void> {
    closing ??= reports.flush()
    tail.close()
    return closing
  }
}

function wantDigest(digest: unknown): void {
  if (!isDigest(digest))
    throw new NoticeboardError('invalid-option', 'a digest is 64 lower-case hexadecimal digits')
}
