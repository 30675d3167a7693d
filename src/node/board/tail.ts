import { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock, Logger } from '../../contracts/system.js'
import { comparePositions } from '../../contracts/position.js'
import type { BoardLog, Entry } from './log.js'
import type { FolderWatch } from '../disk/folder-watch.js'
import { inWords } from '../disk/system-error.js'

export interface BoardTailOptions {
  readonly log: BoardLog
  readonly clock: Clock
  readonly pollIntervalMs: number
  readonly logger: Logger | undefined
  /** Makes the wait shorter where the system tells of changes; the poll goes on beside it. */
  readonly folderWatch: FolderWatch | undefined
  /** The folder in which the next release will appear. */
  readonly folderOf: (namespace: Namespace, entry: Entry) => string
  /** Runs now and then while somebody follows. */
  readonly sweep: (namespace: Namespace) => Promise<void>
  /** Whether it should run with the next poll. */
  readonly sweepNow: (namespace: Namespace) => boolean
}

/** What a follower hears. Releases only move on; after `failed` nothing comes any more. */
export interface Follower {
  release(entry: Entry): void
  failed(error: NoticeboardError): void
}

/** Follows the logs of namespaces: one poll a namespace, however many follow it. */
export interface BoardTail {
  follow(namespace: Namespace, follower: Follower): () => void
  /** Says that there is something new, so that nobody waits for the poll. */
  poke(namespace: Namespace): void
  /** Ends everything; followers hear that the store was closed. */
  close(): void
}

/** How often a followed board is swept. */
const SWEEP_INTERVAL_MS = 60_000

export function boardTail(options: BoardTailOptions): BoardTail {
  const tails = new Map<Namespace, Tail>()

  return {
    follow(namespace, follower) {
      let tail = tails.get(namespace)
      if (tail === undefined) {
        tail = startTail(namespace, options, () => tails.delete(namespace))
        tails.set(namespace, tail)
      }
      return tail.add(follower)
    },
    poke: namespace => tails.get(namespace)?.poke(),
    close() {
      for (const tail of [...tails.values()])
        tail.fail(new NoticeboardError('closed', 'the store was closed'))
    },
  }
}

interface Tail {
  add(follower: Follower): () => void
  poke(): void
  fail(error: NoticeboardError): void
}

function startTail(namespace: Namespace, options: BoardTailOptions, ended: () => void): Tail {
  const { log, clock, pollIntervalMs, logger, folderWatch, folderOf, sweep, sweepNow } = options
  const followers = new Set<Follower>()
  let told: Entry | undefined
  let stopWatching: (() => void) | undefined
  let watched: string | undefined
  let cancelPoll: (() => void) | undefined
  let sweepAtMs = clock.monotonic() + SWEEP_INTERVAL_MS
  /** `looking`: a look is under way. `again`: and something came since it began. */
  let state: 'idle' | 'looking' | 'again' | 'ended' = 'idle'

  const end = (): void => {
    if (state === 'ended') return
    state = 'ended'
    cancelPoll?.()
    stopWatching?.()
    ended()
  }

  const fail = (error: NoticeboardError): void => {
    const listening = [...followers]
    followers.clear()
    end()
    for (const follower of listening) follower.failed(error)
  }

  const watchFolder = (folder: string): void => {
    if (folderWatch === undefined || watched === folder) return
    stopWatching?.()
    watched = folder
    // A system without room for another watch leaves us with the poll.
    stopWatching = folderWatch(folder, poke, () =>
      logger?.debug('changes of a folder are not told by the system; polling it', { folder }),
    )
  }

  const look = async (): Promise<void> => {
    if (clock.monotonic() >= sweepAtMs || sweepNow(namespace)) {
      sweepAtMs = clock.monotonic() + SWEEP_INTERVAL_MS
      await sweep(namespace)
    }
    const { newest } = await log.read({ namespace })
    if (newest === undefined || isEnded()) return
    watchFolder(folderOf(namespace, newest))
    if (told !== undefined && comparePositions(newest.position, told.position) !== 'newer') return
    told = newest
    // Whoever wrote it may have died before the pointer followed; by the next poll that shows.
    sweepAtMs = Math.min(sweepAtMs, clock.monotonic() + pollIntervalMs)
    for (const follower of followers) follower.release(newest)
  }
  // A function, since the compiler believes that nothing changes `state` behind its back.
  const isEnded = (): boolean => state === 'ended'

  const run = async (): Promise<void> => {
    state = 'looking'
    try {
      await look()
    } catch (error) {
      fail(inWords(error, `read the board of ${namespace}`))
    }
    if (isEnded()) return
    const again = (state as string) === 'again'
    state = 'idle'
    if (again) void run()
    else cancelPoll = clock.after(pollIntervalMs, () => void run())
  }

  const poke = (): void => {
    if (state === 'looking') state = 'again'
    if (state !== 'idle') return
    cancelPoll?.()
    void run()
  }

  return {
    poke,
    fail,
    add(follower) {
      followers.add(follower)
      if (told !== undefined) follower.release(told)
      else if (state === 'idle') void run()
      return () => {
        if (followers.delete(follower) && followers.size === 0) end()
      }
    },
  }
}
