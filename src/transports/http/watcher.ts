import { createLatestByKey } from '../../async/latest.js'
import type { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock } from '../../contracts/system.js'
import type { Delivery, WatchQuery } from '../../contracts/transport.js'
import { sameBytes } from '../../core/json/text.js'

type Release = Extract<Delivery, { readonly type: 'release' }>

/**
 * One reader of a shared stream: what waits for it, at most one release and one mark a namespace.
 */
export interface Watcher {
  readonly query: WatchQuery
  readonly namespaces: ReadonlySet<Namespace>
  /** Puts a delivery where the reader finds it; it replaces what it supersedes. */
  give(delivery: Delivery): void
  /** The stream is lost: reading throws this error after what waits. */
  fail(error: NoticeboardError): void
  /** Reads what is given until the signal aborts. */
  deliveries(signal: AbortSignal): AsyncGenerator<Delivery, void, undefined>
}

/** Makes a reader for which nothing waits. */
export function createWatcher(query: WatchQuery, clock: Clock): Watcher {
  const namespaces = new Set(query.namespaces)
  const waiting = createLatestByKey<string, Delivery>(clock)
  /** The newest release that was put in, so that a reopened stream does not repeat it. */
  const given = new Map<Namespace, Uint8Array>()

  return {
    query,
    namespaces,
    fail: waiting.fail,
    deliveries: waiting.items,
    give(delivery) {
      if (delivery.type === 'alive') return waiting.put('alive', delivery)
      const { namespace } = delivery
      if (!namespaces.has(namespace)) return
      if (delivery.type === 'mark') return waiting.put(`mark ${namespace}`, delivery)
      if (isRepeated(given.get(namespace), delivery)) {
        // It still shows that the stream lives.
        if (waiting.peek('alive') === undefined) waiting.put('alive', { type: 'alive' })
        return
      }
      // A mark from before the release says nothing about it.
      waiting.drop(`mark ${namespace}`)
      const key = `release ${namespace}`
      waiting.put(key, withSnapshotsOf(waiting.peek(key), delivery))
      given.set(namespace, delivery.bytes)
    },
  }
}

/**
 * A later release without snapshots may name the ones that came with the earlier, which the server
 * does not send again.
 */
export function withSnapshotsOf(earlier: Delivery | undefined, later: Release): Release {
  return later.snapshots === undefined && earlier?.type === 'release' && earlier.snapshots !== undefined
    ? { ...later, snapshots: earlier.snapshots }
    : later
}

function isRepeated(before: Uint8Array | undefined, { bytes, snapshots }: Release): boolean {
  return before !== undefined && snapshots === undefined && sameBytes(before, bytes)
}
