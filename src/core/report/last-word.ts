import type { ClientReport } from '../../contracts/report.js'

/** What decides between two words, and when they were heard. */
export type TimedWord = Pick<ClientReport, 'clientId' | 'count' | 'receivedAt' | 'firstHeardAt'>

/**
 * What holds of two reports of one instance: the word with the higher count, and the earlier of the
 * two times at which the instance was first heard. The same word twice shows only that the instance
 * was there at the later time; what it said first stands. An instance that names another client than
 * before begins anew: else what was heard long ago could speak for any client.
 *
 * ```ts
 * const held = known === undefined ? report : lastWord(known, report)
 * ```
 */
export function lastWord<Word extends TimedWord>(known: Word, next: Word): Word {
  const word = next.count > known.count ? next : known
  const receivedAt = next.count === known.count ? latest(known.receivedAt, next.receivedAt) : word.receivedAt
  const firstHeardAt =
    known.clientId === next.clientId
      ? earliest(known.firstHeardAt ?? known.receivedAt, next.firstHeardAt ?? next.receivedAt)
      : (word.firstHeardAt ?? word.receivedAt)
  return {
    ...word,
    ...(receivedAt !== undefined && { receivedAt }),
    ...(firstHeardAt !== undefined && { firstHeardAt }),
  }
}

/**
 * The earlier of two times of docs/formats.md, where one of them may be unknown.
 *
 * ```ts
 * const since = earliest(ours, theirs) ?? asOf
 * ```
 */
export function earliest(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a < b ? a : b
}

function latest(a: string | undefined, b: string | undefined): string | undefined {
  if (a === undefined || b === undefined) return a ?? b
  return a > b ? a : b
}
