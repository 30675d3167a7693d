import type { Namespace } from '../../contracts/names.js'
import { comparePositions, type Position } from '../../contracts/position.js'
import type { StandingQuery } from '../../contracts/transport.js'
import type { Board } from './board.js'
import { notedAtMs, notePrefix, prefixOf, type BoardNotes } from './notes.js'
import { NOTED_MS } from '../../core/limits.js'
import { isForbidden } from '../disk/system-error.js'

/**
 * How long one look at a namespace counts where nobody is known to write to it, in milliseconds:
 * much shorter than notes stand.
 */
const LOOK_COUNTS_MS = NOTED_MS / 3

/** Which namespaces are still as they were found, by one listing for all of them. */
export interface BoardStanding {
  /** A look that began at a monotonic time found this to be the newest, and nothing wrong. */
  looked(namespace: Namespace, found: { readonly position: Position; readonly beganMs: number }): void
  /** What was known of a namespace counts no more. */
  forget(namespace: Namespace): void
  /**
   * Of the given, those whose newest release is the given one, as of this call. The same set for
   * the same array, while notes and looks say the same.
   */
  among(queries: readonly StandingQuery[]): Promise<ReadonlySet<Namespace>>
}

/** What was said to stand, and for how long that may be said again without a look at each. */
interface Answer {
  readonly standing: ReadonlySet<Namespace>
  readonly changes: number
  /** When the first of the looks that it rests on counts no more, in monotonic milliseconds. */
  readonly untilMs: number
}

interface Look {
  readonly prefix: string
  readonly position: Position
  readonly beganMs: number
}

/**
 * Remembers looks. Whoever writes leaves a note before, which stands for an hour; so what was
 * looked at some minutes ago at most, and of which no note stands now, is as it was. Where notes go
 * before their time, or their folder was last changed earlier than it was, a backup was put back,
 * and nothing is known any more.
 */
export function boardStanding({ clock, hasher }: Board, notes: BoardNotes): BoardStanding {
  const looks = new Map<Namespace, Look>()
  const answers = new WeakMap<readonly StandingQuery[], Answer>()
  /** What an answer left out only because no look at it counted. */
  const missing = new Set<Namespace>()
  /** Grows with whatever may change an answer. */
  let changes = 0
  /** When each note that stood at the last listing was first seen. */
  let seen: ReadonlyMap<string, number> = new Map()
  /** When the folder of the notes was changed for the last time before the last listing. */
  let changedMs = Number.NEGATIVE_INFINITY

  const list = async (): Promise<readonly string[] | undefined> => {
    try {
      const nowMs = await notes.changedMs()
      if (nowMs === undefined) return undefined
      // What was copied with its times is older; and what is looked at once too often does no harm.
      if (nowMs < changedMs) forgetAll()
      changedMs = nowMs
      return await notes.standing()
    } catch (error) {
      if (isForbidden(error)) return undefined
      throw error
    }
  }

  const forgetAll = (): void => {
    looks.clear()
    changes += 1
  }

  /** Whether a note is gone that should still be there. */
  const wentBack = (names: ReadonlySet<string>, nowMs: number): boolean => {
    for (const [name, firstMs] of seen)
      if (!names.has(name) && nowMs - firstMs < NOTED_MS / 2 && !isOld(name)) return true
    return false
  }

  /** A note that was old when it was first seen goes soon. */
  const isOld = (name: string): boolean => clock.now() - notedAtMs(name) > NOTED_MS / 2

  const answer = (
    queries: readonly StandingQuery[],
    { written, askedMs }: { readonly written: ReadonlySet<string | undefined>; readonly askedMs: number },
  ): Answer => {
    const standing = new Set<Namespace>()
    let oldestMs = Number.POSITIVE_INFINITY
    for (const { namespace, position } of queries) {
      const look = looks.get(namespace)
      if (look === undefined || askedMs - look.beganMs > LOOK_COUNTS_MS) {
        missing.add(namespace)
        continue
      }
      if (written.has(look.prefix) || comparePositions(look.position, position) !== 'same') continue
      standing.add(namespace)
      oldestMs = Math.min(oldestMs, look.beganMs)
    }
    return { standing, changes, untilMs: oldestMs + LOOK_COUNTS_MS }
  }

  return {
    looked(namespace, { position, beganMs }) {
      const before = looks.get(namespace)
      const isAsBefore = before !== undefined && comparePositions(before.position, position) === 'same'
      if (missing.delete(namespace) || !isAsBefore) changes += 1
      const prefix = before?.prefix ?? notePrefix(namespace, hasher)
      looks.set(namespace, { prefix, position, beganMs })
    },
    forget(namespace) {
      if (looks.delete(namespace)) changes += 1
    },
    async among(queries) {
      const askedMs = clock.monotonic()
      const listed = await list()
      if (listed === undefined) return new Set()
      const names = new Set(listed)
      if (wentBack(names, askedMs)) forgetAll()
      if (names.size !== seen.size || listed.some(name => !seen.has(name))) changes += 1
      seen = new Map(listed.map(name => [name, seen.get(name) ?? askedMs]))
      const before = answers.get(queries)
      if (before !== undefined && before.changes === changes && askedMs <= before.untilMs)
        return before.standing
      const now = answer(queries, { written: new Set(listed.map(prefixOf)), askedMs })
      answers.set(queries, now)
      return now.standing
    },
  }
}
