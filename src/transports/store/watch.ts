import { asNoticeboardError, type NoticeboardError } from '../../contracts/errors.js'
import { parseNamespace, type Namespace } from '../../contracts/names.js'
import type { Clock, Hasher } from '../../contracts/system.js'
import type { Delivery, InlineSnapshot, WatchQuery } from '../../contracts/transport.js'
import { createWakeable } from '../../async/wakeable.js'
import { MAX_INLINE_BYTES } from '../../core/limits.js'
import { decodeRelease } from '../../core/release/release.js'
import { target } from '../../core/release/target.js'
import { sameBytes } from '../../core/json/text.js'
import type { EngineCalls } from './calls.js'
import type { Feed, FeedMember } from './feed.js'
import { keys } from './keys.js'
import type { Log } from './log.js'

export interface Watching {
  readonly calls: EngineCalls
  readonly log: Log
  readonly feed: Feed
  readonly clock: Clock
  readonly hasher: Hasher
  readonly checkIntervalMs: number
  readonly heartbeatMs: number | undefined
}

/**
 * Listens first and reads the heads then, so nothing falls in between; and reads those again that a
 * notification names. A notification says only where to look, so one that is lost, late or for
 * nothing does no harm: every `checkIntervalMs` all heads are compared, and where that finds what
 * no notification told, the connection is made anew. Nothing piles up for a slow reader: a
 * namespace is due or it is not.
 */
export async function* watchStore(
  { calls, log, feed, clock, hasher, checkIntervalMs, heartbeatMs }: Watching,
  query: WatchQuery,
  signal: AbortSignal,
): AsyncGenerator<Delivery, void, undefined> {
  const namespaces = [...new Set(query.namespaces.map(parseNamespace))]
  if (signal.aborted) return
  const given = new Map<Namespace, Uint8Array>()
  const due = new Set<Namespace>()
  /** Due without a notification: nothing but the periodic check asks for them. */
  const unannounced = new Set<Namespace>()
  let lost: NoticeboardError | undefined
  let begun = false
  const news = createWakeable(clock)
  const isDue = (namespace: Namespace): void => {
    due.add(namespace)
    unannounced.delete(namespace)
    news.wake()
  }
  const member: FeedMember = {
    listening: () => namespaces.forEach(isDue),
    changed(namespace) {
      if (namespaces.includes(namespace)) isDue(namespace)
    },
    lost(error) {
      lost = error
      news.wake()
    },
  }
  const alive: Delivery = { type: 'alive', ...(heartbeatMs !== undefined && { heartbeatMs }) }
  let beatAtMs = clock.monotonic() + (heartbeatMs ?? Number.POSITIVE_INFINITY)
  let checkAtMs = clock.monotonic() + checkIntervalMs
  feed.join(member)

  try {
    while (!signal.aborted) {
      if (lost !== undefined) throw lost
      if (due.size > 0) {
        const names = [...due]
        due.clear()
        const heads = await log.heads(names, signal)
        if (!begun && (heartbeatMs !== undefined || heads.some(({ index }) => index === 0))) yield alive
        begun = true
        for (const [at, namespace] of names.entries()) {
          const head = heads[at]
          const before = given.get(namespace)
          if (head === undefined || head.index === 0) continue
          if (before !== undefined && sameBytes(before, head.bytes)) continue
          if (unannounced.delete(namespace)) feed.renew()
          given.set(namespace, head.bytes)
          const snapshots = await inlined(head.bytes, namespace)
          if (signal.aborted) return
          yield {
            type: 'release',
            namespace,
            bytes: head.bytes.slice(),
            ...(snapshots.length > 0 && { snapshots }),
          }
          if (signal.aborted) return
        }
        unannounced.clear()
        continue
      }
      const nowMs = clock.monotonic()
      if (begun && nowMs >= beatAtMs) {
        beatAtMs = nowMs + (heartbeatMs ?? Number.POSITIVE_INFINITY)
        yield alive
      } else if (begun && nowMs >= checkAtMs) {
        checkAtMs = nowMs + checkIntervalMs
        for (const namespace of namespaces) {
          due.add(namespace)
          unannounced.add(namespace)
        }
      } else {
        const untilMs = begun ? Math.min(beatAtMs, checkAtMs) - nowMs : Number.POSITIVE_INFINITY
        await news.wait(untilMs, signal)
      }
    }
  } catch (error) {
    // What fails because of the abort is no failure: the watch ends.
    if (signal.aborted) return
    throw asNoticeboardError(error, 'unavailable', `${calls.name} lost the connection of the watch`)
  } finally {
    feed.leave(member)
  }

  /** The snapshot that is for the asking client, if it has not got it and it is not large. */
  async function inlined(bytes: Uint8Array, namespace: Namespace): Promise<readonly InlineSnapshot[]> {
    const { inline, identity, have } = query
    if (!inline || identity === undefined) return []
    const wanted = target(decodeRelease(bytes).release, { identity, refused: () => false, hasher })
    if (wanted.arm === 'keep' || have?.[namespace] === wanted.digest) return []
    const [entry] = await calls.read([keys.snapshot(namespace, wanted.digest)], signal)
    return entry === undefined || entry.value.length > MAX_INLINE_BYTES
      ? []
      : [{ digest: wanted.digest, bytes: entry.value }]
  }
}
