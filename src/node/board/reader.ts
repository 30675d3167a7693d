import type { Namespace } from '../../contracts/names.js'
import {
  comparePositions,
  epochNumber,
  formatPosition,
  type Epoch,
  type Position,
} from '../../contracts/position.js'
import type { Latest, LogEntry, Tag } from '../../contracts/transport.js'
import { digestOf } from '../../core/release/digest.js'
import type { Board } from './board.js'
import type { BoardAudit } from './audit.js'
import type { BoardLog, LogState } from './log.js'
import type { BoardStanding } from './standing.js'
import { sweepIntervalMs } from './sweep-interval.js'

/** The reading half of a board. */
export interface BoardReader {
  /** The end of the log as it is. */
  read(namespace: Namespace): Promise<LogState>
  /**
   * The newest release; a namespace is repaired before where that was done never, or long ago.
   */
  look(namespace: Namespace): Promise<LogState>
  latest(namespace: Namespace, tag: Tag | undefined): Promise<Latest>
  /** The release after a position; after the last of an epoch the first of the next. */
  next(namespace: Namespace, after: Position): Promise<Latest>
  /** The log, newest first. */
  history(namespace: Namespace): AsyncIterable<LogEntry>
}

/** What is remembered of the last look at a namespace. */
interface Look {
  readonly repaired: Promise<void>
  /** When that began, on the clock that never jumps. */
  readonly repairedMs: number
  readonly newest?: Position
  /** Whether the next one repairs first. */
  readonly isDue: boolean
}

export interface ReaderParts {
  readonly log: BoardLog
  readonly audit: BoardAudit
  readonly repair: (namespace: Namespace) => Promise<void>
  /** Whether a repair is due that should not wait. */
  readonly isBehind: (namespace: Namespace) => boolean
  readonly standing: Pick<BoardStanding, 'looked' | 'forget'>
}

export function boardReader(
  { hasher, logger, clock }: Board,
  { log, audit, repair, isBehind, standing }: ReaderParts,
): BoardReader {
  const looks = new Map<Namespace, Look>()
  const warned = new Map<Namespace, string>()

  const warn = (namespace: Namespace, damage: string): void => {
    if (warned.get(namespace) === damage) return
    warned.set(namespace, damage)
    logger?.error('the board is damaged; it goes on serving and takes no releases', { namespace, damage })
  }

  const read = async (namespace: Namespace): Promise<LogState> => {
    const beganMs = clock.monotonic()
    const state = await log.read({ namespace })
    const { newest, withheld, damage } = state
    if (newest === undefined || withheld !== undefined || damage !== undefined) standing.forget(namespace)
    else standing.looked(namespace, { position: newest.position, beganMs })
    return state
  }

  const look = async (namespace: Namespace): Promise<LogState> => {
    const before = looks.get(namespace)
    const nowMs = clock.monotonic()
    // What others did to the pointer shows by nothing that is remembered.
    const isRecent = before !== undefined && nowMs - before.repairedMs < sweepIntervalMs(looks.size)
    const isDue = !isRecent || before.isDue || isBehind(namespace)
    const repaired = isDue ? repair(namespace) : before.repaired
    const repairedMs = isDue ? nowMs : before.repairedMs
    looks.set(namespace, { ...before, repaired, repairedMs, isDue: false })
    await repaired
    const state = await read(namespace)
    if (state.damage !== undefined) warn(namespace, state.damage)
    const { newest } = state
    // Whoever asks for one name after another that nobody published to must not fill the memory.
    if (newest === undefined) looks.delete(namespace)
    // Whoever wrote what is new here may have died before the pointer followed: the next look
    // brings it there.
    else if (before?.newest === undefined || comparePositions(newest.position, before.newest) !== 'same')
      looks.set(namespace, {
        repaired,
        repairedMs,
        newest: newest.position,
        isDue: before?.newest !== undefined,
      })
    return state
  }

  const asLatest = (position: Position, bytes: Uint8Array): Latest & { readonly type: 'release' } => ({
    type: 'release',
    bytes,
    tag: `${formatPosition(position)}-${digestOf(hasher, bytes).slice(0, 16)}`,
  })

  const entryAt = async (namespace: Namespace, position: Position): Promise<LogEntry | undefined> => {
    const bytes = await log.bytesAt(namespace, position)
    if (bytes === undefined) return undefined
    const record = await audit.read(namespace, position)
    return { bytes, ...(record !== undefined && { audit: record }) }
  }

  /**
   * Newest first: the epoch that is known to be the newest one, where one is, and those before it.
   */
  async function* epochsOf(namespace: Namespace, newest: Epoch | undefined): AsyncGenerator<Epoch> {
    if (newest !== undefined) yield newest
    // One that was opened meanwhile is not before anything.
    const highest = newest === undefined ? Number.POSITIVE_INFINITY : epochNumber(newest)
    for (const epoch of await log.epochs(namespace)) if (epochNumber(epoch) < highest) yield epoch
  }

  return {
    read,
    look,

    async latest(namespace, tag) {
      const { newest } = await look(namespace)
      if (newest === undefined) return { type: 'none' }
      const latest = asLatest(newest.position, newest.bytes)
      return latest.tag === tag ? { type: 'unchanged' } : latest
    },

    async next(namespace, after) {
      const { newest } = await look(namespace)
      if (newest === undefined) return { type: 'none' }
      const { epoch: served, sequence: last } = newest.position
      const at = { epoch: after.epoch, sequence: after.sequence + 1 }
      const isPastEnd = served === at.epoch && last < at.sequence
      const bytes = isPastEnd ? undefined : await log.bytesAt(namespace, at)
      if (bytes !== undefined) return asLatest(at, bytes)
      if (epochNumber(served) <= epochNumber(after.epoch)) return { type: 'none' }

      const later = (await log.epochs(namespace)).filter(epoch => {
        const isBetween =
          epochNumber(epoch) > epochNumber(after.epoch) && epochNumber(epoch) < epochNumber(served)
        return isBetween || epoch === served
      })
      // Newest first: the last one is the next after the given one.
      const epoch = later.at(-1)
      if (epoch === undefined) return { type: 'none' }
      const first = await log.bytesAt(namespace, { epoch, sequence: 1 })
      return first === undefined ? { type: 'none' } : asLatest({ epoch, sequence: 1 }, first)
    },

    async *history(namespace) {
      const { newest, damage } = await look(namespace)
      // Whoever wants the newest ones alone does not wait for a listing of all.
      const known = damage === undefined ? newest?.position : undefined
      for await (const epoch of epochsOf(namespace, known?.epoch)) {
        let names: Promise<readonly number[]> | undefined
        const listed = (): Promise<readonly number[]> => (names ??= log.sequences({ namespace, epoch }))
        let sequence = known?.epoch === epoch ? known.sequence : ((await listed())[0] ?? 0)
        while (sequence >= 1) {
          const entry = await entryAt(namespace, { epoch, sequence })
          if (entry !== undefined) yield entry
          // One by one, since a listing may miss what was just written; over a gap to what it
          // shows.
          const before = sequence
          sequence = entry !== undefined ? before - 1 : ((await listed()).find(lower => lower < before) ?? 0)
        }
      }
    },
  }
}
