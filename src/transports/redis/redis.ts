import { NoticeboardError } from '../../contracts/errors.js'
import { isDigest, parseNamespace } from '../../contracts/names.js'
import type { System } from '../../contracts/system.js'
import { epochNumber, nextPosition } from '../../contracts/position.js'
import type { CompleteStore, Latest, LogEntry } from '../../contracts/transport.js'
import { assertDigest, digestOf } from '../../core/release/digest.js'
import { decodeRelease, digestsOf } from '../../core/release/release.js'
import { decodeText } from '../../core/json/strict-parse.js'
import { encodeText } from '../../core/json/text.js'
import { checkOptions } from '../../core/options.js'
import { readSystem } from '../../system/system.js'
import type { RedisClient } from './client.js'
import { redisCommands } from './commands.js'
import { createFeed } from './feed.js'
import { redisKeys } from './keys.js'
import { appendToRedis } from './append.js'
import { brokenPromises } from './durability.js'
import { redisReports } from './reports.js'
import { scripts } from './scripts.js'
import { watchRedis } from './watch.js'
import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'

/** How a store in Redis is kept. */
export interface RedisOptions {
  /** What all keys begin with. Default `noticeboard:`. */
  readonly prefix?: string
  /**
   * The least that an acknowledged write has to survive. With `single` a Redis that can lose what it
   * acknowledged is refused; with `may-lose` it is taken, the store says so as its own `durability`, and
   * publishers warn. Default `single`.
   */
  readonly durability?: 'single' | 'may-lose'
  /** The largest snapshot that is taken. Default 1 MiB. */
  readonly maxSnapshotBytes?: number
  /** How long the last word of an instance stays at least, in milliseconds. Default 3,600,000. */
  readonly reportTtlMs?: number
  /** How long a command may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
  /** Time, chance, hashing and the process, for tests and simulation; the machine's unless given. */
  readonly system?: Partial<System>
}

/** A store in Redis, with its notifications and the reports of its clients. */
export interface RedisStore extends CompleteStore {
  /** With the option `durability: 'may-lose'` it is `may-lose` until the first call has seen that this Redis loses nothing. */
  readonly durability: 'single' | 'may-lose'
}

/** Entries of the log that are read at once. */
const PAGE = 50

/**
 * Redis 6 or later as the store. The client is the caller's, connected, with a listener for its errors, and closed by the caller; for
 * notifications a second connection is made of it while somebody watches, and closed here.
 *
 * What was acknowledged survives a crash only with `appendonly yes`, `appendfsync always`, `no-appendfsync-on-rewrite no` and
 * `maxmemory-policy noeviction`. This is looked at once, before the first call, and a Redis of other settings is refused by that call
 * with `unsupported`, unless the option `durability` is `may-lose`. A fail-over to a replica can lose acknowledged writes with any settings. Nothing is
 * read or written before the first call. Throws `invalid-option`.
 */
