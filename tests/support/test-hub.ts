import type { Transport } from '../../src/contracts/transport.js'
import { createHub, type Hub } from '../../src/server/stream/hub.js'
import { createSnapshotCache } from '../../src/server/stream/snapshot-cache.js'
import { seededRandom } from '../../src/sim/seeded-random.js'
import { systemHasher } from '../../src/system/system.js'

type HubOptions = Parameters<typeof createHub>[0]

export interface TestHubOptions extends Pick<
  HubOptions,
  'clock' | 'lifetime' | 'heartbeatMs' | 'pollIntervalMs' | 'maxConnections'
> {
  /** Of the snapshots that it keeps, in bytes. */
  readonly maxBytes: number
}

/** A hub over a transport, which mints marks, remembers no board and lets connections grow old. */
export function testHub(transport: Transport, { maxBytes, ...options }: TestHubOptions): Hub {
  return createHub({
    transport,
    snapshots: createSnapshotCache({
      transport,
      hasher: systemHasher,
      maxBytes,
      maxSnapshotBytes: 1e6,
      lifetime: options.lifetime,
    }),
    mints: true,
    memory: undefined,
    random: seededRandom(1),
    hasher: systemHasher,
    logger: undefined,
    maxConnectionAgeMs: 1e9,
    ...options,
  })
}
