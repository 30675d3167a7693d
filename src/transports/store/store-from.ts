import { NoticeboardError } from '../../contracts/errors.js'
import { isDigest, parseDigest, parseNamespace, type Digest, type Namespace } from '../../contracts/names.js'
import type { System } from '../../contracts/system.js'
import type { CompleteStore, LogEntry, Tag } from '../../contracts/transport.js'
import { assertDigest, digestOf } from '../../core/release/digest.js'
import { decodeRelease, digestsOf } from '../../core/release/release.js'
import { decodeText } from '../../core/json/strict-parse.js'
import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'
import { copyBytes, sameBytes } from '../../core/json/text.js'
import { checkOptions, isPositive, type OptionNames } from '../../core/options.js'
import { readSystem } from '../../system/system.js'
import { append } from './append.js'
import { engineCalls } from './calls.js'
import { checkEngine } from './check-engine.js'
import type { Key, StoreEngine } from './engine.js'
import { createFeed } from './feed.js'
import { headNamespace, keys, KEYS_A_CALL } from './keys.js'
import { withLocalFeed } from './local-feed.js'
import { headUnmoved, storeLog } from './log.js'
import { storeReports } from './reports.js'
import { watchStore } from './watch.js'

/** How a store over an engine behaves. Everything has a default. */
export interface StoreOptions {
  /**
   * Refuse snapshots that are larger, in bytes. Default 1,048,576, or what the engine takes if that
   * is less.
   */
  readonly maxSnapshotBytes?: number
  /** How long a call of the engine may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
  /**
   * How often a watch is compared with the store, in milliseconds, whatever notifications say.
   * Default 10,000.
   */
  readonly checkIntervalMs?: number
  /** How often watches say `alive`, in milliseconds. Default: they do not. */
  readonly heartbeatMs?: number
  /**
   * Keep the last report of an instance that is silent for at least that long, in milliseconds,
   * while there is room. Default 3,600,000.
   */
  readonly reportTtlMs?: number
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System>
}

/** The names of the options, for stores that take them and have more. */
export const storeOptions: OptionNames<StoreOptions> = {
  maxSnapshotBytes: true,
  timeoutMs: true,
  checkIntervalMs: true,
  heartbeatMs: true,
  reportTtlMs: true,
  system: true,
}

/** Releases of the log that are read first where no limit is given: most readers stop soon. */
const FIRST_PAGE = 4

/** Releases of the log that are read at once: 64 KB each at most. */
const PAGE = 50

/**
 * Makes a complete store of an engine: order and compare-and-swap, digests and sizes, watches,
 * reports, deadlines and aborted calls. Nothing is read or written before the first call. Throws
 * `invalid-option`.
 *
 * ```ts
 * const store = storeFrom(sqliteEngine(database), { checkIntervalMs: 1_000 })
 * ```
 */
