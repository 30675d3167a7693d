import type { ReportTransport, Store } from '../contracts/transport.js'
import { memoryOf } from '../core/store/remembering-store.js'
import type { ReportRoutes } from './routes/report-routes.js'

/**
 * A store that hears what a server hears: reports are those that were posted to it, beside those
 * that the store keeps.
 *
 * ```ts
 * const controller = createController({ store: hearingStore(store, reports) })
 * ```
 */
export function hearingStore(
  store: Store,
  { take, heard }: Pick<ReportRoutes, 'take' | 'heard'>,
): Store & ReportTransport {
  const { name, durability, maxSnapshotBytes } = store
  const memory = memoryOf(store)
  return {
    name,
    durability,
    maxSnapshotBytes,
    // So that what moves rollouts on knows what is known here.
    ...(memory !== undefined && { memory }),
    latest: (query, signal) => store.latest(query, signal),
    snapshot: (query, signal) => store.snapshot(query, signal),
    put: (query, signal) => store.put(query, signal),
    append: (query, signal) => store.append(query, signal),
    history: (query, signal) => store.history(query, signal),
    reports: (query, signal) => heard(query, signal),
    report: async states => take(states),
    ...(store.next !== undefined && { next: store.next.bind(store) }),
    ...(store.namespaces !== undefined && { namespaces: store.namespaces.bind(store) }),
  }
}
