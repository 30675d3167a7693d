import type { Digest } from '../../../src/contracts/names.js'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { Refusal, SavedState } from '../../../src/contracts/state.js'
import type { Json } from '../../../src/contracts/json.js'
import { createRefusals } from '../../../src/client/apply/refusals.js'
import { savedAfter, withGood, withReadmitted } from '../../../src/client/state/saved-after.js'
import { canonicalize } from '../../../src/core/json/canonical.js'
import { encodeText } from '../../../src/core/json/text.js'
import {
  MAX_GOOD,
  MAX_READMITTED,
  MAX_REFUSALS,
  MAX_STATE_FILES,
  MAX_VARIANTS,
  MAX_WITHDRAWN,
} from '../../../src/core/limits.js'
import { createRegistry } from '../../../src/fleet/registry.js'
import { createApplier } from '../../../src/kubernetes/applier.js'
import { createBoard } from '../../../src/node/board/board.js'
import { boardReports } from '../../../src/node/board/reports.js'
import { decodeStateFile, encodeStateFile, type StateFile } from '../../../src/node/state/state-file.js'
import { stateFolder } from '../../../src/node/state/state-folder.js'
import { foldStates } from '../../../src/node/state/state-fold.js'
import { listWithdrawn } from '../../../src/publisher/withdrawn.js'
import { createAllowance } from '../../../src/server/allowance.js'
import { createLifetime } from '../../../src/server/http/lifetime.js'
import { createSnapshotCache } from '../../../src/server/stream/snapshot-cache.js'
import { createTopics } from '../../../src/server/stream/topics.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { cached } from '../../../src/transports/cached.js'
import { memoryEngine } from '../../../src/transports/store/memory-engine.js'
import { keys } from '../../../src/transports/store/keys.js'
import { fromSource } from '../../../src/transports/source.js'
import { memoryDisk } from '../../proof/fuzz/memory-disk.js'
import { NAMESPACE, never, snapshotOf } from '../../support/board-kit.js'
import type { Bounded, BoundedSubject } from '../../support/bounded-model.js'
import { reportOf } from '../../support/report-of.js'

const digestOfKey = (key: number): Digest => key.toString(16).padStart(64, '0')
const keyOfDigest = (digest: string): number => Number.parseInt(digest, 16)
const START_MS = Date.parse('2026-01-01T00:00:00.000Z')
const instant = (second: number): string => new Date(START_MS + second * 1_000).toISOString()
const owner = { tag: '00000000-1-00000000', isGone: () => false }

/** What a state is after it was written by one life and read by the next. */
function afterRestart(state: SavedState, savedAt: string): SavedState {
  const file = decodeStateFile(
    encodeStateFile({ savedAt, state, attempts: [], quarantined: [], pardoned: [] }),
  )
  return foldStates(file === undefined ? [] : [file]).state
}

/** Refusals as a client keeps them, over as many lives as it is given. */
function refusals(buildOf: (key: number) => string): Bounded {
  let second = 0
  const builds = [...new Set([0, 1, 2, 3].map(buildOf))]
  let saved: readonly Refusal[] = []
  /** A life of one build after another, each beginning with what the last one left. */
  const inLife = <Result>(
    build: string,
    live: (kept: ReturnType<typeof createRefusals>) => Result,
  ): Result => {
    const kept = createRefusals(build, saved)
    const result = live(kept)
    saved = kept.list()
    return result
  }
  return {
    add(entry) {
      second += 1
      const { key } = entry
      const issues = [{ path: '', message: 'no', validator: 'schema' }]
      const at = instant(second)
      inLife(buildOf(key), kept =>
        kept.add({ digest: digestOfKey(key), code: 'invalid-document', issues, at, lasting: true }),
      )
    },
    use: key => inLife(buildOf(key), kept => kept.has(digestOfKey(key))),
    remove: key => inLife(buildOf(key), kept => kept.forget([digestOfKey(key)])),
    reopen() {
      saved = afterRestart({ good: [], refused: saved }, instant(second)).refused
    },
    list() {
      for (const { build } of saved) if (!builds.includes(build)) throw new Error('a build that nobody has')
      return saved.map(({ digest }) => keyOfDigest(digest))
    },
  }
}

