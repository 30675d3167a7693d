import type { Digest } from '../../../src/contracts/names.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { Latest, Transport } from '../../../src/contracts/transport.js'
import { canonicalize } from '../../../src/core/json/canonical.js'
import { digestOf } from '../../../src/core/release/digest.js'
import { encodeRelease, releaseDigest, type Release } from '../../../src/core/release/release.js'
import { encodeText } from '../../../src/core/json/text.js'
import { systemHasher } from '../../../src/system/system.js'

export const namespace = 'checkout/prod'

/**
 * A board in memory whose transport does what it is told: fail, lose a snapshot, answer something
 * else.
 */
export interface TestBoard {
  readonly transport: Transport
  /** How often each was asked. */
  readonly asked: { latest: number; snapshot: number; tags: (string | undefined)[] }
  /** Everything fails with this, while it is set. */
  failing: NoticeboardError | undefined
  /** Digests that are not here yet. */
  readonly missing: Set<Digest>
  /** What `latest` answers instead. */
  answer: Latest | undefined
  /** Puts a document up; the parts of the release given win over the usual ones. */
  publish(document: unknown, parts?: Partial<Release>): Release
  /** Puts up a release that names documents which were put before. */
  release(parts: Partial<Release>): Release
  /** Keeps a document without a release. */
  put(document: unknown): { digest: Digest; bytes: number }
  /** Bytes of the newest release. */
  readonly newest: Uint8Array | undefined
}

export function testBoard({ epoch = '1-0000000a' }: { epoch?: string } = {}): TestBoard {
  const snapshots = new Map<Digest, Uint8Array>()
  let newest: Uint8Array | undefined
  let last: Release | undefined

  const fail = (): void => {
    if (board.failing !== undefined) throw board.failing
  }
  const board: TestBoard = {
    asked: { latest: 0, snapshot: 0, tags: [] },
    failing: undefined,
    missing: new Set(),
    answer: undefined,
    get newest() {
      return newest
    },
    put(document) {
      const bytes = encodeText(canonicalize(document))
      const digest = digestOf(systemHasher, bytes)
      snapshots.set(digest, bytes)
      return { digest, bytes: bytes.length }
    },
    publish(document, parts = {}) {
      const sequence = parts.sequence ?? (last?.epoch === (parts.epoch ?? epoch) ? last.sequence + 1 : 1)
      return board.release({
        stable: { version: sequence, variants: [board.put(document)] },
        sequence,
        ...parts,
      })
    },
    release(parts) {
      const sequence = parts.sequence ?? (last?.sequence ?? 0) + 1
      last = {
        v: 1,
        namespace,
        epoch,
        sequence,
        issuedAt: '2026-01-01T00:00:00.000Z',
        cause: 'publish',
        prev: newest === undefined ? null : releaseDigest(systemHasher, newest),
        stable: last?.stable ?? { version: 1, variants: [board.put({})] },
        ...parts,
      }
      newest = encodeRelease(last)
      return last
    },
    transport: {
      name: 'board',
      async latest({ tag }) {
        board.asked.latest += 1
        board.asked.tags.push(tag)
        fail()
        if (board.answer !== undefined) return board.answer
        if (newest === undefined) return { type: 'none' }
        const current = digestOf(systemHasher, newest)
        return tag === current ? { type: 'unchanged' } : { type: 'release', bytes: newest, tag: current }
      },
      async snapshot({ digest }) {
        board.asked.snapshot += 1
        fail()
        const bytes = snapshots.get(digest)
        if (bytes === undefined || board.missing.has(digest))
          throw new NoticeboardError('not-found', 'not here yet')
        return bytes
      },
    },
  }
  return board
}
