import type { Namespace } from '../contracts/names.js'
import type { Clock } from '../contracts/system.js'
import type { ClientReport } from '../contracts/report.js'
import { MISSING_AFTER_PERIODS } from '../core/limits.js'
import { lastWord } from '../core/report/last-word.js'

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
  readonly report: ClientReport
  readonly heardAtMs: number
}

/** How many entries are looked at for each one that has to go. */
const SEARCHED = 64

/**
 * Makes a registry of 100,000 instances at most, unless `maxInstances` is given. Instances that
 * stopped or are missing make room first.
 *
 * ```ts
 * const registry = createRegistry({ clock })
 * registry.add(report)
 * const fleet = summarizeFleet(registry.of('checkout/prod'), newest, clock.now())
 * ```
 */
export function createRegistry({
  clock,
  maxInstances = 100_000,
}: {
  readonly clock: Clock
  readonly maxInstances?: number
}): Registry {
  /** By namespace and instance, the one that was silent for longest first. */
  const entries = new Map<string, Entry>()
  const byNamespace = new Map<Namespace, Set<string>>()
  const since = new Date(clock.now()).toISOString()

  const remove = (key: string, namespace: Namespace): void => {
    entries.delete(key)
    const keys = byNamespace.get(namespace)
    keys?.delete(key)
    if (keys?.size === 0) byNamespace.delete(namespace)
  }

  const makeRoom = (): void => {
    const nowMs = clock.monotonic()
    let oldest: readonly [string, Entry] | undefined
    let looked = 0
    for (const candidate of entries) {
      oldest ??= candidate
      const { report, heardAtMs } = candidate[1]
      if (
        report.phase === 'stopped' ||
        nowMs - heardAtMs > report.nextReportWithinMs * MISSING_AFTER_PERIODS
      ) {
        oldest = candidate
        break
      }
      looked += 1
      if (looked >= SEARCHED) break
    }
    if (oldest !== undefined) remove(oldest[0], oldest[1].report.namespace)
  }

  const take = (report: ClientReport): boolean => {
    const key = `${report.namespace}\n${report.instanceId}`
    const known = entries.get(key)
    if (known !== undefined && known.report.count > report.count) return false
    const { receivedAt: _, firstHeardAt: __, ...said } = report
    const receivedAt = new Date(clock.now()).toISOString()
    const heard = { ...said, receivedAt, firstHeardAt: receivedAt }
    // What was heard again moves to the young end, so that the silent gather at the old one.
    if (known !== undefined) entries.delete(key)
    else if (entries.size >= maxInstances) makeRoom()
    entries.set(key, {
      report: known === undefined ? heard : lastWord(known.report, heard),
      heardAtMs: clock.monotonic(),
    })
    const keys = byNamespace.get(report.namespace)
    if (keys === undefined) byNamespace.set(report.namespace, new Set([key]))
    else keys.add(key)
    return true
  }

  return {
    add: take,
    since,
    of: namespace => [...(byNamespace.get(namespace) ?? [])].flatMap(key => entries.get(key)?.report ?? []),
    get size() {
      return entries.size
    },
  }
}
