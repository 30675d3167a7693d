import type { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { Delivery, WatchQuery } from '../../contracts/transport.js'
import { sameBytes } from '../../core/json/text.js'

type Release = Extract<Delivery, { readonly type: 'release' }>

/** One reader of a shared stream: what is waiting for it, at most one release and one mark a namespace. */
export interface Watcher {
  readonly query: WatchQuery
  readonly namespaces: ReadonlySet<Namespace>
  /** Hands something over; it replaces what it supersedes. */
  give(delivery: Delivery): void
  /** The stream is lost. What is waiting is still taken first. */
  fail(error: NoticeboardError): void
  /** What comes next; undefined when nothing is waiting. Throws when the stream is lost. */
  take(): Delivery | undefined
  /** Resolves when there is something to take, or at `wake`. */
  wait(): Promise<void>
  wake(): void
}

/** A reader that has got nothing yet. */
export function createWatcher(query: WatchQuery): Watcher {
  const namespaces = new Set(query.namespaces)
  const releases = new Map<Namespace, Release>()
  const marks = new Map<Namespace, Delivery>()
  /** What was handed over last, so that a reopened stream does not repeat it. */
  const given = new Map<Namespace, Uint8Array>()
  let alive: Delivery | undefined
  let lost: NoticeboardError | undefined
  let ring: (() => void) | undefined

  const wake = (): void => {
    ring?.()
    ring = undefined
  }

  return {
    query,
    namespaces,
    wake,
    give(delivery) {
      if (delivery.type === 'alive') alive = delivery
      else if (!namespaces.has(delivery.namespace)) return
      else if (delivery.type === 'mark') marks.set(delivery.namespace, delivery)
      else if (isRepeated(given.get(delivery.namespace), delivery)) alive ??= { type: 'alive' }
      else {
        releases.set(delivery.namespace, withSnapshotsOf(releases.get(delivery.namespace), delivery))
        given.set(delivery.namespace, delivery.bytes)
      }
      wake()
    },
    fail(error) {
      lost = error
      wake()
    },
    take() {
      const next = alive ?? first(releases) ?? first(marks)
      if (next === undefined && lost !== undefined) throw lost
      if (next?.type === 'alive') alive = undefined
      else if (next?.type === 'release') releases.delete(next.namespace)
      else if (next?.type === 'mark') marks.delete(next.namespace)
      return next
    },
    wait() {
      if (alive !== undefined || releases.size > 0 || marks.size > 0 || lost !== undefined)
        return Promise.resolve()
      return new Promise(resolve => {
        ring = resolve
      })
    },
  }
}

/** A later release without snapshots may name the ones that came with the earlier, which the server will not send again. */
export function withSnapshotsOf(earlier: Release | undefined, later: Release): Release {
  return later.snapshots === undefined && earlier?.snapshots !== undefined
    ? { ...later, snapshots: earlier.snapshots }
    : later
}

function isRepeated(before: Uint8Array | undefined, { bytes, snapshots }: Release): boolean {
  return before !== undefined && snapshots === undefined && sameBytes(before, bytes)
}

function first<T>(map: ReadonlyMap<unknown, T>): T | undefined {
  for (const value of map.values()) return value
  return undefined
}
