import { createHash } from 'node:crypto'

/** Everything that happened in a history, in order, with digests of what was moved. */
export interface Trace {
  add(actor: string, event: string, detail?: string): void
  /** SHA-256 over all events; those of one instant in the order of their actors, which no engine's scheduling changes. */
  hash(): string
  readonly lines: readonly string[]
  readonly length: number
}

/** Makes a {@link Trace} that reads the time from a clock. */
export function createTrace(nowMs: () => number): Trace {
  const events: { readonly atMs: number; readonly actor: string; readonly text: string }[] = []
  const lineOf = ({ atMs, actor, text }: { atMs: number; actor: string; text: string }): string =>
    `${(atMs / 1000).toFixed(3).padStart(9)} ${actor} ${text}`

  return {
    add(actor, event, detail) {
      events.push({ atMs: nowMs(), actor, text: detail === undefined ? event : `${event} ${detail}` })
    },
    get lines() {
      return events.map(lineOf)
    },
    get length() {
      return events.length
    },
    hash() {
      const ordered = events.map((event, index) => ({ ...event, index }))
      ordered.sort(
        (a, b) =>
          a.atMs - b.atMs || (a.actor < b.actor ? -1 : a.actor > b.actor ? 1 : 0) || a.index - b.index,
      )
      const hash = createHash('sha256')
      for (const event of ordered) hash.update(`${lineOf(event)}\n`)
      return hash.digest('hex')
    },
  }
}
