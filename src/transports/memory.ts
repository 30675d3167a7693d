import { NoticeboardError } from '../contracts/errors.js'
import { type Digest, type Namespace, parseNamespace } from '../contracts/names.js'
import type { System } from '../contracts/system.js'
import { comparePositions, epochNumber, formatPosition, type Position } from '../contracts/position.js'
import type { ClientReport } from '../contracts/report.js'
import type {
  AppendQuery,
  CompleteStore,
  Delivery,
  InlineSnapshot,
  LogEntry,
  WatchQuery,
} from '../contracts/transport.js'
import { assertDigest, digestOf } from '../core/release/digest.js'
import { decodeRelease, digestsOf, positionOf } from '../core/release/release.js'
import { checkOptions } from '../core/options.js'
import { target } from '../core/release/target.js'
import { copyBytes, sameBytes } from '../core/json/text.js'
import { readSystem } from '../system/system.js'

/** Everything has a default. */
export interface MemoryOptions {
  /** For people. Default `memory`. */
  readonly name?: string
  /** Makes watches say `alive` that often, in milliseconds. Default: they say nothing, and strategies ask by themselves. */
  readonly heartbeatMs?: number
  /** The largest snapshot that is taken, in bytes. Default 1,048,576. */
  readonly maxSnapshotBytes?: number
  /** Time, chance, hashing and the process, for tests and simulation; the machine's unless given. */
  readonly system?: Partial<System>
}

/** A store in this process: complete, with notifications and reports. */
export interface MemoryStore extends CompleteStore {
  readonly durability: 'may-lose'
}

/** Snapshots up to this size go along with their release. */
const INLINE_BYTES = 262_144

/** Whoever may read may report, so what is kept of reports is bounded: the instances of a namespace that were heard last. */
const MOST_INSTANCES = 10_000

/** What is kept of one namespace. */
interface Shelf {
  /** In the order of their positions. */
  readonly log: Entry[]
  readonly snapshots: Map<Digest, Uint8Array>
  readonly reports: Map<string, ClientReport>
  schema?: Uint8Array
}

interface Entry extends LogEntry {
  readonly at: Position
  /** The snapshots that the release names. */
  readonly digests: readonly Digest[]
}

/**
 * A store, a notifier and a place for reports, all in this process's memory: for tests, for demonstrations, and for one
 * process that publishes to itself. What it holds ends with the process. Nothing needs to be closed.
 */
