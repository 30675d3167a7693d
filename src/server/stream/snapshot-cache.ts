import { NoticeboardError } from '../../contracts/errors.js'
import { createSharedRuns } from '../../async/shared-runs.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { Hasher } from '../../contracts/system.js'
import type { Transport } from '../../contracts/transport.js'
import { digestOf } from '../../core/release/digest.js'
import type { Lifetime } from '../http/lifetime.js'
import type { Encoding } from '../encodings/accept-encoding.js'
import { snapshotForm, type SnapshotForm } from '../encodings/snapshot-form.js'

/**
 * Snapshots in memory, each verified once, with the answers that carry them and their encodings.
 */
export interface SnapshotCache {
  /** At once, if it is here. */
  peek(namespace: Namespace, digest: Digest): CachedSnapshot | undefined
  /**
   * From memory or from the store; many who ask at the same time ask the store once. Throws what
   * the store throws.
   */
  load(namespace: Namespace, digest: Digest): Promise<CachedSnapshot>
  keep(namespace: Namespace, digest: Digest, bytes: Uint8Array): CachedSnapshot
  /** Keeps an encoding beside its snapshot, for as long as that is here. */
  keepForm(query: KeptForm): void
  /**
   * The same bytes in memory that something else holds as well take the place of those that are
   * kept, so that there is one copy.
   */
  share(namespace: Namespace, digest: Digest, bytes: Uint8Array): void
}

export interface CachedSnapshot {
  readonly bytes: Uint8Array
  /** As it is. */
  readonly plain: SnapshotForm
  /** Encoded; the form as it is where an encoding is not worth it. */
  readonly encoded: ReadonlyMap<Encoding, SnapshotForm>
}

/** An encoding of a snapshot that is kept. */
export interface KeptForm {
  readonly namespace: Namespace
  readonly digest: Digest
  readonly encoding: Encoding
  readonly form: SnapshotForm
}

/**
 * A snapshot that is kept, and what it costs with its encodings. Its form as it is, is made for the
 * first who asks.
 */
class Entry implements CachedSnapshot {
  readonly encoded = new Map<Encoding, SnapshotForm>()
  cost = 0
  readonly #digest: Digest
  #bytes: Uint8Array
  #plain: SnapshotForm | undefined

  constructor(digest: Digest, bytes: Uint8Array) {
    this.#digest = digest
    this.#bytes = bytes
  }

  get bytes(): Uint8Array {
    return this.#bytes
  }

  get plain(): SnapshotForm {
    const { length } = this.#bytes
    this.#plain ??= snapshotForm({
      digest: this.#digest,
      bytes: length,
      body: this.#bytes,
      encoding: undefined,
    })
    return this.#plain
  }

  /** The same bytes elsewhere in memory. */
  share(bytes: Uint8Array): void {
    const before = this.#plain
    this.#bytes = bytes
    this.#plain = undefined
    for (const [encoding, form] of this.encoded) if (form === before) this.encoded.set(encoding, this.plain)
  }
}

/**
 * What a snapshot costs beside its bytes, roughly: else a budget of tiny snapshots would hold
 * millions.
 */
const ENTRY_BYTES = 1_024

/** Keeps the snapshots that were used last, up to so many bytes together with their encodings. */
export function createSnapshotCache({
  transport,
  hasher,
  maxBytes,
  maxSnapshotBytes,
  lifetime,
}: SnapshotCacheOptions): SnapshotCache {
  const kept = new Map<string, Entry>()
  const loadOnce = createSharedRuns<string, CachedSnapshot>()
  let total = 0

  const keep = (namespace: Namespace, digest: Digest, bytes: Uint8Array): CachedSnapshot => {
    // What is kept once more is as young as what is new.
    const known = find(namespace, digest)
    if (known !== undefined) return known
    const key = `${namespace}/${digest}`
    const entry = new Entry(digest, bytes)
    kept.set(key, entry)
    charge(key, entry, bytes.length + ENTRY_BYTES)
    return entry
  }

  /**
   * Adds to what an entry costs, and lets go of the oldest others until all is within the limit.
   */
  const charge = (key: string, entry: Entry, cost: number): void => {
    entry.cost += cost
    total += cost
    for (const [oldest, { cost: freed }] of kept) {
      if (total <= maxBytes || oldest === key) break
      kept.delete(oldest)
      total -= freed
    }
  }

  const keepForm = ({ namespace, digest, encoding, form }: KeptForm): void => {
    const entry = find(namespace, digest)
    if (entry === undefined || entry.encoded.has(encoding)) return
    entry.encoded.set(encoding, form)
    if (form !== entry.plain) charge(`${namespace}/${digest}`, entry, form.body.length)
  }

  const share = (namespace: Namespace, digest: Digest, bytes: Uint8Array): void => {
    // Only in place: what was let go meanwhile does not come back, and nothing is younger for it.
    kept.get(`${namespace}/${digest}`)?.share(bytes)
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

  const find = (namespace: Namespace, digest: Digest): Entry | undefined => {
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
    peek: find,
    keep,
    keepForm,
    share,
    async load(namespace, digest) {
      const found = find(namespace, digest)
      if (found !== undefined) return found
      return loadOnce(`${namespace}/${digest}`, () => fetch(namespace, digest))
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
