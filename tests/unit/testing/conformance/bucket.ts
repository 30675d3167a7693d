import {
  asNoticeboardError,
  comparePositions,
  isNoticeboardError,
  NoticeboardError,
  parseNamespace,
} from '../../../../src/core.js'
import type { Mirror, Position, WatchTransport } from '../../../../src/core.js'

/**
 * The few methods that are called of a connected client. Each throws when the bucket cannot be
 * reached.
 */
export interface Bucket {
  get(key: string, signal: AbortSignal): Promise<{ bytes: Uint8Array; etag: string } | undefined>
  /** Over that version only, or over none with `null`; without it in any case. */
  put(
    key: string,
    bytes: Uint8Array,
    signal: AbortSignal,
    over?: string | null,
  ): Promise<'written' | 'changed'>
  /**
   * Tells each key that changes after the promise resolved, until the signal aborts, and once that
   * the line was lost.
   */
  listen(tell: { changed(key: string): void; lost(error: Error): void }, signal: AbortSignal): Promise<void>
}

/** The files of a board in a bucket. The client is the caller's, and so is closing it. */
export function bucket(client: Bucket): WatchTransport & Mirror {
  return {
    name: 'bucket',

    async latest({ namespace, tag }, signal) {
      const found = await call(client.get(releaseKey(namespace), signal))
      if (found === undefined) return { type: 'none' }
      return found.etag === tag
        ? { type: 'unchanged' }
        : { type: 'release', bytes: found.bytes, tag: found.etag }
    },

    async snapshot({ namespace, digest, maxSnapshotBytes }, signal) {
      const found = await call(client.get(snapshotKey(namespace, digest), signal))
      if (found === undefined)
        throw new NoticeboardError('not-found', `the bucket has no such snapshot of ${namespace}, or not yet`)
      if (found.bytes.length > maxSnapshotBytes)
        throw new NoticeboardError('too-large', `the snapshot has more than ${maxSnapshotBytes} bytes`)
      return found.bytes
    },

    async *watch({ namespaces }, signal) {
      const keys = new Map(namespaces.map(namespace => [releaseKey(namespace), namespace]))
      // What shall be looked at. A set, so that a slow reader skips and nothing piles up.
      const due = new Set(keys.keys())
      let lost: Error | undefined
      let wake = (): void => {}
      // Ends the line: at the abort, since a reader that stalls never gets to a `finally`, or with
      // the loop.
      const line = new AbortController()
      const abort = (): void => {
        line.abort()
        wake()
      }
      signal.addEventListener('abort', abort, { once: true })
      if (signal.aborted) abort()
      try {
        // Listening begins before the first look, so that nothing falls between the two.
        const tell = {
          changed(key: string) {
            if (keys.has(key)) due.add(key)
            wake()
          },
          lost(error: Error) {
            lost = error
            wake()
          },
        }
        await call(client.listen(tell, line.signal))
        while (!signal.aborted) {
          if (lost !== undefined)
            throw asNoticeboardError(lost, 'unavailable', 'the line to the bucket was lost')
          const [key] = due
          if (key === undefined) {
            await new Promise<void>(resolve => (wake = resolve))
            continue
          }
          due.delete(key)
          const found = await call(client.get(key, signal))
          if (found === undefined) yield { type: 'alive' }
          else yield { type: 'release', namespace: keys.get(key) ?? '', bytes: found.bytes }
        }
      } catch (error) {
        // What fails because of the abort is no failure: the watch ends.
        if (!signal.aborted) throw error
      } finally {
        signal.removeEventListener('abort', abort)
        line.abort()
      }
    },

    async put({ namespace, digest, bytes }, signal) {
      await call(client.put(snapshotKey(namespace, digest), bytes, signal))
    },

    async announce({ namespace, bytes }, signal) {
      const key = releaseKey(namespace)
      for (;;) {
        const found = await call(client.get(key, signal))
        // Of two publishers the slower one must not take the newer release back.
        if (found !== undefined && comparePositions(positionOf(bytes), positionOf(found.bytes)) !== 'newer')
          return
        if ((await call(client.put(key, bytes, signal, found?.etag ?? null))) === 'written') return
      }
    },
  }
}

/** A call of the client, whose errors become ours: who is refused is told from what is lost. */
async function call<T>(work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isNoticeboardError(error)) throw error
    const status = error instanceof Error && 'status' in error ? error.status : undefined
    const options = { cause: error }
    if (status === 401)
      throw new NoticeboardError('unauthorized', 'the bucket does not know these credentials', options)
    if (status === 403) throw new NoticeboardError('forbidden', 'the bucket does not allow this', options)
    throw new NoticeboardError('unavailable', 'the bucket could not be reached', options)
  }
}

const releaseKey = (namespace: string): string => `v1/${parseNamespace(namespace)}/release.json`
const snapshotKey = (namespace: string, digest: string): string =>
  `v1/${parseNamespace(namespace)}/snapshots/${digest}.json`
const positionOf = (bytes: Uint8Array): Position =>
  (JSON.parse(new TextDecoder().decode(bytes)) as { release: Position }).release