export function storeFrom(engine: StoreEngine, options: StoreOptions = {}): CompleteStore {
  checkEngine(engine)
  checkOptions('storeFrom()', options, storeOptions)
  const { maxValueBytes = Number.MAX_SAFE_INTEGER } = engine
  const {
    maxSnapshotBytes = Math.min(MAX_SNAPSHOT_BYTES, maxValueBytes),
    timeoutMs = 10_000,
    checkIntervalMs = 10_000,
    reportTtlMs = 3_600_000,
    heartbeatMs,
  } = options
  const { clock, hasher } = readSystem(engine.name, options.system)
  const numbers = {
    maxSnapshotBytes,
    timeoutMs,
    checkIntervalMs,
    reportTtlMs,
    ...(heartbeatMs !== undefined && { heartbeatMs }),
  }
  for (const [name, value] of Object.entries(numbers)) {
    const finite = name === 'maxSnapshotBytes' || name === 'reportTtlMs'
    if (!isPositive(value) || (finite && !Number.isFinite(value)))
      throw new NoticeboardError('invalid-option', `\`${name}\` must be a number above 0`)
  }
  if (!(maxSnapshotBytes <= maxValueBytes))
    throw new NoticeboardError(
      'invalid-option',
      `\`maxSnapshotBytes\` must be ${maxValueBytes} at most: ${engine.name} takes no larger values`,
    )
  const { name } = engine
  const bare = engineCalls(engine, { clock, timeoutMs })
  const { calls, feed } =
    bare.listen === undefined
      ? withLocalFeed(bare)
      : { calls: bare, feed: createFeed(bare, { clock, timeoutMs }) }
  const log = storeLog(calls)
  const { report, reports } = storeReports(calls, { ttlMs: reportTtlMs })

  const read = async (key: Key, signal: AbortSignal): Promise<Uint8Array | undefined> =>
    (await calls.read([key], signal))[0]?.value

  /** Writes a value unless it is there already; a damaged one is replaced. */
  const write = async (key: Key, value: Uint8Array, signal: AbortSignal): Promise<void> => {
    const kept = await read(key, signal)
    if (kept === undefined || !sameBytes(kept, value))
      await calls.write({ if: [], put: [{ key, value }], remove: [] }, signal)
  }

  const assertSize = (what: string, bytes: Uint8Array): void => {
    if (bytes.length > maxSnapshotBytes)
      throw new NoticeboardError(
        'too-large',
        `${what} has ${bytes.length} bytes; this store takes ${maxSnapshotBytes} (\`maxSnapshotBytes\`)`,
      )
  }

  /** The newest releases with their tags, so that one that is asked for often is hashed once. */
  const tagged = new Map<Namespace, { readonly bytes: Uint8Array; readonly tag: Tag }>()

  /** The tag is a digest, since versions of an engine begin anew when it is set up anew. */
  const tagOf = (namespace: Namespace, bytes: Uint8Array): Tag => {
    const known = tagged.get(namespace)
    if (known !== undefined && sameBytes(known.bytes, bytes)) return known.tag
    const tag = digestOf(hasher, bytes)
    tagged.set(namespace, { bytes: copyBytes(bytes), tag })
    return tag
  }

  return {
    name,
    get durability() {
      return calls.durability()
    },
    maxSnapshotBytes,
    report,

    async latest({ namespace, tag }, signal) {
      const [head] = await log.heads([parseNamespace(namespace)], signal)
      if (head === undefined || head.index === 0) return { type: 'none' }
      const own = tagOf(namespace, head.bytes)
      return own === tag ? { type: 'unchanged' } : { type: 'release', bytes: head.bytes, tag: own }
    },

    async next({ namespace, after }, signal) {
      const [head] = await log.heads([parseNamespace(namespace)], signal)
      if (head === undefined) return { type: 'none' }
      const { next } = await log.find({ namespace, position: after, head }, signal)
      if (next === undefined) return { type: 'none' }
      const [bytes] = next === head.index ? [head.bytes] : await log.read(namespace, [next], signal)
      return bytes === undefined ? { type: 'none' } : { type: 'release', bytes, tag: digestOf(hasher, bytes) }
    },

    async snapshot({ namespace, digest, maxSnapshotBytes: most }, signal) {
      parseNamespace(namespace)
      const bytes = isDigest(digest) ? await read(keys.snapshot(namespace, digest), signal) : undefined
      if (bytes === undefined)
        throw new NoticeboardError(
          'not-found',
          `${name} has no snapshot ${digest.slice(0, 12)} of ${namespace}, or not yet`,
        )
      if (bytes.length > most)
        throw new NoticeboardError('too-large', `the snapshot has ${bytes.length} bytes; ${most} are allowed`)
      return bytes
    },

    watch: (query, signal) =>
      watchStore({ calls, log, feed, clock, hasher, checkIntervalMs, heartbeatMs }, query, signal),

    async put({ namespace, digest, bytes }, signal) {
      const key = keys.snapshot(parseNamespace(namespace), parseDigest(digest))
      assertSize('the snapshot', bytes)
      assertDigest(hasher, { bytes, digest, what: 'the snapshot' })
      await write(key, bytes, signal)
    },

    append: (query, signal) => append({ calls, log, hasher }, query, signal),

    async *history(
      { namespace, limit = Number.POSITIVE_INFINITY },
      signal,
    ): AsyncGenerator<LogEntry, void, undefined> {
      const [head] = await log.heads([parseNamespace(namespace)], signal)
      const newest = head?.index ?? 0
      const oldest = Math.max(1, newest - limit + 1)
      let end = newest
      let size = Number.isFinite(limit) ? PAGE : FIRST_PAGE
      while (end >= oldest) {
        const indexes: number[] = []
        while (end >= oldest && indexes.length < size) indexes.push(end--)
        size = PAGE
        const releases = await log.read(namespace, indexes, signal)
        const digests = releases.map(auditNamedBy)
        const wanted = digests.flatMap(digest =>
          digest === undefined ? [] : [keys.audit(namespace, digest)],
        )
        const audits = wanted.length === 0 ? [] : await calls.read(wanted, signal)
        const byKey = new Map(wanted.map((key, at) => [key, audits[at]?.value]))
        for (const [at, bytes] of releases.entries()) {
          const digest = digests[at]
          const audit = digest === undefined ? undefined : byKey.get(keys.audit(namespace, digest))
          yield { bytes, ...(audit !== undefined && { audit }) }
        }
      }
    },

    reports: async ({ namespace }, signal) => reports(parseNamespace(namespace), signal),

    async namespaces(signal) {
      const names: Namespace[] = []
      for (let before: Key | undefined; ;) {
        const page = await calls.list({ prefix: keys.heads, before, limit: KEYS_A_CALL }, signal)
        names.push(...page.map(key => headNamespace(key) ?? ''))
        before = page.at(-1)
        if (before === undefined || page.length < KEYS_A_CALL) return names.reverse()
      }
    },

    schema: async ({ namespace }, signal) => read(keys.schema(parseNamespace(namespace)), signal),

    async putSchema({ namespace, bytes }, signal) {
      assertSize('the schema', bytes)
      await write(keys.schema(parseNamespace(namespace)), bytes, signal)
    },

    async remove({ namespace, digest }, signal) {
      const key = keys.snapshot(parseNamespace(namespace), parseDigest(digest))
      if (calls.atomic === 'key')
        throw new NoticeboardError(
          'unsupported',
          `${name} cannot check the newest release and remove a snapshot in one step; keep the snapshot`,
        )
      const [head] = await log.heads([namespace], signal)
      if (
        head !== undefined &&
        head.index > 0 &&
        digestsOf(decodeRelease(head.bytes).release).includes(digest)
      )
        throw new NoticeboardError(
          'forbidden',
          `the newest release of ${namespace} names the snapshot ${digest.slice(0, 12)}; publish another one first`,
        )
      const unmoved = [headUnmoved(namespace, head?.version)]
      if ((await calls.write({ if: unmoved, put: [], remove: [key] }, signal)) === 'refused')
        throw new NoticeboardError(
          'unavailable',
          `a release of ${namespace} was published meanwhile; try again`,
        )
    },
  }
}

/**
 * The audit record that a release of the log names. It was checked as it was appended, so it is
 * only looked into; what was damaged since names none, and its reader says what is wrong with it.
 */
function auditNamedBy(bytes: Uint8Array): Digest | undefined {
  try {
    const { release } = JSON.parse(decodeText(bytes, 'a release')) as { release?: { audit?: unknown } }
    return isDigest(release?.audit) ? release.audit : undefined
  } catch {
    // Not JSON, or not UTF-8.
    return undefined
  }
}
