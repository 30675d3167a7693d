import type { Namespace } from '../../contracts/names.js'
import type { ClientReport } from '../../contracts/report.js'
import { fairShare } from '../../fleet/fair-share.js'
import { firstToForget } from '../../fleet/first-to-forget.js'
import type { Key } from './engine.js'

/** What is remembered of a report that a store keeps: enough to say which goes first. */
export interface KeptReport extends Pick<ClientReport, 'phase' | 'nextReportWithinMs' | 'firstHeardAt'> {
  readonly receivedAt: string
  readonly bytes: number
  /** From when on it is forgotten anyway, by the clock that stamps reports. */
  readonly expiresMs: number
}

/** What this process wrote or found of a store's reports, so that they have a bound together. */
export interface KeptReports {
  /** One was written. */
  wrote(namespace: Namespace, key: Key, report: KeptReport): void
  /** All there are of a namespace. */
  found(namespace: Namespace, all: ReadonlyMap<Key, KeptReport>): void
  /**
   * Names those that are too many, which count no more from now on: of each namespace that has more
   * than its share, those that go first.
   */
  takeExcess(nowMs: number): ReadonlyMap<Namespace, readonly Key[]>
  readonly bytes: number
}

/**
 * Makes a count of reports that are `maxBytes` together at most. Where that is not enough, each
 * namespace gets an even share, and what the small ones leave of it.
 *
 * ```ts
 * kept.wrote(namespace, key, report)
 * for (const [namespace, remove] of kept.takeExcess(nowMs)) await engine.write({ if: [], put: [], remove }, signal)
 * ```
 */
export function createKeptReports({ maxBytes }: { readonly maxBytes: number }): KeptReports {
  const byNamespace = new Map<Namespace, { words: Map<Key, KeptReport>; bytes: number }>()
  let bytes = 0

  const of = (namespace: Namespace): { words: Map<Key, KeptReport>; bytes: number } => {
    const known = byNamespace.get(namespace) ?? { words: new Map<Key, KeptReport>(), bytes: 0 }
    byNamespace.set(namespace, known)
    return known
  }

  const drop = (namespace: Namespace, key: Key): void => {
    const own = byNamespace.get(namespace)
    const word = own?.words.get(key)
    if (own === undefined || word === undefined) return
    own.words.delete(key)
    own.bytes -= word.bytes
    bytes -= word.bytes
    if (own.words.size === 0) byNamespace.delete(namespace)
  }

  const wrote = (namespace: Namespace, key: Key, report: KeptReport): void => {
    drop(namespace, key)
    const own = of(namespace)
    own.words.set(key, report)
    own.bytes += report.bytes
    bytes += report.bytes
  }

  const dropExpired = (nowMs: number): void => {
    for (const [namespace, { words }] of byNamespace)
      for (const [key, { expiresMs }] of words) if (expiresMs < nowMs) drop(namespace, key)
  }

  return {
    wrote,
    found(namespace, all) {
      for (const key of [...(byNamespace.get(namespace)?.words.keys() ?? [])]) drop(namespace, key)
      for (const [key, report] of all) wrote(namespace, key, report)
    },
    takeExcess(nowMs) {
      const excess = new Map<Namespace, readonly Key[]>()
      if (bytes <= maxBytes) return excess
      dropExpired(nowMs)
      const share = fairShare(
        Array.from(byNamespace.values(), own => own.bytes),
        maxBytes,
      )
      for (const [namespace, own] of byNamespace) {
        if (own.bytes <= share) continue
        const ordered = firstToForget(Array.from(own.words, ([key, word]) => ({ ...word, key })))
        const keys: Key[] = []
        for (const { key } of ordered) {
          if (own.bytes <= share) break
          drop(namespace, key)
          keys.push(key)
        }
        excess.set(namespace, keys)
      }
      return excess
    },
    get bytes() {
      return bytes
    },
  }
}
