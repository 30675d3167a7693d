import type { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { Delivery } from '../../contracts/transport.js'
import { sameBytes } from '../../core/json/text.js'

/**
 * What waits for the reader of one watch: the newest release of each namespace and no more, however slowly it reads. For drivers
 * that push: they hand over, and the watch takes.
 */
export interface Pending {
  /** Hands over the newest release; it replaces one that nobody took yet. The one that was taken last is not given again. */
  release(namespace: Namespace, bytes: Uint8Array): void
  alive(): void
  /** The connection is lost. What waits is still given first. */
  fail(error: NoticeboardError): void
  /** Everything that is handed over, until the signal aborts or the connection is lost: then it throws. */
  deliveries(signal: AbortSignal): AsyncGenerator<Delivery, void, undefined>
}

export function createPending(): Pending {
  const waiting = new Map<Namespace, Uint8Array>()
  const given = new Map<Namespace, Uint8Array>()
  let alive = false
  let lost: NoticeboardError | undefined
  let wake = (): void => {}

  return {
    release(namespace, bytes) {
      const before = waiting.get(namespace) ?? given.get(namespace)
      if (before !== undefined && sameBytes(before, bytes)) return
      waiting.set(namespace, bytes)
      wake()
    },
    alive() {
      alive = true
      wake()
    },
    fail(error) {
      lost ??= error
      wake()
    },
    async *deliveries(signal) {
      const abort = (): void => wake()
      signal.addEventListener('abort', abort)
      try {
        while (!signal.aborted) {
          if (alive) {
            alive = false
            yield { type: 'alive' }
            continue
          }
          const [next] = waiting
          if (next !== undefined) {
            const [namespace, bytes] = next
            waiting.delete(namespace)
            given.set(namespace, bytes)
            yield { type: 'release', namespace, bytes }
            continue
          }
          if (lost !== undefined) throw lost
          await new Promise<void>(resolve => {
            wake = resolve
          })
        }
      } finally {
        signal.removeEventListener('abort', abort)
      }
    },
  }
}
