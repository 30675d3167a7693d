import type { HeardReports } from '../contracts/report.js'
import type { PublisherContext } from './context.js'
import { retried } from './retry.js'

/**
 * What was heard of a namespace; undefined where the store keeps no reports. Tries again while the store is
 * unavailable, and throws what it throws.
 *
 * ```ts
 * const heard = await readReports(context, signal)
 * ```
 */
export async function readReports(
  context: PublisherContext,
  signal: AbortSignal,
): Promise<HeardReports | undefined> {
  const { store, namespace } = context
  return retried(async () => store.reports?.({ namespace }, signal), { ...context, signal })
}
