import { z } from 'zod'
import type { Store } from '../../../src/contracts/transport.js'
import type { PublisherContext } from '../../../src/publisher/context.js'
import { createVersionIndex } from '../../../src/publisher/versions.js'
import { systemClock, systemHasher, systemRandom } from '../../../src/system/system.js'

/**
 * What a publisher's parts work with: time stands at the beginning of 2026 and no wait takes any.
 */
export function publisherContext(store: Store, more: Partial<PublisherContext> = {}): PublisherContext {
  return {
    namespace: 'checkout/prod',
    schema: z.any(),
    keepsSchema: true,
    validators: [],
    store,
    mirrors: [],
    author: undefined,
    clock: { ...systemClock, now: () => Date.UTC(2026, 0, 1), sleep: async () => {} },
    random: systemRandom,
    hasher: systemHasher,
    logger: { debug() {}, info() {}, warn() {}, error() {} },
    maxSnapshotBytes: store.maxSnapshotBytes,
    maxBoardBytes: undefined,
    maxReadBytes: store.maxSnapshotBytes,
    versions: createVersionIndex(),
    retries: 4,
    rollout: undefined,
    floor: undefined,
    policies: [],
    gates: [],
    ...more,
  }
}
