import { expect, test } from 'vitest'
import type { Transport } from '../../../src/contracts/transport.js'
import { createLifetime } from '../../../src/server/http/lifetime.js'
import { createFanOut } from '../../../src/server/stream/fan-out.js'
import { describeNewest } from '../../../src/server/stream/newest-release.js'
import { createSnapshotCache } from '../../../src/server/stream/snapshot-cache.js'
import type { Topic } from '../../../src/server/stream/subscriptions.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { EPOCH, NAMESPACE, releaseOf, snapshotOf } from '../../support/board-kit.js'

function cacheOver(documents: readonly unknown[]) {
  const snapshots = documents.map(snapshotOf)
  const transport: Transport = {
    name: 'a list',
    latest: async () => ({ type: 'none' }),
    snapshot: async ({ digest }) => snapshots.find(each => each.digest === digest)!.bytes,
  }
  const cache = createSnapshotCache({
    transport,
    hasher: systemHasher,
    maxBytes: 2_500,
    maxSnapshotBytes: 1e6,
    lifetime: createLifetime(),
  })
  return { snapshots, cache }
}

test('bytes that are shared take the place of those that were kept, as old as they were', async () => {
  const { snapshots, cache } = cacheOver(['a', 'b', 'c'])
  const [first, second, third] = snapshots.map(({ digest }) => digest) as [string, string, string]
  await cache.load(NAMESPACE, first)
  await cache.load(NAMESPACE, second)
  const shared = new TextEncoder().encode('"a"')
  cache.share(NAMESPACE, first, shared)
  // The one that was asked for longest ago is still the first.
  await cache.load(NAMESPACE, third)
  expect(cache.peek(NAMESPACE, first)).toBeUndefined()
  cache.share(NAMESPACE, first, shared)
  expect(cache.peek(NAMESPACE, first)).toBeUndefined()

  const own = new TextEncoder().encode('"b"')
  cache.share(NAMESPACE, second, own)
  const kept = cache.peek(NAMESPACE, second)
  expect(kept?.bytes).toBe(own)
  expect(kept?.plain.body).toBe(own)
})

test('a snapshot that goes along with a release is in memory once', async () => {
  const { snapshots, cache } = cacheOver(['a'])
  const [{ digest, bytes }] = snapshots as [ReturnType<typeof snapshotOf>]
  const newest = describeNewest(
    NAMESPACE,
    releaseOf({ digest, bytes }, { at: { epoch: EPOCH, sequence: 1 } }),
    systemHasher,
  )
  const fanOut = createFanOut({ clock: virtualClock(), hasher: systemHasher, snapshots: cache })
  const identity = { clientId: 'a', instanceId: 'a', ephemeral: false, labels: {} }
  await fanOut.prepare({ namespace: NAMESPACE, newest } as Topic, { identity }, undefined)
  const kept = cache.peek(NAMESPACE, digest)?.bytes
  expect(kept).toEqual(Buffer.from(bytes))
  expect(kept?.buffer).toBe(newest.withSnapshot.get(digest)?.chunked.buffer)
})
