import { MAX_INLINE_BYTES } from '../core/limits.js'
import type { Comparison } from './result.js'
import { CACHE_PLACES } from './formula/service.js'
import { count, figure, percent, sayMs } from './words.js'

/**
 * What a comparison takes for granted beside its headline, given or by default, in one line.
 *
 * ```ts
 * assumptionsOf(result) // round trip 20 ms; 2 % away; restarts of each client: 1 a day; …
 * ```
 */
export function assumptionsOf({ workload, rows }: Pick<Comparison, 'workload' | 'rows'>): string {
  const { rttMs, offlineShare, restartsPerDay, halfOpenPerClientDay, idleTimeoutMs } = workload
  const { servers, serverMbps, clientMbps, routineMs, documentBytes, keepsState } = workload
  return [
    `round trip ${sayMs(rttMs)}`,
    `${percent(offlineShare)} of the clients away`,
    `restarts of each client: ${figure(restartsPerDay)} a day`,
    keepsState
      ? 'clients find their configuration on a disk when they start'
      : 'clients start without a configuration',
    `connections that die unnoticed: ${figure(halfOpenPerClientDay)} a day each`,
    `silent ones are cut after ${sayMs(idleTimeoutMs)}`,
    `servers: ${count(servers)} of ${figure(serverMbps)} Mbit/s`,
    `each client receives ${figure(clientMbps)} Mbit/s`,
    `routine changes within ${sayMs(routineMs)}`,
    ...(documentBytes > MAX_INLINE_BYTES
      ? [
          `the document is too large for a stream (${MAX_INLINE_BYTES / 1_024} KiB), so push fetches it as hybrid does`,
        ]
      : []),
    ...(rows.some(({ bytes }) => bytes.fromCache > 0)
      ? [
          `a CDN fetches a document once for each of its ${CACHE_PLACES} places, and sends it as fast as clients receive`,
        ]
      : []),
  ].join('; ')
}
