// A transport of your own, whole: a key-value store that can be watched, as etcd, Consul, NATS and
// others can. The connection is the user's, and so is closing it. Only three methods are called; no
// driver is imported.
import { comparePositions, NoticeboardError } from 'noticeboard/core'

/**
 * @import { Delivery, Mirror, WatchTransport } from 'noticeboard/core'
 *
 * @typedef {object} KvConnection
 * @property {(key: string) => Promise<{ value: Uint8Array, revision: number } | undefined>} get
 * @property {(key: string, value: Uint8Array, revision?: number) => Promise<boolean>} put with a
 * revision, only on top of that one; 0 is none
 * @property {(keys: string[], signal: AbortSignal) => AsyncIterable<{ key: string, value: Uint8Array }>}
 * watch every change after the call
 */

/**
 * Reads a board from a key-value store, and follows one into it. What a call throws is taken for a
 * lost connection, and tried again by whoever called; so nothing here retries, waits or sets a
 * timer.
 * @param {KvConnection} connection
 * @returns {WatchTransport & Mirror}
 */
export function kv(connection) {
  return {
    name: 'kv',

    async latest({ namespace, tag }) {
      const entry = await connection.get(releaseKey(namespace))
      if (entry === undefined) return { type: 'none' }
      const own = String(entry.revision)
      return own === tag ? { type: 'unchanged' } : { type: 'release', bytes: entry.value, tag: own }
    },

    async snapshot({ namespace, digest, maxSnapshotBytes }) {
      const entry = await connection.get(snapshotKey(namespace, digest))
      if (entry === undefined)
        throw new NoticeboardError('not-found', `kv has no such snapshot of ${namespace}, or not yet`)
      if (entry.value.length > maxSnapshotBytes)
        throw new NoticeboardError('too-large', `the snapshot has more than ${maxSnapshotBytes} bytes`)
      return entry.value
    },

    async *watch({ namespaces }, signal) {
      const keys = new Map(namespaces.map(namespace => [releaseKey(namespace), namespace]))
      // Watched first and read then, so that nothing falls in between.
      const changes = connection.watch([...keys.keys()], signal)
      for (const [key, namespace] of keys) {
        const entry = await connection.get(key)
        yield entry === undefined ? { type: 'alive' } : released(namespace, entry.value)
      }
      for await (const { key, value } of changes) {
        const namespace = keys.get(key)
        if (namespace !== undefined) yield released(namespace, value)
      }
    },

    async put({ namespace, digest, bytes }) {
      await connection.put(snapshotKey(namespace, digest), bytes)
    },

    async announce({ namespace, bytes }) {
      const key = releaseKey(namespace)
      for (;;) {
        const entry = await connection.get(key)
        // Of two publishers the slower one must not take the newer release back.
        if (entry !== undefined && comparePositions(positionOf(bytes), positionOf(entry.value)) !== 'newer')
          return
        if (await connection.put(key, bytes, entry?.revision ?? 0)) return
      }
    },
  }
}

/** @param {string} namespace */
const releaseKey = namespace => `noticeboard/${namespace}/release.json`

/** @param {string} namespace @param {string} digest */
const snapshotKey = (namespace, digest) => `noticeboard/${namespace}/snapshots/${digest}.json`

/** @param {string} namespace @param {Uint8Array} bytes @returns {Delivery} */
const released = (namespace, bytes) => ({ type: 'release', namespace, bytes })

/** @param {Uint8Array} bytes @returns {{ epoch: string, sequence: number }} */
const positionOf = bytes => JSON.parse(new TextDecoder().decode(bytes)).release
