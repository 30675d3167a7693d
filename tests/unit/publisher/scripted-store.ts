import { NoticeboardError } from '../../../src/contracts/errors.js'
import { comparePositions, type Position } from '../../../src/contracts/position.js'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { AppendQuery, LogEntry, Store } from '../../../src/contracts/transport.js'
import { decodeRelease, positionOf } from '../../../src/core/release/release.js'

/**
 * A store in memory whose next operations can be made to fail, and whose parts can be looked at and
 * damaged.
 */
export interface ScriptedStore extends Store {
  readonly log: LogEntry[]
  readonly snapshots: Map<string, Uint8Array>
  readonly appends: AppendQuery[]
  heard: readonly ClientReport[] | undefined
  kept: Uint8Array | undefined
  /** Called before each operation with its name; what it throws, the operation throws. */
  before: (operation: string) => void | Promise<void>
  /** Called after an append was kept and before it is acknowledged. */
  afterAppend: () => void
}

export function scriptedStore(): ScriptedStore {
  const log: LogEntry[] = []
  const snapshots = new Map<string, Uint8Array>()
  const positionAt = (entry: LogEntry): Position => positionOf(decodeRelease(entry.bytes).release)
  const store: ScriptedStore = {
    name: 'scripted',
    durability: 'single',
    maxSnapshotBytes: 1_048_576,
    log,
    snapshots,
    appends: [],
    heard: undefined,
    kept: undefined,
    before() {},
    afterAppend() {},
    async latest() {
      await store.before('latest')
      const newest = log.at(-1)
      return newest === undefined ? { type: 'none' } : { type: 'release', bytes: newest.bytes }
    },
    async snapshot({ digest }) {
      await store.before('snapshot')
      const bytes = snapshots.get(digest)
      if (bytes === undefined) throw new NoticeboardError('not-found', 'no such snapshot')
      return bytes
    },
    async put({ digest, bytes }) {
      await store.before('put')
      snapshots.set(digest, bytes)
    },
    async append(query) {
      await store.before('append')
      store.appends.push(query)
      const newest = log.at(-1)
      const same = log.find(entry => comparePositions(positionAt(entry), query.at) === 'same')
      if (same !== undefined) return Buffer.compare(same.bytes, query.bytes) === 0 ? 'appended' : 'taken'
      if (newest !== undefined) {
        const at = positionAt(newest)
        const next =
          query.at.epoch === at.epoch
            ? query.at.sequence === at.sequence + 1
            : comparePositions(query.at, at) === 'newer'
        if (!next) return 'taken'
      }
      log.push({ bytes: query.bytes, ...(query.audit !== undefined && { audit: query.audit }) })
      store.afterAppend()
      return 'appended'
    },
    async *history({ limit = Number.POSITIVE_INFINITY }) {
      await store.before('history')
      yield* log.toReversed().slice(0, limit)
    },
    async reports() {
      await store.before('reports')
      const asOf = '2026-01-02T00:00:00.000Z'
      return { since: '2026-01-01T00:00:00.000Z', asOf, reports: store.heard ?? [] }
    },
    async schema() {
      return store.kept
    },
    async putSchema({ bytes }) {
      await store.before('putSchema')
      store.kept = bytes
    },
  }
  return store
}
