import { NoticeboardError } from '../../contracts/errors.js'
import type { Protection, StateStorage } from '../../contracts/state.js'
import type { Clock } from '../../contracts/system.js'

/**
 * How long a disk may take for one operation, in milliseconds: a network drive that is gone never
 * answers at all.
 */
const ANSWER_MS = 10_000

/**
 * How long all that a start asks of it may take together once something else waits for the answers,
 * in milliseconds, so that a start keeps the 2 s that `ready()` promises; and the least that is left
 * of it then.
 */
const START_MS = 1_000
const LEAST_MS = 250

/**
 * Time is counted in so many parts. A part that comes late counts once: a process that the machine
 * does not let run cannot hear its disk either, and that is no fault of the disk.
 */
const PARTS = 20

/** A {@link StateStorage} that never holds up a client. */
export interface BoundedStorage extends StateStorage {
  /**
   * What the start asks is waited for no longer than a second from its first question on: something
   * is there that can be used without it. Until then nothing is lost by waiting.
   */
  hurry(): void
}

/**
 * A storage whose operations throw `timeout` instead of hanging, so that a disk cannot hold up a
 * client. After one that hung every other throws at once, until the disk answered that one.
 */
export function boundedStorage(storage: StateStorage, clock: Clock): BoundedStorage {
  const { bounded, atStart, hurry } = createLimits(clock)
  const { protect } = storage
  return {
    hurry,
    clientId: proposed => atStart(() => storage.clientId(proposed)),
    load: query => atStart(() => storage.load(query)),
    save: query => bounded(() => storage.save(query)),
    readSnapshot: query => bounded(() => storage.readSnapshot(query)),
    writeSnapshot: query => bounded(() => storage.writeSnapshot(query)),
    ...(protect !== undefined && {
      protect: async query => boundedProtection(await atStart(() => protect.call(storage, query)), bounded),
    }),
  }
}

type Bounded = <Result>(begin: () => Promise<Result>) => Promise<Result>

/** The time that one operation has, and what is known of the disk from those before it. */
interface Limits {
  readonly bounded: Bounded
  /** The same for what a start asks. */
  readonly atStart: Bounded
  hurry(): void
}

/** An operation that is waited for. */
interface Waiting {
  /** Gives it so much time from now on. */
  limit(timeoutMs: number): void
  /** Waits no longer. */
  leave(): void
}

function createLimits(clock: Clock): Limits {
  /** Operations that have not answered, though their time is up. */
  const hung = new Set<Promise<unknown>>()
  const waiting = new Set<Waiting>()
  /** Those that the start waits for. */
  const starting = new Set<Waiting>()
  let startedMs: number | undefined
  let isHurried = false

  /** How much of its time a start has left. */
  const startLeftMs = (): number =>
    Math.max(START_MS - (clock.monotonic() - (startedMs ??= clock.monotonic())), LEAST_MS)

  const within =
    (own: Set<Waiting>, firstMs: () => number): Bounded =>
    begin => {
      if (hung.size > 0)
        return Promise.reject(new NoticeboardError('timeout', 'the state folder has stopped answering'))
      const timeoutMs = firstMs()
      const beganMs = clock.monotonic()
      const work = begin()
      return new Promise((resolve, reject) => {
        let limitMs = timeoutMs
        let cancel = (): void => {}
        const over = (): void => {
          cancel()
          waiting.delete(wait)
          own.delete(wait)
        }
        const wait: Waiting = {
          limit(leftMs) {
            cancel()
            limitMs = Math.round(clock.monotonic() - beganMs + leftMs)
            cancel = afterParts(clock, leftMs, () => {
              // One that hangs speaks for all: nothing waits for the same disk a second time.
              for (const each of waiting) each.leave()
            })
          },
          leave() {
            over()
            hung.add(work)
            const answered = (): void => void hung.delete(work)
            work.then(answered, answered)
            reject(new NoticeboardError('timeout', `the state folder did not answer within ${limitMs} ms`))
          },
        }
        waiting.add(wait)
        own.add(wait)
        wait.limit(timeoutMs)
        work.then(
          result => {
            over()
            resolve(result)
          },
          (error: unknown) => {
            over()
            reject(error as Error)
          },
        )
      })
    }

  return {
    bounded: within(new Set(), () => ANSWER_MS),
    atStart: within(starting, () => {
      const leftMs = startLeftMs()
      return isHurried ? leftMs : ANSWER_MS
    }),
    hurry() {
      if (isHurried) return
      isHurried = true
      for (const wait of starting) wait.limit(startLeftMs())
    },
  }
}

/** Calls back after a time in which this process ran; returns what takes it back. */
function afterParts(clock: Clock, timeoutMs: number, run: () => void): () => void {
  let left = PARTS
  let cancel = (): void => {}
  const next = (): void => {
    cancel = clock.after(timeoutMs / PARTS, () => {
      left -= 1
      if (left > 0) next()
      else run()
    })
  }
  next()
  return () => cancel()
}

function boundedProtection(protection: Protection, bounded: Bounded): Protection {
  const { slot, previous, drop, committed, earned, readmit } = protection
  return {
    slot,
    previous,
    drop,
    committed,
    earned,
    readmit,
    get quarantined() {
      return protection.quarantined
    },
    begin: trial => bounded(() => protection.begin(trial)),
    close: () => bounded(() => protection.close()),
  }
}