const stateOf = (refused: readonly Refusal[]): SavedState => ({ good: [], refused })

/**
 * What older versions and other instances wrote into their files, inherited through a folder of
 * state files.
 */
function inherited(member: 'attempts' | 'quarantined'): Bounded {
  const disk = new Map<string, Uint8Array | string>()
  const clock = virtualClock({ startMs: START_MS })
  let lives = 0
  let listed: readonly number[] = []
  const folderOf = (): ReturnType<typeof stateFolder> =>
    stateFolder('/state', { fs: memoryDisk(disk), system: { clock }, owner })
  const instances = `/state/${NAMESPACE}/instances`

  return {
    async add({ key }) {
      lives += 1
      await clock.advance(7_200_000)
      // An instance of long ago said one thing; the next one that saves takes its place.
      const said: Json[] = [{ digest: digestOfKey(key) }]
      const file: StateFile = {
        savedAt: new Date(clock.now() - 3_700_000).toISOString(),
        state: stateOf([]),
        attempts: member === 'attempts' ? said : [],
        quarantined: member === 'quarantined' ? said : [],
        pardoned: [],
      }
      disk.set(`${instances}/old-${lives}.json`, encodeStateFile(file))
      const folder = folderOf()
      await folder.load({ namespace: NAMESPACE })
      await folder.save({ namespace: NAMESPACE, instanceId: `life-${lives}`, state: stateOf([]) })
      const bytes = disk.get(`${instances}/life-${lives}.json`)
      const found = bytes instanceof Uint8Array ? decodeStateFile(bytes)?.[member] : undefined
      listed = (found ?? []).map(entry => keyOfDigest((entry as { digest: string }).digest))
    },
    list: () => listed,
  }
}

const wordOf = (instanceId: string, count: number, phase: ClientReport['phase']): ClientReport =>
  reportOf({ namespace: NAMESPACE, instanceId, clientId: instanceId, count, phase })

/** Content of an exact size that stands for a key. */
function contentOf(key: number, bytes: number): ReturnType<typeof snapshotOf> {
  return snapshotOf(`${key}`.padEnd(Math.max(1, bytes - 2), '.'))
}

const neverAsked = async (): Promise<never> => {
  throw new Error('the transport is not asked')
}
const silentTransport = { name: 'silent', latest: neverAsked, snapshot: neverAsked }

/** A store's own reports, kept in memory and on a disk. */
function openBoardReports() {
  let nowMs = START_MS
  const clock = { ...virtualClock(), now: () => (nowMs += 1) }
  const board = createBoard('/board', {
    fs: memoryDisk(new Map()),
    clock,
    random: seededRandom(1),
    hasher: systemHasher,
    owner,
    logger: undefined,
  })
  return boardReports(board, { open: async () => {}, watch: write => write() })
}

function cachedSubject(of: { readonly maxSnapshots: number; readonly maxBytes: number }): () => Bounded {
  return () => {
    let asked = 0
    let wanted = new Uint8Array()
    const transport = {
      ...silentTransport,
      async snapshot() {
        asked += 1
        return wanted
      },
    }
    const cache = cached(transport, of)
    return {
      async add({ key, bytes }) {
        const before = asked
        const snapshot = contentOf(key, bytes)
        wanted = new Uint8Array(snapshot.bytes)
        await cache.snapshot({ namespace: NAMESPACE, digest: snapshot.digest, maxSnapshotBytes: 1e9 }, never)
        return asked === before
      },
    }
  }
}

const isListenedTo = (key: number): boolean => key % 3 === 1

