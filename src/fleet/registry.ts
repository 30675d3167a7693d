import type { Namespace } from '../contracts/names.js'
import type { Clock } from '../contracts/system.js'
import type { ClientReport } from '../contracts/report.js'
import { MISSING_AFTER_PERIODS } from '../core/limits.js'
import { lastWord } from '../core/report/last-word.js'
import { createInterner } from './interner.js'
import { packWord, wordReader, type PackedWord } from './packed-word.js'

/** The last word of each client, as far as it was heard here. */
export interface Registry {
  /**
   * Takes a last report, and stamps when it came, and when its instance was first heard. The highest count of an instance holds, in
   * whatever order they come. Returns whether this one holds now.
   */
  add(report: ClientReport): boolean
  /** The last words of a namespace's clients. */
  of(namespace: Namespace): readonly ClientReport[]
  /** Since when reports are taken here, as a time of docs/formats.md. */
  readonly since: string
  readonly size: number
}

interface Entry {
  readonly namespace: Namespace
  readonly word: PackedWord
  readonly heardAtMs: number
}

/** How many entries are looked at for each one that has to go. */
const SEARCHED = 64

/**
 * Makes a registry of 100,000 instances at most, unless `maxInstances` is given, each of which takes
 * less than 1 KB where labels are as a fleet's are. Instances that stopped or are missing make room
 * first.
 *
 * ```ts
 * const registry = createRegistry({ clock })
 * registry.add(report)
 * const fleet = summarizeFleet({ since, asOf, reports: registry.of('checkout/prod') }, newest)
 * ```
 */
export function createRegistry({
  clock,
  maxInstances = 100_000,
}: {
  readonly clock: Clock
  readonly maxInstances?: number
}): Registry {
  /** The one that was silent for longest first. */
  const entries = new Set<Entry>()
  const byNamespace = new Map<Namespace, Map<string, Entry>>()
  const same = createInterner()
  const since = new Date(clock.now()).toISOString()

  const remove = (entry: Entry): void => {
    const { namespace, word } = entry
    entries.delete(entry)
    const instances = byNamespace.get(namespace)
    instances?.delete(word.instanceId)
    if (instances?.size === 0) byNamespace.delete(namespace)
  }

  const makeRoom = (): void => {
    const nowMs = clock.monotonic()
    let oldest: Entry | undefined
    let looked = 0
    for (const candidate of entries) {
      oldest ??= candidate
      const { word, heardAtMs } = candidate
      if (word.phase === 'stopped' || nowMs - heardAtMs > word.nextReportWithinMs * MISSING_AFTER_PERIODS) {
        oldest = candidate
        break
      }
      looked += 1
      if (looked >= SEARCHED) break
    }
    if (oldest !== undefined) remove(oldest)
  }

  const take = (report: ClientReport): boolean => {
    const { namespace, instanceId } = report
    const known = byNamespace.get(namespace)?.get(instanceId)
    if (known !== undefined && known.word.count > report.count) return false
    const receivedAt = new Date(clock.now()).toISOString()
    const heard = packWord(report, { receivedAt, firstHeardAt: receivedAt }, same)
    // What was heard again moves to the young end, so that the silent gather at the old one.
    if (known !== undefined) entries.delete(known)
    else if (entries.size >= maxInstances) makeRoom()
    const entry: Entry = {
      namespace,
      word: known === undefined ? heard : lastWord(known.word, heard),
      heardAtMs: clock.monotonic(),
    }
    entries.add(entry)
    const instances = byNamespace.get(namespace)
    if (instances === undefined) byNamespace.set(namespace, new Map([[instanceId, entry]]))
    else instances.set(instanceId, entry)
    return true
  }

  return {
    add: take,
    since,
    of(namespace) {
      const read = wordReader()
      return Array.from(byNamespace.get(namespace)?.values() ?? [], ({ word }) => read(word))
    },
    get size() {
      return entries.size
    },
  }
}
