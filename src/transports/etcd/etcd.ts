import { NoticeboardError } from '../../contracts/errors.js'
import { isDigest, parseNamespace, type Namespace } from '../../contracts/names.js'
import type { System } from '../../contracts/system.js'
import { nextPosition } from '../../contracts/position.js'
import type { CompleteStore, Latest, LogEntry } from '../../contracts/transport.js'
import { assertDigest, digestOf } from '../../core/release/digest.js'
import { decodeRelease, digestsOf } from '../../core/release/release.js'
import { sameBytes } from '../../core/json/text.js'
import { checkOptions } from '../../core/options.js'
import { readSystem } from '../../system/system.js'
import { appendToEtcd } from './append.js'
import type { EtcdClient, EtcdEntry, EtcdStep } from './client.js'
import { etcdKeys } from './keys.js'
import { etcdReports } from './reports.js'
import { watchEtcd } from './watch.js'
import { MAX_SNAPSHOT_BYTES } from '../../core/limits.js'

/** How a store in etcd is kept. */
export interface EtcdOptions {
  /** What all keys begin with. Default `noticeboard/`. */
  readonly prefix?: string
  /** What an acknowledged write survives. `replicated` for a cluster of three or more; default `single`, which is true of any. */
  readonly durability?: 'replicated' | 'single'
  /** The largest snapshot that is taken. Default 1 MiB, which fits into etcd's own limit of 1.5 MiB. */
  readonly maxSnapshotBytes?: number
  /** How long the last word of an instance stays at least, in milliseconds. Default 3,600,000. */
  readonly reportTtlMs?: number
  /** Time, chance, hashing and the process, for tests and simulation; the machine's unless given. */
  readonly system?: Partial<System>
}

/** A store in etcd, with its notifications and the reports of its clients. */
export type EtcdStore = CompleteStore

/** Entries of the log that are read at once: releases have 16 KB at most, so a page has 1 MB with their audit records. */
const PAGE = 50
const PAGE_OF_NAMES = 1_000

/**
 * etcd 3.4 or later as the store. Appends are transactions, watches go on from a revision, so neither a release is lost nor one written
 * twice, however many publishers and servers share it. The client is the caller's, who closes it if it needs closing. Nothing is read
 * or written before the first call. Throws `invalid-option`.
 */