export function memory(options: MemoryOptions = {}): MemoryStore {
  checkOptions('memory()', options, { name: true, heartbeatMs: true, maxSnapshotBytes: true, system: true })
  const { name = 'memory', heartbeatMs, maxSnapshotBytes = 1_048_576 } = options
  const { clock, hasher } = readSystem('memory()', options.system)
  const shelves = new Map<Namespace, Shelf>()
  const watchers = new Set<(namespace: Namespace) => void>()

  const shelfFor = (namespace: Namespace): Shelf => {
    const known = shelves.get(parseNamespace(namespace))
    if (known !== undefined) return known
    const shelf: Shelf = { log: [], snapshots: new Map(), reports: new Map() }
    shelves.set(namespace, shelf)
    return shelf
  }
  const newest = (namespace: Namespace): Entry | undefined => shelves.get(namespace)?.log.at(-1)

  const append = ({ namespace, at, bytes, audit }: AppendQuery): 'appended' | 'taken' => {
    const shelf = shelfFor(namespace)
    const { release } = decodeRelease(bytes)
    if (release.namespace !== namespace || comparePositions(positionOf(release), at) !== 'same') {
      throw refusal(`the release says that it is ${release.namespace} ${formatPosition(positionOf(release))}`)
    }
    if (audit !== undefined && digestOf(hasher, audit) !== release.audit) {
      throw refusal('the audit record is not the one that the release names')
    }
    const digests = digestsOf(release)
    const missing = digests.find(digest => !shelf.snapshots.has(digest))
    if (missing !== undefined)
      throw refusal(`put the snapshot ${missing.slice(0, 12)} before the release that names it`)

    const occupant = shelf.log.find(entry => comparePositions(entry.at, at) === 'same')
    if (occupant !== undefined) return sameBytes(occupant.bytes, bytes) ? 'appended' : 'taken'
    if (!follows(at, shelf.log.at(-1)?.at)) return 'taken'
    shelf.log.push({
      at,
      bytes: copyBytes(bytes),
      digests,
      ...(audit !== undefined && { audit: copyBytes(audit) }),
    })
    for (const notify of watchers) notify(namespace)
    return 'appended'
  }

  /** The snapshot that goes along with a release: the one that is for the asking client, if it has not got it. */
  const inlined = (
    namespace: Namespace,
    bytes: Uint8Array,
    { inline, identity, have }: WatchQuery,
  ): readonly InlineSnapshot[] => {
    if (!inline || identity === undefined) return []
    const wanted = target(decodeRelease(bytes).release, { identity, refused: () => false, hasher })
    if (wanted.arm === 'keep' || have?.[namespace] === wanted.digest) return []
    const snapshot = shelves.get(namespace)?.snapshots.get(wanted.digest)
    return snapshot === undefined || snapshot.length > INLINE_BYTES
      ? []
      : [{ digest: wanted.digest, bytes: copyBytes(snapshot) }]
  }

  return {
    name,
    durability: 'may-lose',
    maxSnapshotBytes,

    async latest({ namespace, tag }, signal) {
      refuseAborted(signal)
      const entry = newest(namespace)
      if (entry === undefined) return { type: 'none' }
      const own = formatPosition(entry.at)
      return tag === own
        ? { type: 'unchanged' }
        : { type: 'release', bytes: copyBytes(entry.bytes), tag: own }
    },

    async snapshot({ namespace, digest, maxSnapshotBytes }, signal) {
      refuseAborted(signal)
      const bytes = shelves.get(namespace)?.snapshots.get(digest)
      if (bytes === undefined) {
        throw new NoticeboardError(
          'not-found',
          `${name} has no snapshot ${digest.slice(0, 12)} in ${namespace}`,
        )
      }
      if (bytes.length > maxSnapshotBytes) {
        throw new NoticeboardError(
          'too-large',
          `the snapshot has ${bytes.length} bytes; ${maxSnapshotBytes} are allowed`,
        )
      }
      return copyBytes(bytes)
    },

    async next({ namespace, after }, signal) {
      refuseAborted(signal)
      const entry = shelves.get(namespace)?.log.find(({ at }) => comparePositions(at, after) === 'newer')
      return entry === undefined
        ? { type: 'none' }
        : { type: 'release', bytes: copyBytes(entry.bytes), tag: formatPosition(entry.at) }
    },

    async put({ namespace, digest, bytes }, signal) {
      refuseAborted(signal)
      const shelf = shelfFor(namespace)
      if (bytes.length > maxSnapshotBytes) {
        throw new NoticeboardError(
          'too-large',
          `the snapshot has ${bytes.length} bytes; ${maxSnapshotBytes} are allowed`,
        )
      }
      assertDigest(hasher, { bytes, digest, what: 'the snapshot' })
      shelf.snapshots.set(digest, copyBytes(bytes))
    },

    async append(query, signal) {
      refuseAborted(signal)
      return append(query)
    },

    async *history({ namespace, limit = Number.POSITIVE_INFINITY }, signal) {
      // A copy: what is appended meanwhile is not part of this answer.
      const entries = [...(shelves.get(namespace)?.log ?? [])].reverse()
      for (const { bytes, audit } of entries.slice(0, limit)) {
        refuseAborted(signal)
        yield { bytes: copyBytes(bytes), ...(audit !== undefined && { audit: copyBytes(audit) }) }
      }
    },

    async report(states, signal) {
      refuseAborted(signal)
      const receivedAt = new Date(clock.now()).toISOString()
      for (const state of states) {
        const { reports } = shelfFor(state.namespace)
        if (state.count <= (reports.get(state.instanceId)?.count ?? 0)) continue
        reports.delete(state.instanceId)
        reports.set(state.instanceId, { ...state, receivedAt })
        // Those heard last stand last.
        for (const instanceId of reports.keys()) if (reports.size > MOST_INSTANCES) reports.delete(instanceId)
      }
    },

    async reports({ namespace }, signal) {
      refuseAborted(signal)
      return [...(shelves.get(namespace)?.reports.values() ?? [])]
    },

    async namespaces(signal) {
      refuseAborted(signal)
      return [...shelves]
        .filter(([, { log }]) => log.length > 0)
        .map(([namespace]) => namespace)
        .sort()
    },

    async schema({ namespace }, signal) {
      refuseAborted(signal)
      const schema = shelves.get(namespace)?.schema
      return schema && copyBytes(schema)
    },

    async putSchema({ namespace, bytes }, signal) {
      refuseAborted(signal)
      shelfFor(namespace).schema = copyBytes(bytes)
    },

    async remove({ namespace, digest }, signal) {
      refuseAborted(signal)
      if (newest(namespace)?.digests.includes(digest)) {
        throw new NoticeboardError(
          'forbidden',
          `the newest release names the snapshot ${digest.slice(0, 12)}; publish another one first`,
        )
      }
      shelves.get(namespace)?.snapshots.delete(digest)
    },

    async *watch(query, signal): AsyncGenerator<Delivery, void, undefined> {
      const due = new Set(query.namespaces)
      let wake = (): void => {}
      const notify = (namespace: Namespace): void => {
        if (!query.namespaces.includes(namespace)) return
        due.add(namespace)
        wake()
      }
      const abort = (): void => wake()
      watchers.add(notify)
      signal.addEventListener('abort', abort)
      try {
        const nothingYet = query.namespaces.some(namespace => newest(namespace) === undefined)
        if (nothingYet || heartbeatMs !== undefined) yield alive(heartbeatMs)
        let beatAtMs = clock.monotonic() + (heartbeatMs ?? 0)
        while (!signal.aborted) {
          for (const namespace of due) {
            due.delete(namespace)
            const entry = newest(namespace)
            if (entry === undefined) continue
            const snapshots = inlined(namespace, entry.bytes, query)
            yield {
              type: 'release',
              namespace,
              bytes: copyBytes(entry.bytes),
              ...(snapshots.length > 0 && { snapshots }),
            }
            if (signal.aborted) return
          }
          if (due.size > 0) continue
          if (heartbeatMs !== undefined && clock.monotonic() >= beatAtMs) {
            beatAtMs = clock.monotonic() + heartbeatMs
            yield alive(heartbeatMs)
            continue
          }
          await new Promise<void>(resolve => {
            const cancel =
              heartbeatMs === undefined ? () => {} : clock.after(beatAtMs - clock.monotonic(), resolve)
            wake = () => {
              cancel()
              resolve()
            }
            if (signal.aborted) wake()
          })
          wake = () => {}
        }
      } finally {
        watchers.delete(notify)
        signal.removeEventListener('abort', abort)
      }
    },
  }
}

/** Whether a position comes right after the newest: the next in its epoch, or the first of a higher one. */
function follows(at: Position, newest: Position | undefined): boolean {
  if (newest === undefined) return at.sequence === 1
  if (at.epoch === newest.epoch) return at.sequence === newest.sequence + 1
  return at.sequence === 1 && epochNumber(at.epoch) > epochNumber(newest.epoch)
}

function alive(heartbeatMs: number | undefined): Delivery {
  return { type: 'alive', ...(heartbeatMs !== undefined && { heartbeatMs }) }
}

function refusal(problem: string): NoticeboardError {
  return new NoticeboardError('invalid-data', problem)
}

function refuseAborted(signal: AbortSignal): void {
  if (signal.aborted) throw new NoticeboardError('closed', 'the request was given up before it began')
}
