import type { Namespace } from '../../contracts/names.js'
import { comparePositions, type Position } from '../../contracts/position.js'
import type { StandingQuery } from '../../contracts/transport.js'
import type { Board } from './board.js'
import { notedAtMs, notePrefix, prefixOf, type BoardNotes } from './notes.js'
import { NOTED_MS } from '../../core/limits.js'
import { isForbidden } from '../disk/system-error.js'

/** How long one look at a namespace counts where nobody is known to write to it, in milliseconds: much shorter than notes stand. */
const LOOK_COUNTS_MS = NOTED_MS / 3

/** Which namespaces are still as they were found, by one listing for all of them. */
export interface BoardStanding {
  /** A look that began at a monotonic time found this to be the newest, and nothing wrong. */
  looked(namespace: Namespace, found: { readonly position: Position; readonly beganMs: number }): void
  /** What was known of a namespace counts no more. */
  forget(namespace: Namespace): void
  /** Of the given, those whose newest release is the given one, as of this call. */
  among(queries: readonly StandingQuery[]): Promise<ReadonlySet<Namespace>>
}

interface Look {
  readonly prefix: string
  readonly position: Position
  readonly beganMs: number
}

/**
 * Remembers looks. Whoever writes leaves a note before, which stands for an hour; so what was looked at
 * some minutes ago at most, and of which no note stands now, is as it was. Where notes go before their
 * time, or their folder was last changed earlier than it was, a backup was put back, and nothing is known any more.
 */
export function boardStanding({ clock, hasher }: Board, notes: BoardNotes): BoardStanding {
  const looks = new Map<Namespace, Look>()
  /** When each note that stood at the last listing was first seen. */
  let seen: ReadonlyMap<string, number> = new Map()
  /** When the folder of the notes was changed for the last time before the last listing. */
  let changedMs = Number.NEGATIVE_INFINITY

  const list = async (): Promise<readonly string[] | undefined> => {
    try {
      const nowMs = await notes.changedMs()
      if (nowMs === undefined) return undefined
      // What was copied with its times is older; and what is looked at once too often does no harm.
      if (nowMs < changedMs) looks.clear()
      changedMs = nowMs
      return await notes.standing()
    } catch (error) {
      if (isForbidden(error)) return undefined
      throw error
    }
  }

  /** Whether a note is gone that should still be there. */
  const wentBack = (names: ReadonlySet<string>, nowMs: number): boolean => {
    for (const [name, firstMs] of seen)
      if (!names.has(name) && nowMs - firstMs < NOTED_MS / 2 && !isOld(name)) return true
    return false
  }

  /** A note that was old when it was first seen goes soon. */
  const isOld = (name: string): boolean => clock.now() - notedAtMs(name) > NOTED_MS / 2

  return {
    looked(namespace, { position, beganMs }) {
      const prefix = looks.get(namespace)?.prefix ?? notePrefix(namespace, hasher)
      looks.set(namespace, { prefix, position, beganMs })
    },
    forget: namespace => void looks.delete(namespace),
    async among(queries) {
      const askedMs = clock.monotonic()
      const listed = await list()
      const standing = new Set<Namespace>()
      if (listed === undefined) return standing
      const names = new Set(listed)
      if (wentBack(names, askedMs)) looks.clear()
      seen = new Map(listed.map(name => [name, seen.get(name) ?? askedMs]))
      const written = new Set(listed.map(prefixOf))
      for (const { namespace, position } of queries) {
        const look = looks.get(namespace)
        if (look === undefined || askedMs - look.beganMs > LOOK_COUNTS_MS) continue
        if (!written.has(look.prefix) && comparePositions(look.position, position) === 'same')
          standing.add(namespace)
      }
      return standing
    },
  }
}
