import type { Shape } from '../shape.js'
import type { Workload } from '../workload.js'

/**
 * The clients that are there at any time.
 *
 * ```ts
 * onlineOf({ clients: 3_000, offlineShare: 0.02 }) // 2,940
 * ```
 */
export function onlineOf({ clients, offlineShare }: Pick<Workload, 'clients' | 'offlineShare'>): number {
  return Math.max(1, Math.round(clients * (1 - offlineShare)))
}

/**
 * How many servers share the clients: relays, where there are any.
 *
 * ```ts
 * serversOf(shape, workload)
 * ```
 */
export function serversOf(
  shape: Pick<Shape, 'relays'> | undefined,
  { servers }: Pick<Workload, 'servers'>,
): number {
  return shape !== undefined && shape.relays > 0 ? shape.relays : servers
}

/**
 * How many processes share the clients: the workers of all servers, or one of each.
 *
 * ```ts
 * processesOf(shape, workload)
 * ```
 */
export function processesOf(
  shape: Pick<Shape, 'relays' | 'workers'> | undefined,
  workload: Pick<Workload, 'servers'>,
): number {
  return serversOf(shape, workload) * Math.max(1, shape?.workers ?? 0)
}
