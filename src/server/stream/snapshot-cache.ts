import { NoticeboardError } from '../../contracts/errors.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { Hasher } from '../../contracts/system.js'
import type { Transport } from '../../contracts/transport.js'
import { digestOf } from '../../core/release/digest.js'
import type { Lifetime } from '../http/lifetime.js'
import type { Answer } from './messages.js'
import { immutableAnswer } from '../http/answers.js'

/** Snapshots in memory, each verified once, and the answer that carries them. */
export interface SnapshotCache {
  /** At once, if it is here. */
  peek(namespace: Namespace, digest: Digest): CachedSnapshot | undefined
  /** From memory or from the store; many who ask at the same time ask the store once. Throws what the store throws. */
  load(namespace: Namespace, digest: Digest): Promise<CachedSnapshot>
  keep(namespace: Namespace, digest: Digest, bytes: Uint8Array): CachedSnapshot
}

export interface CachedSnapshot {
  readonly bytes: Uint8Array
  readonly answer: Answer
}

/** What an entry costs beside its bytes, roughly: else a budget of tiny snapshots would hold millions. */
const ENTRY_BYTES = 1_024

/** Keeps the snapshots that were used last, up to so many bytes together. */
export function createSnapshotCache({
  transport,
  hasher,
  maxBytes,
  maxSnapshotBytes,
  lifetime,
}: SnapshotCacheOptions): SnapshotCache {
  const kept = new Map<string, CachedSnapshot>()
  const loading = new Map<string, Promise<CachedSnapshot>>()
  let total = 0

  const keep = (namespace: Namespace, digest: Digest, bytes: Uint8Array): CachedSnapshot => {
    // What is kept once more is as young as what is new.
    const known = peek(namespace, digest)
    if (known !== undefined) return known
    const key = `${namespace}/${digest}`
    const entry: CachedSnapshot = { bytes, answer: immutableAnswer(bytes) }
    kept.set(key, entry)
    total += bytes.length + ENTRY_BYTES
    for (const [oldest, { bytes: gone }] of kept) {
      if (total <= maxBytes || oldest === key) break
      kept.delete(oldest)
      total -= gone.length + ENTRY_BYTES
    }
    return entry
  }

  const fetch = async (namespace: Namespace, digest: Digest): Promise<CachedSnapshot> => {
    const bytes = await lifetime.run(signal =>
      transport.snapshot({ namespace, digest, maxSnapshotBytes }, signal),
    )
    if (digestOf(hasher, bytes) === digest) return keep(namespace, digest, bytes)
    throw new NoticeboardError(
      'unavailable',
      `the snapshot ${digest.slice(0, 12)} is damaged in the store; publish it again to repair it`,
    )
  }

  const peek = (namespace: Namespace, digest: Digest): CachedSnapshot | undefined => {
    const key = `${namespace}/${digest}`
    const found = kept.get(key)
    if (found !== undefined) {
      // A map keeps the order of insertion: what is used moves to the young end.
      kept.delete(key)
      kept.set(key, found)
    }
    return found
  }

  return {
    peek,
    keep,
    async load(namespace, digest) {
      const found = peek(namespace, digest)
      if (found !== undefined) return found
      const key = `${namespace}/${digest}`
      const running = loading.get(key)
      if (running !== undefined) return running
      const started = fetch(namespace, digest).finally(() => loading.delete(key))
      loading.set(key, started)
      return started
    },
  }
}

export interface SnapshotCacheOptions {
  readonly transport: Transport
  readonly hasher: Hasher
  readonly maxBytes: number
  readonly maxSnapshotBytes: number
  readonly lifetime: Lifetime
}
