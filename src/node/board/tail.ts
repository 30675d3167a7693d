import { createLane, type Lane } from '../../async/lane.js'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock, Logger } from '../../contracts/system.js'
import { comparePositions } from '../../contracts/position.js'
import { firstOf } from '../../core/first-of.js'
import { followNotes } from './follow-notes.js'
import type { LogState } from './log.js'
import type { Entry } from './places.js'
import type { BoardNotes } from './notes.js'
import { sweepIntervalMs } from './sweep-interval.js'
import type { FolderWatch } from '../disk/folder-watch.js'
import { inWords } from '../disk/system-error.js'

export interface BoardTailOptions {
  /** The end of a log now. */
  readonly read: (namespace: Namespace) => Promise<LogState>
  readonly clock: Clock
  /**
   * How long it is between two polls of a namespace, in milliseconds, where no more are followed
   * than are polled in that time.
   */
  readonly pollIntervalMs: number
  readonly logger: Logger | undefined
  /** Makes the wait shorter where the system tells of changes; the poll goes on beside it. */
  readonly folderWatch: FolderWatch | undefined
  /** The folder in which the next release will appear. */
  readonly folderOf: (namespace: Namespace, entry: Entry) => string
  /** Where writers say what they write to. */
  readonly notes: Pick<BoardNotes, 'standing'>
  /** The beginning of the names of a namespace's notes. */
  readonly prefixOf: (namespace: Namespace) => string
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

/**
 * Follows the logs of namespaces: one poll a namespace, however many follow it; and of however many
 * namespaces so many polls in a time, so that a large board costs as much as a small one: there one
 * listing of the notes tells which namespaces are written to. Polls come in rounds, from one timer:
 * a look at a disk that rests costs ten times as much as one after another look. What the system
 * tells of, and what is said by `poke`, waits for no poll.
 */
export interface BoardTail {
  follow(namespace: Namespace, follower: Follower): () => void
  /** Says that there is something new, so that nobody waits for the poll. */
  poke(namespace: Namespace): void
  /** Ends everything; followers hear that the store was closed. */
  close(): void
}

/** So many namespaces are polled each at its interval. */
const FEW = 32

/**
 * Of more so many are polled within the time between two polls: what is written there is told by
 * notes and by the system, and a look at each is for what neither told.
 */
const POLLED = 8

/** A round is as long as so many polls of one namespace at most, and looks at as many more. */
const LONGEST_ROUND = 8

/**
 * How many looks are under way at the same time: the disk's threads are few, and who asks for one
 * release shares them.
 */
const LOOKS = 2

/** After how long a look no longer keeps others waiting, in milliseconds. */
const PATIENCE_MS = 1_000

export function boardTail(options: BoardTailOptions): BoardTail {
  const tails = new Map<Namespace, Tail>()
  const byPrefix = new Map<string, Tail>()
  let stopNotes: (() => void) | undefined
  let cancelRound: (() => void) | undefined
  const pace: Pace = {
    inLane: createLane({ inFlight: LOOKS, patienceMs: PATIENCE_MS, clock: options.clock }),
    isOneOfFew: () => tails.size <= FEW,
    sweepMs: () => sweepIntervalMs(tails.size),
  }

  const nextRound = (): void => {
    const polls = pace.isOneOfFew() ? 1 : Math.min(LONGEST_ROUND, tails.size / POLLED)
    cancelRound = options.clock.after(options.pollIntervalMs * polls, round)
  }
  const round = (): void => {
    for (const [namespace, tail] of firstOf(tails, POLLED * LONGEST_ROUND)) {
      // A map keeps the order of insertion: whoever had its turn goes to the end of the row.
      tails.delete(namespace)
      tails.set(namespace, tail)
      tail.poll()
    }
    nextRound()
  }

  const follow = (): (() => void) =>
    followNotes({
      notes: options.notes,
      clock: options.clock,
      intervalMs: options.pollIntervalMs,
      tell: prefix => byPrefix.get(prefix)?.poke(),
    })
  const leaveNotes = (): void => {
    stopNotes?.()
    stopNotes = undefined
  }

  return {
    follow(namespace, follower) {
      let tail = tails.get(namespace)
      if (tail === undefined) {
        const prefix = options.prefixOf(namespace)
        tail = startTail(namespace, { ...options, ...pace }, () => {
          tails.delete(namespace)
          byPrefix.delete(prefix)
          if (pace.isOneOfFew()) leaveNotes()
          if (tails.size > 0) return
          cancelRound?.()
          cancelRound = undefined
        })
        tails.set(namespace, tail)
        byPrefix.set(prefix, tail)
        if (!pace.isOneOfFew()) stopNotes ??= follow()
        if (cancelRound === undefined) nextRound()
      }
      return tail.add(follower)
    },
    poke: namespace => tails.get(namespace)?.poke(),
    close() {
      for (const tail of [...tails.values()])
        tail.fail(new NoticeboardError('closed', 'the store was closed; open a new one'))
    },
  }
}

interface Tail {
  add(follower: Follower): () => void
  /** Looks when there is room; what is poked meanwhile does not wait. */
  poll(): void
  poke(): void
  fail(error: NoticeboardError): void
}

interface Pace {
  /** For looks that nobody waits for. */
  readonly inLane: Lane
  /** Whether so few are followed that each is polled at its interval. */
  readonly isOneOfFew: () => boolean
  /** How often each namespace is swept, given how many there are, in milliseconds. */
  readonly sweepMs: () => number
}

function startTail(namespace: Namespace, options: BoardTailOptions & Pace, ended: () => void): Tail {
  const { read, clock, pollIntervalMs, logger, folderWatch, folderOf, sweep, sweepNow } = options
  const { inLane, isOneOfFew, sweepMs } = options
  const followers = new Set<Follower>()
  let told: Entry | undefined
  let stopWatching: (() => void) | undefined
  let watched: string | undefined
  /** Whether a poll waits for its place. */
  let queued = false
  let sweepAtMs = clock.monotonic() + sweepMs()
  /** `looking`: a look is under way. `again`: and something came since it began. */
  let state: 'idle' | 'looking' | 'again' | 'ended' = 'idle'

  const end = (): void => {
    if (state === 'ended') return
    state = 'ended'
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
      sweepAtMs = clock.monotonic() + sweepMs()
      await sweep(namespace)
    }
    const { newest } = await read(namespace)
    if (newest === undefined || isEnded()) return
    watchFolder(folderOf(namespace, newest))
    if (told !== undefined && comparePositions(newest.position, told.position) !== 'newer') return
    // Of many that are there at the start, those that were opened were put in order by that.
    const mayBeBehind = told !== undefined || isOneOfFew()
    told = newest
    // Whoever wrote it may have died before the pointer followed; by the next poll that shows.
    if (mayBeBehind) sweepAtMs = Math.min(sweepAtMs, clock.monotonic() + pollIntervalMs)
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
  }

  const poll = (): void => {
    if (queued || state !== 'idle') return
    queued = true
    void inLane(async () => {
      queued = false
      if (state === 'idle') await run()
    })
  }

  const poke = (): void => {
    if (state === 'looking') state = 'again'
    if (state === 'idle') void run()
  }

  return {
    poll,
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
