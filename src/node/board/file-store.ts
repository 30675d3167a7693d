import { calmLogger } from '../../async/calm-logger.js'
import { settlesWithin } from '../../async/deadline.js'
import { createSerial } from '../../async/serial.js'
import { refuseIfAborted } from '../../async/signals.js'
import { checkAppend } from '../../core/release/log-order.js'
import { resolve } from 'node:path'
import { defaultDeltas } from '#default-deltas'
import type { Deltas } from '../../contracts/deltas.js'
import { NoticeboardError } from '../../contracts/errors.js'
import { parseDigest, parseNamespace, type Namespace } from '../../contracts/names.js'
import type { ClientReport } from '../../contracts/report.js'
import type { Fs, Logger, System } from '../../contracts/system.js'
import { isEpoch, isSequence } from '../../contracts/position.js'
import type { CompleteStore, StandingQuery } from '../../contracts/transport.js'
import { assertDigest } from '../../core/release/digest.js'
import { checkOptions, isPositive } from '../../core/options.js'
import { readDeltas } from '../../core/read-deltas.js'
import { decodeRelease, digestsOf } from '../../core/release/release.js'
import { readSystem } from '../../system/system.js'
import { createBoard } from './board.js'
import { boardAppender, refuseDamage } from './append.js'
import { boardAudit } from './audit.js'
import { boardDeltas } from './deltas.js'
import { openBoardFolder } from './folder.js'
import { boardLacking } from './lacking.js'
import { boardLog } from './log.js'
import type { Entry } from './places.js'
import { findNamespaces } from './namespaces.js'
import { boardNotes, notePrefix } from './notes.js'
import { boardStanding } from './standing.js'
import { boardOpening } from './opening.js'
import { boardPointer } from './pointer.js'
import { boardReader } from './reader.js'
import { boardReports } from './reports.js'
import { boardReserve } from './reserve.js'
import { boardRoom } from './room.js'
import { boardSnapshots } from './snapshots.js'
import { boardTail } from './tail.js'
import { boardUpkeep } from './upkeep.js'
import { watchBoard } from './watch.js'
import { boardWriting } from './writing.js'
import { nodeFolderWatch } from '../disk/folder-watch.js'
import { processTag, type ProcessTag } from '../disk/process-tag.js'
import { doing as doingOnDisk, inWords } from '../disk/system-error.js'
import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'

/** How long a store that closes waits for what is under way, in milliseconds. */
const CLOSING_MS = 10_000

/** How a board in a folder is kept. */
export interface FileStoreOptions {
  /**
   * The disk. Default: the machine's, with modes that let a web server read what is served and
   * nobody else the rest.
   */
  readonly fs?: Fs
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System>
  /**
   * How soon releases of other processes are seen where the system does not tell of them, in
   * milliseconds. Default 500. Of more than 32 namespaces that are followed, each is polled less
   * often the more there are, and once an interval those that somebody began to write to.
   */
  readonly pollIntervalMs?: number
  /** The largest snapshot that is taken, in bytes. Default 1 MiB. */
  readonly maxSnapshotBytes?: number
  /**
   * What makes deltas beside the snapshots; false makes none. Default: the runtime's own where it
   * has one, see `zstdDeltas()`.
   */
  readonly deltas?: Deltas | false
  /** Hears of damage and of what could not be repaired. Default: silent. */
  readonly logger?: Logger
  /** Who writes, to tell what a dead process left behind. Default: this process. */
  readonly owner?: ProcessTag
}

/** A board in a folder: a store, its own notifications, and the reports of its clients. */
export interface FileStore extends CompleteStore, AsyncDisposable {
  /** A delta that was made when its snapshot was published. */
  delta: NonNullable<CompleteStore['delta']>
  /**
   * Makes the folder ready to be written to, as the first write does by itself: makes what is
   * missing of it and tries whether it can be written to. For programs that want to know at their
   * start. Throws `unavailable` where the disk refuses, and `unsupported` on a file system without
   * hard links.
   *
   * ```ts
   * await store.open()
   * ```
   */
  open(): Promise<void>
  /**
   * Ends every watch, writes reports that are still in memory, and waits for what is under way.
   * Calls after it throw `closed`. Twice is harmless.
   */
  close(): Promise<void>
}

