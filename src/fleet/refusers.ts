import type { Digest } from '../contracts/names.js'
import type { ClientReport, HeardReports } from '../contracts/report.js'
import { FEW_CLIENTS } from '../core/limits.js'
import { isClient } from '../core/report/is-client.js'

/** How many of those that were heard refused a snapshot when they saw it. */
export interface Refusers {
  readonly refused: number
  readonly of: number
}

/**
 * Counts the clients that refused one of some snapshots, took it back, or have it under quarantine,
 * as the last words of their instances tell; each once however many instances it has. Where a
 * client's own overrides had a part in it, that says nothing of the snapshot.
 *
 * ```ts
 * const { refused, of } = countRefusers(heard, digestsOf(release))
 * ```
 */
export function countRefusers({ reports }: HeardReports, digests: readonly Digest[]): Refusers {
  return countAmong(reports, digests)
}

/**
 * The same of those alone for which a token that names them speaks: what nobody else can have said,
 * and no one of them for others.
 *
 * ```ts
 * const { refused, of } = countBoundRefusers(heard, digestsOf(release))
 * ```
 */
export function countBoundRefusers({ reports }: HeardReports, digests: readonly Digest[]): Refusers {
  return countAmong(
    reports.filter(({ bound }) => bound === true),
    digests,
  )
}

function countAmong(reports: readonly ClientReport[], digests: readonly Digest[]): Refusers {
  const clients = reports.filter(isHere)
  const refusers = clients.filter(report => hasRefused(report, digests))
  return { refused: namesOf(refusers).size, of: namesOf(clients).size }
}

/**
 * Whether so many refused a snapshot that it is the snapshot's fault, and not that of a few
 * machines: more than half of them, and three at least.
 *
 * ```ts
 * if (areMost(countBoundRefusers(heard, digests))) passOver(release)
 * ```
 */
export function areMost({ refused, of }: Refusers): boolean {
  return refused >= FEW_CLIENTS && 2 * refused > of
}

function isHere(report: ClientReport): boolean {
  return isClient(report) && report.phase !== 'stopped'
}

function hasRefused(
  { refused, overridden = [], verdicts = [] }: ClientReport,
  digests: readonly Digest[],
): boolean {
  if (refused !== undefined && digests.includes(refused) && overridden.length === 0) return true
  return verdicts.some(
    ({ digest, verdict, overridden: own }) => digests.includes(digest) && verdict !== 'other' && own !== true,
  )
}

function namesOf(reports: readonly ClientReport[]): ReadonlySet<string> {
  return new Set(reports.map(({ clientId }) => clientId))
}
