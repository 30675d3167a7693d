import type { Digest, Namespace } from '../../contracts/names.js'
import type { Store, Transport } from '../../contracts/transport.js'
import { decodeRelease, digestsOf } from '../../core/release/release.js'
import type { Lifetime } from '../http/lifetime.js'
import type { Newest } from './newest-release.js'

/** Which snapshots the releases of late named, by namespace. */
export interface NamedDigests {
  /**
   * Whether one of the newest releases names a snapshot; false also while the log cannot be read.
   */
  has(namespace: Namespace, newest: Newest, digest: Digest): Promise<boolean>
}

/** How many of the newest releases count, and how many digests are kept of them. */
const RELEASES = 50
const MAX_DIGESTS = 200

/** Of how many namespaces it is remembered; the one that was asked for longest ago goes. */
const MAX_NAMESPACES = 1_000

interface Known {
  readonly newest: Newest
  readonly digests: Promise<ReadonlySet<Digest>>
}

/**
 * Reads the log of a namespace once, and adds what each newer release names. Over a transport,
 * which has no log, it knows what it has seen itself.
 */
export function createNamedDigests({ transport, lifetime }: NamedDigestsOptions): NamedDigests {
  const known = new Map<Namespace, Known>()

  const fromLog = async (namespace: Namespace): Promise<readonly Digest[]> => {
    const digests: Digest[] = []
    try {
      await lifetime.run(async signal => {
        for await (const { bytes } of transport.history?.({ namespace, limit: RELEASES }, signal) ?? [])
          digests.push(...namedBy(bytes))
      })
    } catch {
      // What was read so far counts.
    }
    return digests
  }

  const read = async (
    namespace: Namespace,
    newest: Newest,
    before: Known | undefined,
  ): Promise<ReadonlySet<Digest>> => {
    const earlier = before === undefined ? await fromLog(namespace) : await before.digests
    return new Set([...namedBy(newest.bytes), ...earlier].slice(0, MAX_DIGESTS))
  }

  return {
    async has(namespace, newest, digest) {
      let mine = known.get(namespace)
      if (mine?.newest !== newest) mine = { newest, digests: read(namespace, newest, mine) }
      known.delete(namespace)
      known.set(namespace, mine)
      for (const oldest of known.keys()) {
        if (known.size <= MAX_NAMESPACES) break
        known.delete(oldest)
      }
      return (await mine.digests).has(digest)
    },
  }
}

export interface NamedDigestsOptions {
  readonly transport: Transport & Partial<Pick<Store, 'history'>>
  readonly lifetime: Lifetime
}

/** The snapshots of a release; none of one that this version cannot read. */
function namedBy(bytes: Uint8Array): readonly Digest[] {
  try {
    return digestsOf(decodeRelease(bytes).release)
  } catch {
    return []
  }
}