/**
 * The embedded default store: a plain folder as docs/formats.md describes it, of which any web
 * server can serve the `public` half. Several processes may use one folder at the same time; of two
 * appends at one position exactly one succeeds, and what was acknowledged survives kill -9. Nothing
 * is read or written before the first call. The folder is made when something is first written, by
 * a call that throws `unsupported` if its file system does not take hard links.
 *
 * ```ts
 * const server = await serve(fileStore('/var/lib/board'))
 * ```
 */
export function fileStore(folder: string, options: FileStoreOptions = {}): FileStore {
  checkOptions('fileStore()', options, {
    fs: true,
    system: true,
    pollIntervalMs: true,
    maxSnapshotBytes: true,
    deltas: true,
    logger: true,
    owner: true,
  })
  const { clock, random, hasher } = readSystem('fileStore()', options.system)
  const { owner = processTag() } = options
  const { pollIntervalMs = 500, maxSnapshotBytes = MAX_SNAPSHOT_BYTES } = options
  const logger = options.logger && calmLogger(options.logger, clock)
  if (typeof folder !== 'string' || folder === '' || folder.includes('\0')) {
    throw new NoticeboardError(
      'invalid-option',
      'fileStore() needs the path of a folder, such as "/var/lib/board"',
    )
  }
  if (!isPositive(pollIntervalMs)) {
    throw new NoticeboardError(
      'invalid-option',
      'fileStore(): pollIntervalMs must be a number of milliseconds above 0',
    )
  }
  if (!isPositive(maxSnapshotBytes)) {
    throw new NoticeboardError(
      'invalid-option',
      'fileStore(): maxSnapshotBytes must be a number of bytes above 0',
    )
  }

  const board = createBoard(resolve(folder), { fs: options.fs, clock, random, hasher, owner, logger })
  const { fs, paths } = board
  const log = boardLog(board)
  const reserve = boardReserve(board)
  const audit = boardAudit(board, log)
  const notes = boardNotes(board)
  const standing = boardStanding(board, notes)
  const opening = boardOpening(board, { log, notes })
  const snapshots = boardSnapshots(board)
  const deltas = boardDeltas(board, {
    log,
    snapshots,
    deltas: readDeltas('fileStore()', options.deltas, defaultDeltas),
    maxSnapshotBytes,
  })
  const lacking = boardLacking(board, log)
  const writing = boardWriting(board)
  const upkeep = boardUpkeep(board, { audit, opening, lacking, pointer: boardPointer(board, log), reserve })
  const { repair, isBehind } = upkeep
  const reader = boardReader(board, { log, audit, repair, isBehind, standing })
  const append = boardAppender(board, { log, audit, opening, snapshots, notes })
  const inTurn = createSerial()
  const underWay = new Set<Promise<unknown>>()
  const asked = new WeakSet<readonly StandingQuery[]>()
  let opened: Promise<void> | undefined
  let closing: Promise<void> | undefined

  /** Work that `close` waits for. */
  const tracked = <Result>(work: Promise<Result>): Promise<Result> => {
    const settled = work.then(
      () => void underWay.delete(settled),
      () => void underWay.delete(settled),
    )
    underWay.add(settled)
    return work
  }
  const doing: typeof doingOnDisk = (what, work) => tracked(doingOnDisk(what, work))

  /** Resolves when nothing touches the folder any more: what was begun, and what began after it. */
  const rest = async (): Promise<void> => {
    while (underWay.size > 0) {
      await Promise.all(underWay)
      await clock.turn()
    }
  }

  /** Opens the folder for writing, once; a failure is tried again by the next call. */
  const prepare = (): Promise<void> => {
    opened ??= doing(`open the board in ${paths.root}`, () => openBoardFolder(board, reserve)).catch(
      (error: unknown) => {
        opened = undefined
        throw error
      },
    )
    return opened
  }

  const reports = boardReports(board, { open: prepare, watch: writing.watch })
  const tail = boardTail({
    read: reader.read,
    clock,
    pollIntervalMs,
    logger,
    folderWatch: options.fs === undefined ? nodeFolderWatch : undefined,
    folderOf: (namespace, { position }) => paths.releases({ namespace, epoch: position.epoch }),
    notes,
    prefixOf: namespace => notePrefix(namespace, hasher),
    sweep: namespace => tracked(repair(namespace)),
    sweepNow: isBehind,
  })

  /**
   * Before each call: the name is safe to make a path of, the store is open, and somebody still
   * wants the answer.
   */
  const enter = (namespace: unknown, signal: AbortSignal): void => {
    parseNamespace(namespace)
    if (closing !== undefined) throw new NoticeboardError('closed', 'the store was closed; open a new one')
    refuseIfAborted(signal)
  }

  const close = (): Promise<void> => {
    closing ??= (async () => {
      // A disk that never answers must not hold its program.
      await settlesWithin(reports.flush().then(rest), { clock, timeoutMs: CLOSING_MS })
      logger?.end()
    })()
    tail.close()
    return closing
  }

  return {
    name: `file ${paths.root}`,
    durability: 'single',
    maxSnapshotBytes,

    async open() {
      if (closing !== undefined) throw new NoticeboardError('closed', 'the store was closed; open a new one')
      await prepare()
    },

    async latest({ namespace, tag }, signal) {
      enter(namespace, signal)
      return doing(`read the board of ${namespace}`, () => reader.latest(namespace, tag))
    },

    async standing(queries, signal) {
      enter('any', signal)
      // Those of an array that was asked about before were checked then.
      if (!asked.has(queries)) for (const { namespace } of queries) parseNamespace(namespace)
      asked.add(queries)
      return doing('look at the board', () => standing.among(queries))
    },

    async next({ namespace, after }, signal) {
      enter(namespace, signal)
      if (!isEpoch(after.epoch) || (after.sequence !== 0 && !isSequence(after.sequence))) {
        throw new NoticeboardError('invalid-option', 'next() needs a position to go on from')
      }
      return doing(`read the board of ${namespace}`, () => reader.next(namespace, after))
    },

    async snapshot({ namespace, digest, maxSnapshotBytes }, signal) {
      enter(namespace, signal)
      parseDigest(digest)
      const bytes = await doing(`read a snapshot of ${namespace}`, () =>
        snapshots.read({ namespace, digest, maxSnapshotBytes }),
      )
      if (bytes !== undefined) return bytes
      throw new NoticeboardError(
        'not-found',
        `the board of ${namespace} has no snapshot ${digest.slice(0, 12)}…, or not yet`,
      )
    },

    async delta(query, signal) {
      enter(query.namespace, signal)
      parseDigest(query.digest)
      parseDigest(query.base)
      return doing(`read a delta of ${query.namespace}`, () => deltas.read(query))
    },

    async *watch({ namespaces, alive }, signal) {
      if (signal.aborted) return
      for (const namespace of namespaces) enter(namespace, signal)
      const newest = async (namespace: Namespace): Promise<Entry | undefined> =>
        (await doing(`read the board of ${namespace}`, () => reader.look(namespace))).newest
      yield* watchBoard({ namespaces, alive, tail, clock, newest }, signal)
    },

    async put({ namespace, digest, bytes, urgent = false }, signal) {
      enter(namespace, signal)
      parseDigest(digest)
      wantSize(bytes, 'snapshot')
      assertDigest(hasher, { bytes, digest, what: 'the snapshot' })
      const write = (): Promise<void> => snapshots.write({ namespace, digest, bytes })
      await writing.watch(async () => {
        await prepare()
        await doing(`keep a snapshot of ${namespace}`, () => (urgent ? reserve.use(write) : write()))
      })
    },

    async append(query, signal) {
      const { namespace, urgent = false } = query
      enter(namespace, signal)
      checkAppend(query, hasher)
      const write = async (): Promise<'appended' | 'taken'> => {
        await prepare()
        await reader.look(namespace)
        return append(query)
      }
      return tracked(
        inTurn(namespace, () =>
          doing(`append to the board of ${namespace}`, async () => {
            const appended = writing.watch(() => (urgent ? reserve.use(write) : write()))
            void tracked(deltas.follow(query, appended))
            const outcome = await appended
            if (outcome === 'taken') return outcome
            tail.poke(namespace)
            await upkeep.follow(namespace)
            if (!urgent) await upkeep.restock()
            return outcome
          }),
        ),
      )
    },

    async *history({ namespace, limit = Number.POSITIVE_INFINITY }, signal) {
      enter(namespace, signal)
      let left = limit
      if (left <= 0) return
      try {
        for await (const entry of reader.history(namespace)) {
          yield entry
          left -= 1
          if (left <= 0) return
          enter(namespace, signal)
        }
      } catch (error) {
        throw inWords(error, `read the log of ${namespace}`)
      }
    },

    async report(states, signal) {
      for (const { namespace } of states) enter(namespace, signal)
      reports.hear(states)
      if (states.some(cannotWait)) await reports.flush()
    },

    async reports({ namespace }, signal) {
      enter(namespace, signal)
      return doing(`read the reports of ${namespace}`, async () => {
        const [heard, left, lacks, isRefused] = await Promise.all([
          reports.all(namespace),
          boardRoom(board),
          lacking.of(namespace),
          writing.isRefused(),
        ])
        const room = isRefused ? 'read-only' : left
        return { ...heard, ...(room !== undefined && { room }), ...(lacks !== undefined && { lacks }) }
      })
    },

    async namespaces(signal) {
      enter('any', signal)
      return doing('list the namespaces of the board', () => findNamespaces(board, log))
    },

    async schema({ namespace }, signal) {
      enter(namespace, signal)
      return doing(`read the schema of ${namespace}`, () =>
        fs.read(paths.schema(namespace), maxSnapshotBytes),
      )
    },

    async putSchema({ namespace, bytes }, signal) {
      enter(namespace, signal)
      wantSize(bytes, 'schema')
      await prepare()
      await doing(`keep the schema of ${namespace}`, async () => {
        await fs.makeFolder(paths.namespace(namespace))
        await board.files.replace(paths.schema(namespace), bytes)
      })
    },

    async remove({ namespace, digest }, signal) {
      enter(namespace, signal)
      parseDigest(digest)
      await prepare()
      await doing(`remove a snapshot of ${namespace}`, async () => {
        const state = await reader.look(namespace)
        // What the releases that are missing name is not known.
        refuseDamage(namespace, state)
        const { newest } = state
        if (newest !== undefined && digestsOf(decodeRelease(newest.bytes).release).includes(digest)) {
          throw new NoticeboardError(
            'forbidden',
            `the newest release of ${namespace} names the snapshot ${digest.slice(0, 12)}…; publish another first`,
          )
        }
        await snapshots.remove({ namespace, digest, before: () => deltas.forget(namespace, digest) })
      })
    },

    close,
    [Symbol.asyncDispose]: close,
  }

  function wantSize({ length }: Uint8Array, what: string): void {
    if (length <= maxSnapshotBytes) return
    throw new NoticeboardError(
      'too-large',
      `the ${what} has ${length} bytes; this store takes ${maxSnapshotBytes}: make it smaller, or raise maxSnapshotBytes of fileStore()`,
    )
  }
}

/**
 * Who goes has no time for later, and is missed where it would still count as there; who begins to
 * drive a rollout is missed until it is heard.
 */
function cannotWait({ role, phase }: ClientReport): boolean {
  return role?.type === 'controller' && (phase === 'stopped' || role.rollout !== undefined)
}