export function etcd(client: EtcdClient, options: EtcdOptions = {}): EtcdStore {
  checkOptions('etcd()', options, {
    prefix: true,
    durability: true,
    maxSnapshotBytes: true,
    reportTtlMs: true,
    system: true,
  })
  const {
    prefix = 'noticeboard/',
    durability = 'single',
    maxSnapshotBytes = MAX_SNAPSHOT_BYTES,
    reportTtlMs = 3_600_000,
  } = options
  const { clock, hasher } = readSystem('etcd()', options.system)
  if (typeof client?.transact !== 'function')
    throw new NoticeboardError(
      'invalid-option',
      'etcd() wants a client: etcd(etcdGateway({ url: "http://127.0.0.1:2379" }))',
    )
  for (const [name, value] of Object.entries({ maxSnapshotBytes, reportTtlMs })) {
    if (!(Number.isFinite(value) && value > 0))
      throw new NoticeboardError('invalid-option', `${name} of etcd() must be a number above 0`)
  }
  const keys = etcdKeys(prefix)
  const { report, reports } = etcdReports({ client, keys, clock, ttlMs: reportTtlMs })

  const read = async (key: string, signal: AbortSignal): Promise<EtcdEntry | undefined> =>
    (await client.transact({ steps: [{ type: 'range', key }] }, signal)).found[0]?.[0]

  const write = async (key: string, value: Uint8Array, signal: AbortSignal): Promise<void> => {
    const kept = await read(key, signal)
    if (kept === undefined || !sameBytes(kept.value, value))
      await client.transact({ steps: [{ type: 'put', key, value }] }, signal)
  }

  const limit = (what: string, bytes: Uint8Array): void => {
    if (bytes.length > maxSnapshotBytes)
      throw new NoticeboardError(
        'too-large',
        `${what} has ${bytes.length} bytes; this store takes ${maxSnapshotBytes}`,
      )
  }

  /** What a release says counts and not where etcd has it: revisions begin anew when etcd is set up anew. */
  const answer = (bytes: Uint8Array): Latest => ({ type: 'release', bytes, tag: digestOf(hasher, bytes) })

  return {
    name: client.name,
    durability,
    maxSnapshotBytes,
    report,

    async latest({ namespace, tag }, signal) {
      const newest = await read(keys.newest(parseNamespace(namespace)), signal)
      if (newest === undefined) return { type: 'none' }
      return tag !== undefined && tag === digestOf(hasher, newest.value)
        ? { type: 'unchanged' }
        : answer(newest.value)
    },

    async next({ namespace, after }, signal) {
      const place = keys.release(parseNamespace(namespace), nextPosition(after))
      const found = await client.transact(
        { steps: [{ type: 'range', key: place, end: keys.log(namespace).end, limit: 1 }] },
        signal,
      )
      const next = found.found[0]?.[0]
      return next === undefined ? { type: 'none' } : answer(next.value)
    },

    async snapshot({ namespace, digest, maxSnapshotBytes }, signal) {
      const kept = await read(keys.snapshot(parseNamespace(namespace), digest), signal)
      if (kept === undefined)
        throw new NoticeboardError(
          'not-found',
          `${client.name} has no snapshot ${digest.slice(0, 12)} of ${namespace}, or not yet`,
        )
      if (kept.value.length > maxSnapshotBytes)
        throw new NoticeboardError(
          'too-large',
          `the snapshot has ${kept.value.length} bytes; ${maxSnapshotBytes} are allowed`,
        )
      return kept.value
    },

    watch: ({ namespaces }, signal) => watchEtcd({ client, keys }, namespaces, signal),

    async put({ namespace, digest, bytes }, signal) {
      parseNamespace(namespace)
      if (!isDigest(digest))
        throw new NoticeboardError('invalid-option', 'a digest has 64 lower-case hexadecimal digits')
      limit('the snapshot', bytes)
      assertDigest(hasher, { bytes, digest, what: 'the snapshot' })
      await write(keys.snapshot(namespace, digest), bytes, signal)
    },

    append: (query, signal) => appendToEtcd({ client, keys, hasher }, query, signal),

    async *history(
      { namespace, limit: most = Number.POSITIVE_INFINITY },
      signal,
    ): AsyncGenerator<LogEntry, void, undefined> {
      const log = keys.log(parseNamespace(namespace))
      let { end } = log
      for (let left = most; left > 0;) {
        const page = Math.min(left, PAGE)
        const { found } = await client.transact(
          { steps: [{ type: 'range', key: log.key, end, limit: page, descending: true }] },
          signal,
        )
        const entries = found[0] ?? []
        if (entries.length === 0) return
        const audits = await client.transact(
          { steps: entries.map(({ key }): EtcdStep => ({ type: 'range', key: keys.auditBeside(key) })) },
          signal,
        )
        for (const [index, { value }] of entries.entries()) {
          const audit = audits.found[index]?.[0]?.value
          yield { bytes: value, ...(audit !== undefined && { audit }) }
        }
        if (entries.length < page) return
        left -= entries.length
        end = entries.at(-1)?.key ?? log.key
      }
    },

    reports: ({ namespace }, signal) => reports(parseNamespace(namespace), signal),

    async namespaces(signal) {
      const names: Namespace[] = []
      const { end } = keys.allNewest
      for (let start = keys.allNewest.key; ;) {
        const { found } = await client.transact(
          { steps: [{ type: 'range', key: start, end, limit: PAGE_OF_NAMES, keysOnly: true }] },
          signal,
        )
        const entries = found[0] ?? []
        names.push(...entries.map(({ key }) => keys.namespaceOf(key)))
        const last = entries.at(-1)
        if (last === undefined || entries.length < PAGE_OF_NAMES) return names
        start = `${last.key}\0`
      }
    },

    schema: async ({ namespace }, signal) =>
      (await read(keys.schema(parseNamespace(namespace)), signal))?.value,

    async putSchema({ namespace, bytes }, signal) {
      limit('the schema', bytes)
      await write(keys.schema(parseNamespace(namespace)), bytes, signal)
    },

    async remove({ namespace, digest }, signal) {
      const newestKey = keys.newest(parseNamespace(namespace))
      const newest = await read(newestKey, signal)
      if (newest !== undefined && digestsOf(decodeRelease(newest.value).release).includes(digest)) {
        throw new NoticeboardError(
          'forbidden',
          `the newest release of ${namespace} names the snapshot ${digest.slice(0, 12)}; publish another one first`,
        )
      }
      const { succeeded } = await client.transact(
        {
          // A release that names it may have come meanwhile.
          conditions: [
            newest === undefined
              ? { type: 'missing', key: newestKey }
              : { type: 'written-at', key: newestKey, revision: newest.modRevision },
          ],
          steps: [{ type: 'delete', key: keys.snapshot(namespace, digest) }],
        },
        signal,
      )
      if (!succeeded)
        throw new NoticeboardError(
          'unavailable',
          `a release of ${namespace} was published meanwhile; try again`,
        )
    },
  }
}
