import type { Clock } from '../../contracts/system.js'
import { prefixOf, type BoardNotes } from './notes.js'

/**
 * How long a namespace is told of again after its note was first seen, in milliseconds: the release
 * comes after the note.
 */
const FRESH_MS = 5_000

/**
 * Lists the notes of a board once an interval, and tells of the namespaces, by their prefixes, that
 * somebody began to write to a moment ago. Where there are no notes nothing is told. Never throws.
 *
 * ```ts
 * const stop = followNotes({ notes, clock, intervalMs: 500, tell: prefix => tails.get(prefix)?.poke() })
 * ```
 */
export function followNotes({ notes, clock, intervalMs, tell }: FollowNotesOptions): () => void {
  let firstSeen: ReadonlyMap<string, number> = new Map()
  let cancel: (() => void) | undefined
  let stopped = false

  const look = async (): Promise<void> => {
    try {
      const names = await notes.standing()
      const nowMs = clock.monotonic()
      firstSeen = new Map(names.map(name => [name, firstSeen.get(name) ?? nowMs]))
      for (const [name, firstMs] of firstSeen) {
        const prefix = prefixOf(name)
        if (!stopped && prefix !== undefined && nowMs - firstMs < FRESH_MS) tell(prefix)
      }
    } catch {
      // A disk that fails is told of by the looks at its namespaces, which go on.
    }
    schedule()
  }
  const schedule = (): void => {
    if (!stopped) cancel = clock.after(intervalMs, () => void look())
  }
  schedule()

  return () => {
    stopped = true
    cancel?.()
  }
}

export interface FollowNotesOptions {
  readonly notes: Pick<BoardNotes, 'standing'>
  readonly clock: Clock
  readonly intervalMs: number
  readonly tell: (prefix: string) => void
}
