import type { ClientReport } from '../contracts/report.js'

/** When a word was heard; the receiver stamps both. */
type Stamps = Required<Pick<ClientReport, 'receivedAt' | 'firstHeardAt'>>

/** The members that differ from one instance to the next, or that are looked at in the registry. */
type Own = Pick<
  ClientReport,
  'clientId' | 'instanceId' | 'count' | 'upMs' | 'sinceMs' | 'phase' | 'nextReportWithinMs' | 'labels'
>

/**
 * A last word as it is kept, of which the parts that many instances have in common are kept once.
 */
export interface PackedWord extends Own, Stamps {
  readonly previous: ClientReport['previous']
  readonly measures: ClientReport['measures']
  /** Every other member, as JSON: most instances of a fleet say the same. */
  readonly rest: string
}

/**
 * Packs a report; `same` gives back one text for all that are equal.
 *
 * ```ts
 * const word = packWord(report, { receivedAt, firstHeardAt: receivedAt }, createInterner())
 * ```
 */
export function packWord(report: ClientReport, stamps: Stamps, same: (text: string) => string): PackedWord {
  const {
    clientId,
    instanceId,
    count,
    upMs,
    sinceMs,
    phase,
    nextReportWithinMs,
    labels,
    previous,
    measures,
    ...said
  } = report
  const { receivedAt: _, firstHeardAt: __, ...rest } = said
  return {
    clientId,
    instanceId,
    count,
    upMs,
    sinceMs,
    phase,
    nextReportWithinMs,
    labels: Object.fromEntries(Object.entries(labels).map(([name, value]) => [name, same(value)])),
    previous: previous && {
      ...previous,
      ...(previous.digest !== undefined && { digest: same(previous.digest) }),
    },
    measures,
    rest: same(JSON.stringify(rest)),
    receivedAt: stamps.receivedAt,
    firstHeardAt: stamps.firstHeardAt,
  }
}

/**
 * Makes a reader of packed words, which parses what they have in common once: one for all words of
 * an answer.
 *
 * ```ts
 * const reports = words.map(wordReader())
 * ```
 */
export function wordReader(): (word: PackedWord) => ClientReport {
  const parsed = new Map<string, Omit<ClientReport, keyof PackedWord>>()
  const parse = (rest: string): Omit<ClientReport, keyof PackedWord> => {
    const known = parsed.get(rest) ?? (JSON.parse(rest) as Omit<ClientReport, keyof PackedWord>)
    parsed.set(rest, known)
    return known
  }
  // Members by their names first, and what is spread last: any other order takes twenty times as
  // long.
  return word => ({
    clientId: word.clientId,
    instanceId: word.instanceId,
    count: word.count,
    upMs: word.upMs,
    sinceMs: word.sinceMs,
    phase: word.phase,
    ...(word.nextReportWithinMs !== undefined && { nextReportWithinMs: word.nextReportWithinMs }),
    labels: word.labels,
    receivedAt: word.receivedAt,
    firstHeardAt: word.firstHeardAt,
    ...(word.previous !== undefined && { previous: word.previous }),
    ...(word.measures !== undefined && { measures: word.measures }),
    ...parse(word.rest),
  })
}
