import { createBucket } from '../../async/bucket.js'
import { createSharedRuns } from '../../async/shared-runs.js'
import type { Deltas } from '../../contracts/deltas.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock } from '../../contracts/system.js'
import type { DeltaQuery, Store, Transport } from '../../contracts/transport.js'
import { maxDeltaBytes } from '../../core/release/delta-size.js'
import type { DeltaPair } from '../../core/release/delta-pairs.js'
import type { Lifetime } from '../http/lifetime.js'
import { createTally, type Savings } from '../tally.js'
import { createNamedDigests } from './named-digests.js'
import { lengthOf, type Newest } from './newest-release.js'
import type { SnapshotCache } from './snapshot-cache.js'

/** Deltas in memory, each read or made once, however many ask. */
export interface DeltaCache {
  /**
   * The delta of a pair; undefined where there is none. Only to a snapshot that the newest release
   * names, and from one that a release of late named. Never rejects: whole snapshots need none.
   */
  load(namespace: Namespace, newest: Newest, pair: DeltaPair): Promise<Uint8Array | undefined>
  /**
   * Counts one that was given to a reader in the place of its snapshot, which has so many bytes
   * more.
   */
  gave(bytesSaved: number): void
  /** What that has saved. */
  readonly savings: Savings
}

/** How many bytes of deltas are kept. */
const MAX_BYTES = 8_388_608

/** What an entry costs beside its bytes, roughly. */
const ENTRY_BYTES = 512

/** How many deltas are made a second at most, and at once; each takes a millisecond or some. */
const MADE_A_SECOND = 20
const MADE_AT_ONCE = 100

export interface DeltaCacheOptions {
  readonly transport: Transport & Partial<Pick<Store, 'history'>>
  readonly snapshots: Pick<SnapshotCache, 'load'>
  /** Undefined where none are made, nor passed on. */
  readonly deltas: Deltas | undefined
  readonly clock: Clock
  readonly lifetime: Lifetime
}

/** Keeps the deltas that were used last, up to so many bytes together. */
export function createDeltaCache(options: DeltaCacheOptions): DeltaCache {
  const { transport, snapshots, deltas, clock, lifetime } = options
  const kept = new Map<string, Uint8Array | undefined>()
  const findOnce = createSharedRuns<string, Uint8Array | undefined>()
  const named = createNamedDigests({ transport, lifetime })
  const bucket = createBucket({ clock, perSecond: MADE_A_SECOND, burst: MADE_AT_ONCE })
  let total = 0
  const tally = createTally()

  const costOf = (delta: Uint8Array | undefined): number => (delta?.length ?? 0) + ENTRY_BYTES

  const keep = (key: string, delta: Uint8Array | undefined): void => {
    kept.set(key, delta)
    total += costOf(delta)
    for (const [oldest, gone] of kept) {
      if (total <= MAX_BYTES || oldest === key) break
      kept.delete(oldest)
      total -= costOf(gone)
    }
  }

  /** Of the store where that has it: on a board it was made when its snapshot was published. */
  const ofStore = (query: DeltaQuery): Promise<Uint8Array | undefined> =>
    lifetime.run(async signal => transport.delta?.(query, signal)).catch(asNone)

  const make = async ({ namespace, base, digest }: DeltaQuery): Promise<Uint8Array | undefined> => {
    const codec = await deltas?.codec()
    if (codec === undefined) return undefined
    const from = await snapshots.load(namespace, base)
    const to = await snapshots.load(namespace, digest)
    const delta = codec.encode({ base: { digest: base, bytes: from.bytes }, bytes: to.bytes })
    if (delta !== undefined) tally.make()
    return delta
  }

  const find = async (query: DeltaQuery, newest: Newest): Promise<Uint8Array | undefined> => {
    if (!(await named.has(query.namespace, newest, query.base))) return undefined
    const stored = await ofStore(query)
    if (stored === undefined) {
      // Not remembered: there may be time for it later.
      if (bucket.left < 1) return undefined
      bucket.spend(1)
    }
    const delta = stored ?? (await make(query).catch(asNone))
    keep(keyOf(query), delta)
    return delta
  }

  return {
    gave: bytesSaved => tally.serve(bytesSaved),
    savings: tally,
    async load(namespace, newest, pair) {
      const maxBytes = maxDeltaBytes(lengthOf(newest, pair.digest))
      if (deltas === undefined || maxBytes === 0 || pair.base === pair.digest) return undefined
      const query = { namespace, ...pair, maxBytes }
      const key = keyOf(query)
      if (kept.has(key)) {
        const found = kept.get(key)
        kept.delete(key)
        kept.set(key, found)
        return found
      }
      return findOnce(key, () => find(query, newest))
    },
  }
}

function keyOf({ namespace, digest, base }: DeltaQuery): string {
  return `${namespace}/${digest}/${base}`
}

/** Whoever needs the snapshot asks for it, and hears what is wrong with it. */
function asNone(): undefined {
  return undefined
}