export function redis(client: RedisClient, options: RedisOptions = {}): RedisStore {
  checkOptions('redis()', options, {
    prefix: true,
    durability: true,
    maxSnapshotBytes: true,
    reportTtlMs: true,
    timeoutMs: true,
    system: true,
  })
  const {
    prefix = 'noticeboard:',
    durability = 'single',
    maxSnapshotBytes = MAX_SNAPSHOT_BYTES,
    timeoutMs = 10_000,
  } = options
  const { reportTtlMs: ttlMs = 3_600_000 } = options
  const { clock, hasher } = readSystem('redis()', options.system)
  if (typeof client?.sendCommand !== 'function')
    throw new NoticeboardError(
      'invalid-option',
      'redis() wants a connected client, such as createClient() of the package redis',
    )
  for (const [name, value] of Object.entries({ maxSnapshotBytes, reportTtlMs: ttlMs, timeoutMs })) {
    if (!(Number.isFinite(value) && value > 0))
      throw new NoticeboardError('invalid-option', `${name} of redis() must be a number above 0`)
  }
  let found: RedisStore['durability'] = durability
  const plain = redisCommands(client, { clock, timeoutMs })
  const check = async (): Promise<void> => {
    // Of all who wait, and of nobody in particular: it has a deadline of its own.
    const problems = await brokenPromises(plain, new AbortController().signal)
    if (problems.length > 0 && durability === 'single') {
      throw new NoticeboardError(
        'unsupported',
        `this redis can lose releases that it acknowledged: ${problems.join(', ')}. Set appendonly yes, appendfsync always, no-appendfsync-on-rewrite no and maxmemory-policy noeviction, or allow it with durability: 'may-lose'`,
      )
    }
    found = problems.length === 0 ? 'single' : 'may-lose'
  }
  const commands = redisCommands(client, { clock, timeoutMs, first: once(check) })
  const keys = redisKeys(prefix)
  const feed = createFeed(client, keys.channel)
  const reports = redisReports({ commands, keys, clock, ttlMs })

  const read = async (key: string, signal: AbortSignal): Promise<Uint8Array | undefined> => {
    const text = await commands.get(key, signal)
    return text === undefined ? undefined : encodeText(text)
  }
  const limit = (what: string, bytes: Uint8Array): void => {
    if (bytes.length > maxSnapshotBytes)
      throw new NoticeboardError(
        'too-large',
        `${what} has ${bytes.length} bytes; this store takes ${maxSnapshotBytes}`,
      )
  }
  const answer = (bytes: Uint8Array): Latest => ({ type: 'release', bytes, tag: digestOf(hasher, bytes) })

  return {
    name: 'redis',
    get durability() {
      return found
    },
    maxSnapshotBytes,
    append: (query, signal) => appendToRedis({ commands, keys, hasher }, query, signal),

    async latest({ namespace, tag }, signal) {
      const newest = await read(keys.newest(parseNamespace(namespace)), signal)
      if (newest === undefined) return { type: 'none' }
      return tag !== undefined && tag === digestOf(hasher, newest) ? { type: 'unchanged' } : answer(newest)
    },

    async next({ namespace, after }, signal) {
      const next = await read(keys.release(parseNamespace(namespace), nextPosition(after)), signal)
      if (next !== undefined) return answer(next)
      const newest = await read(keys.newest(namespace), signal)
      if (
        newest === undefined ||
        epochNumber(decodeRelease(newest).release.epoch) <= epochNumber(after.epoch)
      )
        return { type: 'none' }
      const order = await commands.list(['LRANGE', keys.order(namespace), '0', '-1'], signal)
      const later = order.find(
        position => epochNumber(position.split(':')[0] ?? '') > epochNumber(after.epoch),
      )
      const first = later === undefined ? undefined : await read(keys.release(namespace, later), signal)
      return first === undefined ? { type: 'none' } : answer(first)
    },

    async snapshot({ namespace, digest, maxSnapshotBytes }, signal) {
      const bytes = await read(keys.snapshot(parseNamespace(namespace), digest), signal)
      if (bytes === undefined)
        throw new NoticeboardError(
          'not-found',
          `redis has no snapshot ${digest.slice(0, 12)} of ${namespace}, or not yet`,
        )
      if (bytes.length > maxSnapshotBytes)
        throw new NoticeboardError(
          'too-large',
          `the snapshot has ${bytes.length} bytes; ${maxSnapshotBytes} are allowed`,
        )
      return bytes
    },

    watch: ({ namespaces }, signal) => watchRedis({ commands, keys, feed }, namespaces, signal),

    async put({ namespace, digest, bytes }, signal) {
      parseNamespace(namespace)
      if (!isDigest(digest))
        throw new NoticeboardError('invalid-option', 'a digest has 64 lower-case hexadecimal digits')
      limit('the snapshot', bytes)
      assertDigest(hasher, { bytes, digest, what: 'the snapshot' })
      const text = decodeText(bytes, 'the snapshot')
      const key = keys.snapshot(namespace, digest)
      if ((await commands.get(key, signal)) !== text) await commands.send(['SET', key, text], signal)
    },

    async *history(
      { namespace, limit: most = Number.POSITIVE_INFINITY },
      signal,
    ): AsyncGenerator<LogEntry, void, undefined> {
      // Counted from the beginning, where nothing moves however much is appended meanwhile.
      let end = Number(await commands.send(['LLEN', keys.order(parseNamespace(namespace))], signal))
      const last = Math.max(0, end - most)
      while (end > last) {
        const start = Math.max(last, end - PAGE)
        const positions = await commands.list(
          ['LRANGE', keys.order(namespace), String(start), String(end - 1)],
          signal,
        )
        for (const position of [...positions].reverse()) {
          const bytes = await read(keys.release(namespace, position), signal)
          const audit = await read(keys.audit(namespace, position), signal)
          if (bytes !== undefined) yield { bytes, ...(audit !== undefined && { audit }) }
        }
        end = start
      }
    },

    report: reports.report,
    reports: ({ namespace }, signal) => reports.reports(parseNamespace(namespace), signal),

    async namespaces(signal) {
      const names = await commands.list(['SMEMBERS', keys.namespaces], signal)
      const present = await Promise.all(
        names.map(async name => (await commands.send(['EXISTS', keys.newest(name)], signal)) === 1),
      )
      return names.filter((_, index) => present[index]).sort()
    },

    schema: ({ namespace }, signal) => read(keys.schema(parseNamespace(namespace)), signal),

    async putSchema({ namespace, bytes }, signal) {
      limit('the schema', bytes)
      await commands.send(
        ['SET', keys.schema(parseNamespace(namespace)), decodeText(bytes, 'the schema')],
        signal,
      )
    },

    async remove({ namespace, digest }, signal) {
      const newest = await commands.get(keys.newest(parseNamespace(namespace)), signal)
      if (newest !== undefined && digestsOf(decodeRelease(encodeText(newest)).release).includes(digest)) {
        throw new NoticeboardError(
          'forbidden',
          `the newest release of ${namespace} names the snapshot ${digest.slice(0, 12)}; publish another one first`,
        )
      }
      const outcome = await commands.run(
        scripts.remove,
        [keys.newest(namespace), keys.snapshot(namespace, digest)],
        [newest ?? ''],
        signal,
      )
      if (outcome !== 'removed')
        throw new NoticeboardError(
          'unavailable',
          `a release of ${namespace} was published meanwhile; try again`,
        )
    },
  }
}

/** The work, done once for all who wait for it, and again for the next one after it failed. */
function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined
  return () => {
    if (done !== undefined) return done
    const own = work()
    done = own
    own.catch(() => {
      if (done === own) done = undefined
    })
    return own
  }
}
