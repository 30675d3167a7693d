import type { Digest } from '../../contracts/names.js'
import type { LoadedState, Pardon, Quarantine, SavedAttempt } from '../../contracts/state.js'
import { latestPardons } from './attempts.js'
import { HELD_MS, isDead, judge, type FolderRecord, type Judge } from './judge-attempts.js'

/** What is held against snapshots, as far as one instance knows. */
export interface Ledger {
  readonly quarantined: readonly Quarantine[]
  readonly pardoned: readonly Pardon[]
  /** What processes that are gone left behind, as long as it counts. */
  readonly left: readonly SavedAttempt[]
}

export const EMPTY_LEDGER: Ledger = { quarantined: [], pardoned: [], left: [] }

/**
 * Everything that is known of who tried what: what a folder tells, and what was not written yet.
 */
export function recordOf(found: LoadedState, { quarantined, pardoned }: Ledger): FolderRecord {
  return {
    attempts: found.attempts ?? [],
    quarantined: [...(found.quarantined ?? []), ...quarantined],
    pardoned: [...(found.pardoned ?? []), ...pardoned],
  }
}

/** A ledger with what the folder tells now, and the snapshots that are under quarantine since. */
export function withFound(
  ledger: Ledger,
  found: LoadedState,
  by: Judge,
): { readonly ledger: Ledger; readonly convicted: readonly Digest[] } {
  const { build, nowMs } = by
  const record = recordOf(found, ledger)
  const pardoned = latestPardons(record.pardoned)
  const counts = ({ beatAt, digest }: SavedAttempt): boolean => {
    const pardon = pardoned.find(other => other.digest === digest)
    return Math.abs(nowMs - Date.parse(beatAt)) <= HELD_MS && (pardon === undefined || beatAt > pardon.at)
  }
  const left = record.attempts.filter(attempt => isDead(attempt, by) && counts(attempt))
  const convicted = [...new Set(left.map(({ digest }) => digest))].filter(digest => {
    const { verdict, until } = judge(digest, record, by)
    return verdict === 'guilty' && until === undefined
  })
  const known = new Map(record.quarantined.map(each => [`${each.digest} ${each.build}`, each]))
  const until = new Date(nowMs + HELD_MS).toISOString()
  for (const digest of convicted) known.set(`${digest} ${build}`, { digest, build, until })
  const isHeld = (each: Quarantine): boolean =>
    Date.parse(each.until) > nowMs &&
    (each.build !== build || judge(each.digest, { ...record, quarantined: [each] }, by).until !== undefined)
  return { ledger: { quarantined: [...known.values()].filter(isHeld), pardoned, left }, convicted }
}

/** A ledger in which nothing is held against these snapshots any more. */
export function withPardon(
  { quarantined, pardoned, left }: Ledger,
  digests: readonly Digest[],
  at: string,
): Ledger {
  const isOther = ({ digest }: { readonly digest: Digest }): boolean => !digests.includes(digest)
  return {
    quarantined: quarantined.filter(isOther),
    pardoned: [...pardoned.filter(isOther), ...digests.map(digest => ({ digest, at }))],
    left: left.filter(isOther),
  }
}
