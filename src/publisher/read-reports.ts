import type { HeardReports } from '../contracts/report.js'
import type { ReportsQuery } from '../contracts/transport.js'
import type { PublisherContext } from './context.js'
import { retried } from './retry.js'

/**
 * What was heard of a namespace, in full unless `brief` is given; undefined where the store keeps
 * no reports. Tries again while the store is unavailable, and throws what it throws.
 *
 * ```ts
 * const heard = await readReports(context, signal)
 * ```
 */
export async function readReports(
  context: PublisherContext,
  signal: AbortSignal,
  brief?: ReportsQuery['brief'],
): Promise<HeardReports | undefined> {
  const { store, namespace } = context
  const query = { namespace, ...(brief !== undefined && { brief }) }
  return retried(async () => store.reports?.(query, signal), { ...context, signal })
}
