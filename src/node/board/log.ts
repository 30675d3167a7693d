import type { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import { epochNumber, type Epoch, type Position } from '../../contracts/position.js'
import type { Board } from './board.js'
import { positionIn, readLink } from './release-link.js'
import { boardPlaces, type Entry } from './places.js'
import { epochsIn } from './paths.js'
import { inWords, isForbidden, isUnfit, systemErrorCode } from '../disk/system-error.js'
import { CHECKED_RELEASES, LISTED_RELEASES, MAX_RELEASE_BYTES } from '../../core/limits.js'

/** What a log holds. */
export interface LogState {
  /** The newest well-formed release, which is served whatever else is wrong. */
  readonly newest?: Entry | undefined
  /** Why a newer one that the disk shows is not told of: it could not be made durable yet. */
  readonly withheld?: NoticeboardError | undefined
  /** What is wrong, in words: then nothing is appended. */
  readonly damage?: string | undefined
  /**
   * The highest number of an epoch with a release; 0 when there is none. A new epoch's is higher.
   */
  readonly highestEpoch: number
}

/** The log of each namespace, read from the disk; what was checked once is remembered. */
export interface BoardLog {
  /**
   * The newest release. Looks at what follows the one known before; `thorough` looks for gaps:
   * everywhere in a log of up to {@link LISTED_RELEASES}, and among the newest
   * {@link CHECKED_RELEASES} of a longer one, so that neither costs more the longer it is.
   */
  read(query: { readonly namespace: Namespace; readonly thorough?: boolean }): Promise<LogState>
  /** The bytes at a position, whatever they are. */
  bytesAt(namespace: Namespace, position: Position): Promise<Uint8Array | undefined>
  /** The epochs that hold a release, newest first. */
  epochs(namespace: Namespace): Promise<readonly Epoch[]>
  /** The sequences that an epoch's folder lists, newest first. */
  sequences(query: { readonly namespace: Namespace; readonly epoch: Epoch }): Promise<readonly number[]>
}

/**
 * Why a folder cannot be made durable although nothing is wrong with the disk, beside a permission
 * that is missing.
 */
const NOTHING_TO_SYNC: ReadonlySet<string> = new Set(['EINVAL', 'ENOENT', 'ENOTSUP'])

/** What was found the last time: an undamaged log and its end. */
interface Known {
  readonly epochs: string
  readonly newest: Entry
}

export function boardLog(board: Board): BoardLog {
  const { fs, paths } = board
  const known = new Map<Namespace, Known>()
  const { bytesAt, exists, listed, check, gapIn, gapBefore } = boardPlaces(board)

  /** An epoch begins at 1, so that only a folder without that one is listed. */
  const holdsRelease = async (namespace: Namespace, epoch: Epoch): Promise<boolean> =>
    (await exists(namespace, { epoch, sequence: 1 })) || (await listed(namespace, epoch)).size > 0

  const namesOf = async (namespace: Namespace): Promise<readonly Epoch[]> =>
    [...epochsIn(await fs.list(paths.epochs(namespace)))].sort(
      (a, b) => epochNumber(b) - epochNumber(a) || (a < b ? -1 : 1),
    )

  /** The bytes of the pointer; undefined where there is none that could be one. */
  const pointerOf = (namespace: Namespace): Promise<Uint8Array | undefined> =>
    fs.read(paths.pointer(namespace), MAX_RELEASE_BYTES).catch((error: unknown) => {
      if (isUnfit(error)) return undefined
      throw error
    })

  /** The epoch that is served: the highest; of two with one number the pointer's. */
  const choose = async (
    namespace: Namespace,
    names: readonly Epoch[],
  ): Promise<{ readonly epoch: Epoch; readonly damage?: string } | undefined> => {
    const twins: Epoch[] = []
    for (const epoch of names) {
      if (twins[0] !== undefined && epochNumber(epoch) !== epochNumber(twins[0])) break
      // A folder without a release was left by a process that died before its first one.
      if (await holdsRelease(namespace, epoch)) twins.push(epoch)
    }
    const [first, second] = twins
    if (first === undefined || second === undefined) return first === undefined ? undefined : { epoch: first }
    const pointer = await pointerOf(namespace)
    const served = pointer && readLink(pointer)?.epoch
    return {
      epoch: twins.find(twin => twin === served) ?? first,
      damage: `the epochs ${twins.join(' and ')} have the same number`,
    }
  }

  /**
   * The release that the pointer names, where so many lie before it that they are not listed, and
   * the newest of them are in order; undefined for every other log, and for one that has to be
   * looked at to say what is wrong.
   */
  const endOfLongLog = async (namespace: Namespace, epoch: Epoch): Promise<Entry | undefined> => {
    const pointer = await pointerOf(namespace)
    const end = pointer && positionIn(pointer)
    if (end === undefined || end.epoch !== epoch || end.sequence <= LISTED_RELEASES) return undefined
    let newest: Entry | undefined
    for (let sequence = end.sequence - CHECKED_RELEASES; sequence <= end.sequence; sequence += 1) {
      const { entry, problem } = await check(namespace, { epoch, sequence }, newest)
      if (entry === undefined || problem !== undefined) return undefined
      newest = entry
    }
    return newest
  }

  /** Looks at everything of an epoch that a damaged log would show. */
  const examine = async (namespace: Namespace, epoch: Epoch): Promise<Extent> => {
    const end = await endOfLongLog(namespace, epoch)
    if (end !== undefined) return { newest: end }
    const found = await listed(namespace, epoch)
    const gap = await gapIn(namespace, epoch, found)
    const descending = [...found].sort((a, b) => b - a)
    let newest: Entry | undefined
    let damage: string | undefined
    // One more than is checked, so that the oldest of those has one before it.
    for (const sequence of descending.slice(0, CHECKED_RELEASES + 1).reverse()) {
      const before = newest?.position.sequence === sequence - 1 ? newest : undefined
      const { entry, problem } = await check(namespace, { epoch, sequence }, before)
      newest = entry ?? newest
      damage ??= problem
    }
    for (const sequence of newest === undefined ? descending.slice(CHECKED_RELEASES + 1) : []) {
      newest = (await check(namespace, { epoch, sequence }, undefined)).entry
      if (newest !== undefined) break
    }
    return { newest, damage: gap ?? damage }
  }

  /** What was checked before need not be again; a gap may have come since. */
  const recall = async (namespace: Namespace, { newest }: Known, thorough: boolean): Promise<Extent> => {
    const { epoch, sequence } = newest.position
    if (!thorough) return { newest }
    const damage =
      sequence > LISTED_RELEASES
        ? await gapBefore(namespace, newest.position)
        : await gapIn(namespace, epoch, await listed(namespace, epoch))
    return { newest, damage }
  }

  /** Goes on from a release that was checked. */
  const walk = async (namespace: Namespace, from: Entry): Promise<Extent> => {
    for (let newest = from; ;) {
      const position = { epoch: newest.position.epoch, sequence: newest.position.sequence + 1 }
      if (!(await exists(namespace, position))) return { newest }
      const { entry, problem } = await check(namespace, position, newest)
      if (entry === undefined || problem !== undefined) return { newest: entry ?? newest, damage: problem }
      newest = entry
    }
  }

  /**
   * Whether what was known is still there, and no epoch above it or beside it got a release since.
   */
  const stillHolds = async (
    namespace: Namespace,
    { newest }: Known,
    names: readonly Epoch[],
  ): Promise<boolean> => {
    const { epoch } = newest.position
    for (const other of names) {
      if (
        other !== epoch &&
        epochNumber(other) >= epochNumber(epoch) &&
        (await holdsRelease(namespace, other))
      )
        return false
    }
    return exists(namespace, newest.position)
  }

  /** Whether a log still ends where it did; side by side, for that is the usual answer. */
  const endsAt = async (namespace: Namespace, { epoch, sequence }: Position): Promise<boolean> => {
    const [isThere, goesOn] = await Promise.all([
      exists(namespace, { epoch, sequence }),
      exists(namespace, { epoch, sequence: sequence + 1 }),
    ])
    return isThere && !goesOn
  }

  /**
   * Makes what a folder lists durable, so that nobody is told of a release that the power may still
   * take: its place would be given to another one. Resolves with what the disk refused it with;
   * where only the permission is missing, its writer does it.
   */
  const makeDurable = async (namespace: Namespace, epoch: Epoch): Promise<NoticeboardError | undefined> => {
    try {
      await fs.syncFolder(paths.releases({ namespace, epoch }))
      return undefined
    } catch (error) {
      if (isForbidden(error) || NOTHING_TO_SYNC.has(systemErrorCode(error) ?? '')) return undefined
      return inWords(error, `make the newest release of ${namespace} durable`)
    }
  }

  return {
    bytesAt,

    async read({ namespace, thorough = false }) {
      const before = known.get(namespace)
      const [names, stays] = await Promise.all([
        namesOf(namespace),
        before !== undefined && !thorough && endsAt(namespace, before.newest.position),
      ])
      const epochs = names.join(' ')
      if (before !== undefined && stays && before.epochs === epochs && isHighest(before.newest, names))
        return { newest: before.newest, highestEpoch: epochNumber(before.newest.position.epoch) }
      const holds =
        before !== undefined && before.epochs === epochs && (await stillHolds(namespace, before, names))
      const choice = holds ? { epoch: before.newest.position.epoch } : await choose(namespace, names)
      known.delete(namespace)
      if (choice === undefined) return { highestEpoch: 0 }

      const highestEpoch = epochNumber(choice.epoch)
      const start = holds ? await recall(namespace, before, thorough) : await examine(namespace, choice.epoch)
      const walked = start.newest === undefined ? start : await walk(namespace, start.newest)
      const isNew = walked.newest !== undefined && !(holds && walked.newest === start.newest)
      const refused = isNew ? await makeDurable(namespace, choice.epoch) : undefined
      // After a start whatever the disk shows is served, for there is nothing else.
      const end = refused === undefined || !holds ? walked : start
      const damage = choice.damage ?? start.damage ?? end.damage
      if (end.newest !== undefined && damage === undefined && (refused === undefined || holds))
        known.set(namespace, { epochs, newest: end.newest })
      return { newest: end.newest, withheld: end === walked ? undefined : refused, damage, highestEpoch }
    },

    async epochs(namespace) {
      const found: Epoch[] = []
      for (const epoch of await namesOf(namespace))
        if (await holdsRelease(namespace, epoch)) found.push(epoch)
      return found
    },

    sequences: async ({ namespace, epoch }) => [...(await listed(namespace, epoch))].sort((a, b) => b - a),
  }
}

/** Whether no other epoch could be served in the place of a release's own. */
function isHighest({ position: { epoch } }: Entry, names: readonly Epoch[]): boolean {
  return names.every(other => other === epoch || epochNumber(other) < epochNumber(epoch))
}

interface Extent {
  readonly newest?: Entry | undefined
  readonly damage?: string | undefined
}