/** A server's namespaces; to some of them somebody listens until they are removed. */
function topicsWith(isListened: (key: number) => boolean): () => Bounded {
  return () => {
    const topics = createTopics({
      transport: silentTransport,
      hasher: systemHasher,
      clock: virtualClock(),
      lifetime: createLifetime(),
      isRelay: false,
      trustMs: 37_500,
      wentBack: () => false,
      changed: () => {},
    })
    return {
      add({ key }) {
        const topic = topics.open(String(key))
        if (!isListened(key)) return
        topic.subscriptions.add({} as never)
        topics.hold(topic)
      },
      remove(key) {
        const topic = topics.find(String(key))
        if (topic === undefined) return
        topic.subscriptions.clear()
        topics.release(topic)
      },
      use: key => topics.find(String(key)) !== undefined,
      list: () => [...topics.all()].map(({ namespace }) => Number(namespace)),
    }
  }
}

const SNAPSHOT_CACHE: Pick<BoundedSubject, 'maxEntries' | 'maxBytes'> = { maxEntries: 60, maxBytes: 80_000 }
const EDITIONS: Pick<BoundedSubject, 'maxEntries'> = { maxEntries: 8 }

/** Every bounded collection of the source. The next one is one more entry. */
export const boundedSubjects: readonly BoundedSubject[] = [
  {
    bound: 'MAX_REFUSALS',
    what: 'refusals of one build, over restarts',
    maxEntries: MAX_REFUSALS,
    useMoves: false,
    open: () => refusals(() => 'a'),
  },
  {
    bound: 'MAX_REFUSALS',
    what: 'refusals of two builds in one folder, over restarts',
    maxEntries: MAX_REFUSALS,
    useMoves: false,
    open: () => refusals(key => (key % 2 === 0 ? 'a' : 'b')),
  },
  {
    bound: 'MAX_REFUSALS',
    what: 'attempts that old state files hold',
    maxEntries: MAX_REFUSALS,
    runs: 2,
    open: () => inherited('attempts'),
  },
  {
    bound: 'MAX_REFUSALS',
    what: 'quarantines that old state files hold',
    maxEntries: MAX_REFUSALS,
    runs: 2,
    open: () => inherited('quarantined'),
  },
  {
    bound: 'MAX_GOOD',
    what: 'last-known-good, over restarts',
    maxEntries: MAX_GOOD,
    runs: 50,
    open() {
      let state: SavedState = { good: [], refused: [] }
      let second = 0
      return {
        add({ key }) {
          second += 1
          state = {
            ...state,
            ...withGood(state, { digest: digestOfKey(key), version: key + 1, bytes: 9 }, undefined),
          }
        },
        remove(key) {
          const pending = {
            type: 'release',
            release: { withdrawn: [digestOfKey(key)] },
            origin: 'network',
          } as unknown as Parameters<typeof savedAfter>[1]
          state = { ...state, ...savedAfter(state, pending, { type: 'kept' } as never) }
        },
        reopen() {
          state = afterRestart(state, instant(second))
        },
        list: () => state.good.map(({ digest }) => keyOfDigest(digest)).reverse(),
      }
    },
  },
  {
    bound: 'MAX_READMITTED',
    what: 'what releases readmitted, over restarts',
    maxEntries: MAX_READMITTED,
    open() {
      let state: SavedState = { good: [], refused: [] }
      let sequence = 0
      return {
        add({ key }) {
          sequence += 1
          const position = { epoch: '1-9f3a01bc', sequence }
          state = { ...state, ...withReadmitted(state, [{ digest: digestOfKey(key), position }]) }
        },
        reopen() {
          state = afterRestart(state, instant(sequence))
        },
        list: () => (state.readmitted ?? []).map(({ digest }) => keyOfDigest(digest)),
      }
    },
  },
  {
    bound: 'MAX_WITHDRAWN',
    what: 'withdrawn digests, release after release',
    maxEntries: MAX_WITHDRAWN,
    open() {
      let list: readonly Digest[] = []
      return {
        add({ key }) {
          list = listWithdrawn({ before: list, added: [digestOfKey(key)], named: [] })
        },
        remove(key) {
          list = listWithdrawn({ before: list, named: [digestOfKey(key)] })
        },
        list: () => list.map(keyOfDigest),
      }
    },
  },
  {
    bound: 'MAX_STATE_FILES',
    what: 'state files of the instances in one folder',
    maxEntries: MAX_STATE_FILES,
    runs: 2,
    steps: 60,
    open() {
      const disk = new Map<string, Uint8Array | string>()
      const clock = virtualClock({ startMs: START_MS })
      const instances = `/state/${NAMESPACE}/instances/`
      return {
        async add({ key }) {
          await clock.advance(1_000)
          const folder = stateFolder('/state', { fs: memoryDisk(disk), system: { clock }, owner })
          const { state } = await folder.load({ namespace: NAMESPACE })
          await folder.save({ namespace: NAMESPACE, instanceId: `life-${key}`, state })
        },
        list: () =>
          [...disk]
            .flatMap(([path, bytes]) => {
              const name = path.startsWith(instances) && bytes instanceof Uint8Array ? path : undefined
              const file = name === undefined ? undefined : decodeStateFile(bytes as Uint8Array)
              const key = Number(/life-(\d+)/.exec(name ?? '')?.[1])
              return file === undefined ? [] : [{ key, savedAt: file.savedAt }]
            })
            .sort((a, b) => (a.savedAt < b.savedAt ? -1 : 1))
            .map(({ key }) => key),
      }
    },
  },
  {
    bound: 'maxSnapshots',
    what: 'snapshots of cached(), by number',
    maxEntries: 12,
    open: cachedSubject({ maxSnapshots: 12, maxBytes: 1e9 }),
  },
  {
    bound: 'maxBytes',
    what: 'snapshots of cached(), by bytes',
    maxEntries: 40,
    maxBytes: 2_000,
    open: cachedSubject({ maxSnapshots: 40, maxBytes: 2_000 }),
  },
  {
    bound: 'maxCachedBytes',
    what: "a server's snapshots",
    ...SNAPSHOT_CACHE,
    entryBytes: 1_024,
    oversized: 'alone',
    open() {
      const { maxBytes = 0 } = SNAPSHOT_CACHE
      const cache = createSnapshotCache({
        transport: silentTransport,
        hasher: systemHasher,
        maxBytes,
        maxSnapshotBytes: 1e9,
        lifetime: createLifetime(),
      })
      return {
        add({ key, bytes }) {
          cache.keep(NAMESPACE, digestOfKey(key), new Uint8Array(bytes))
        },
        use: key => cache.peek(NAMESPACE, digestOfKey(key)) !== undefined,
      }
    },
  },
  {
    bound: 'MOST_SNAPSHOTS',
    what: 'snapshots that wait for the release of their ConfigMap',
    maxEntries: 4 * MAX_VARIANTS,
    useMoves: false,
    open() {
      const clock = virtualClock({ startMs: START_MS })
      const manifest = () => ({})
      const applier = createApplier({
        apply: () => {},
        manifest,
        timeoutMs: 1_000,
        clock,
        hasher: systemHasher,
      })
      return {
        add: ({ key }) => applier.put({ namespace: NAMESPACE, ...snapshotOf({ key }) }, never),
        use: async key => applier.holds({ namespace: NAMESPACE, digest: snapshotOf({ key }).digest }),
      }
    },
  },
  {
    bound: 'KEPT_EDITIONS',
    what: 'editions of a bare document',
    ...EDITIONS,
    useMoves: false,
    open() {
      let document: Json = null
      const transport = fromSource(() => document, { system: { clock: virtualClock({ startMs: START_MS }) } })
      return {
        async add({ key }) {
          document = { key }
          await transport.latest({ namespace: NAMESPACE }, never)
        },
        async use(key) {
          const { digest } = snapshotOf({ key })
          const query = { namespace: NAMESPACE, digest, maxSnapshotBytes: 1e9 }
          return transport.snapshot(query, never).then(
            () => true,
            () => false,
          )
        },
      }
    },
  },
  {
    bound: 'MAX_IDLE_TOPICS',
    what: 'namespaces that nobody listens to',
    maxEntries: 10_000,
    compareEvery: 10,
    runs: 3,
    useMoves: false,
    open: topicsWith(() => false),
  },
  {
    bound: 'MAX_IDLE_TOPICS',
    what: 'namespaces, one in three of which somebody listens to',
    maxEntries: 10_000,
    compareEvery: 10,
    runs: 3,
    useMoves: false,
    inUse: isListenedTo,
    open: topicsWith(isListenedTo),
  },
  {
    bound: 'maxInstances',
    what: 'the registry of reports',
    maxEntries: 90,
    searched: 64,
    sorted: true,
    open() {
      const registry = createRegistry({ clock: virtualClock(), maxInstances: 90 })
      let count = 0
      return {
        add({ key, spent }) {
          count += 1
          registry.add(wordOf(String(key), count, spent ? 'stopped' : 'applied'))
        },
        list() {
          const found = registry.of(NAMESPACE)
          if (found.length !== registry.size) throw new Error('the size is not that of the list')
          return found.map(({ instanceId }) => Number(instanceId)).sort((a, b) => a - b)
        },
      }
    },
  },
  {
    bound: 'MAX_ACCOUNTS',
    what: 'addresses of which it is known how much they brought',
    maxEntries: 10_000,
    compareEvery: 10,
    runs: 1,
    steps: 40,
    useMoves: false,
    open() {
      const allowance = createAllowance({ clock: virtualClock(), perSecond: 1, burst: 1 })
      return {
        add: ({ key }) => allowance.spend(String(key), 1),
        use: key => allowance.waitMs(String(key)) > 0,
      }
    },
  },
  {
    bound: 'MAX_INSTANCES',
    what: "a board's reports of one namespace",
    maxEntries: 20_000,
    compareEvery: 10,
    runs: 1,
    steps: 40,
    sorted: true,
    open() {
      const reports = openBoardReports()
      let count = 0
      return {
        add({ key }) {
          count += 1
          reports.hear([wordOf(String(key), count, 'applied')])
        },
        async list() {
          const { reports: found } = await reports.all(NAMESPACE)
          return found.map(({ instanceId }) => Number(instanceId)).sort((a, b) => a - b)
        },
      }
    },
  },
  {
    bound: 'MAX_NAMESPACES',
    what: 'namespaces of which a board keeps reports',
    maxEntries: 4_096,
    runs: 2,
    steps: 60,
    useMoves: false,
    open() {
      const reports = openBoardReports()
      let count = 0
      return {
        add({ key }) {
          count += 1
          reports.hear([{ ...wordOf('one', count, 'applied'), namespace: String(key) }])
        },
        use: async key => (await reports.all(String(key))).reports.length === 1,
      }
    },
  },
  {
    bound: 'MOST_EXPIRING',
    what: 'reports in memory',
    maxEntries: 10_000,
    compareEvery: 10,
    runs: 2,
    useMoves: false,
    sorted: true,
    open() {
      const engine = memoryEngine('memory')
      const keyOf = (key: number): string => keys.report(NAMESPACE, String(key))
      const value = encodeText(canonicalize({}))
      return {
        async add({ key }) {
          const put = [{ key: keyOf(key), value, expiresInMs: 1_000 }]
          await engine.write({ if: [], put, remove: [] }, never)
        },
        async remove(key) {
          await engine.write({ if: [], put: [], remove: [keyOf(key)] }, never)
        },
        async use(key) {
          return (await engine.read([keyOf(key)], never))[0] !== undefined
        },
        async list() {
          const prefix = keys.reports(NAMESPACE)
          const found = await engine.list({ prefix, before: undefined, limit: 1e6 }, never)
          return found.map(key => Number(key.slice(prefix.length))).sort((a, b) => a - b)
        },
      }
    },
  },
]
