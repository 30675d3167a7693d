import { NoticeboardError } from '../../contracts/errors.js'
import type { Protection, StateStorage } from '../../contracts/state.js'
import type { Clock } from '../../contracts/system.js'

/**
 * How long a disk may take for one operation, in milliseconds: a network drive that is gone never
 * answers at all.
 */
const ANSWER_MS = 10_000

/**
 * How long all that a start asks of it may take together, in milliseconds, so that a start keeps the
 * 2 s that `ready()` promises; and the least that its last question gets.
 */
const START_MS = 1_000
const LEAST_MS = 250

/**
 * Time is counted in so many parts. A part that comes late counts once: a process that the machine
 * does not let run cannot hear its disk either, and that is no fault of the disk.
 */
const PARTS = 20

/**
 * A storage whose operations throw `timeout` instead of hanging, so that a disk cannot hold up a
 * client. After one that hung every other throws at once, until the disk answered that one.
 */
export function boundedStorage(storage: StateStorage, clock: Clock): StateStorage {
  const { bounded, atStart } = createLimits(clock)
  const { protect } = storage
  return {
    clientId: proposed => bounded(() => storage.clientId(proposed), atStart()),
    load: query => bounded(() => storage.load(query), atStart()),
    save: query => bounded(() => storage.save(query)),
    readSnapshot: query => bounded(() => storage.readSnapshot(query)),
    writeSnapshot: query => bounded(() => storage.writeSnapshot(query)),
    ...(protect !== undefined && {
      protect: async query =>
        boundedProtection(await bounded(() => protect.call(storage, query), atStart()), bounded),
    }),
  }
}

type Bounded = <Result>(begin: () => Promise<Result>, timeoutMs?: number) => Promise<Result>

/** The time that one operation has, and what is known of the disk from those before it. */
function createLimits(clock: Clock): { readonly bounded: Bounded; readonly atStart: () => number } {
  /** Operations that have not answered, though their time is up. */
  const hung = new Set<Promise<unknown>>()
  /** What ends each operation that is waited for. */
  const waiting = new Set<() => void>()
  let startedMs: number | undefined

  const gone = (timeoutMs: number): NoticeboardError =>
    new NoticeboardError('timeout', `the state folder did not answer within ${timeoutMs} ms`)

  const bounded: Bounded = (begin, timeoutMs = ANSWER_MS) => {
    if (hung.size > 0)
      return Promise.reject(new NoticeboardError('timeout', 'the state folder has stopped answering'))
    const work = begin()
    return new Promise((resolve, reject) => {
      const leave = (): void => {
        over()
        hung.add(work)
        const answered = (): void => void hung.delete(work)
        work.then(answered, answered)
        reject(gone(timeoutMs))
      }
      const over = (): void => {
        cancel()
        waiting.delete(leave)
      }
      waiting.add(leave)
      const cancel = afterParts(clock, timeoutMs, () => {
        // One that hangs speaks for all: nothing waits for the same disk a second time.
        for (const end of waiting) end()
      })
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
    bounded,
    atStart() {
      startedMs ??= clock.monotonic()
      return Math.max(START_MS - (clock.monotonic() - startedMs), LEAST_MS)
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
