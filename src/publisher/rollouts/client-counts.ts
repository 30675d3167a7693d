import { groupBy } from '../../core/group-by.js'
import { isLive, type FleetMember } from '../../fleet/summary.js'
import type { RolloutStep } from './rollout-step.js'

/** The counts of a {@link RolloutStep}. */
export type ClientCounts = Pick<
  RolloutStep,
  'exposed' | 'applied' | 'healthy' | 'behind' | 'rejected' | 'failed' | 'missing'
>

export const NO_CLIENTS: ClientCounts = {
  exposed: 0,
  applied: 0,
  healthy: 0,
  behind: 0,
  rejected: 0,
  failed: 0,
  missing: 0,
}

/** Where one instance is; `other` is counted as exposed alone. */
export type Where = 'failed' | 'rejected' | 'behind' | 'other' | 'applied' | 'healthy'

/** Of a client's instances the worst one counts. */
const WORST_FIRST: readonly Where[] = ['failed', 'rejected', 'behind', 'other', 'applied', 'healthy']

/**
 * Counts clients, each once however many live instances it has. One of which an instance is missing
 * counts among the missing as well.
 *
 * ```ts
 * const { applied, exposed } = countClients(fleet.members, whereIs)
 * ```
 */
export function countClients(
  members: readonly FleetMember[],
  whereIs: (member: FleetMember) => Where,
): ClientCounts {
  const counts = { ...NO_CLIENTS }
  for (const ofClient of groupBy(members, ({ report }) => report.clientId).values()) {
    if (ofClient.some(({ state }) => state === 'missing')) counts.missing += 1
    const found = new Set(ofClient.filter(isLive).map(whereIs))
    const worst = WORST_FIRST.find(where => found.has(where))
    if (worst === undefined) continue
    counts.exposed += 1
    if (worst === 'healthy') counts.applied += 1
    if (worst !== 'other') counts[worst] += 1
  }
  return counts
}
