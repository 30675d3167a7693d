import type { Digest } from '../contracts/names.js'
import type { HeardReports } from '../contracts/report.js'

/** How many of those that were heard refused a snapshot when they saw it. */
export interface Refusers {
  readonly refused: number
  readonly of: number
}

/**
 * Counts the clients that refused one of some snapshots, took it back, or have it under quarantine, as their last words
 * tell. Where a client's own overrides had a part in it, that says nothing of the snapshot.
 *
 * ```ts
 * const { refused, of } = countRefusers(heard, digestsOf(release))
 * ```
 */
export function countRefusers({ reports }: HeardReports, digests: readonly Digest[]): Refusers {
  const clients = reports.filter(({ role, phase }) => role === undefined && phase !== 'stopped')
  const refusers = clients.filter(({ refused, overridden = [], verdicts = [] }) => {
    if (refused !== undefined && digests.includes(refused) && overridden.length === 0) return true
    return verdicts.some(
      ({ digest, verdict, overridden: own }) =>
        digests.includes(digest) && verdict !== 'other' && own !== true,
    )
  })
  return { refused: refusers.length, of: clients.length }
}
