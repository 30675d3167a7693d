import type { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock } from '../../contracts/system.js'
import { comparePositions, type Position } from '../../contracts/position.js'
import type { Delivery } from '../../contracts/transport.js'
import type { Entry } from './log.js'
import type { BoardTail } from './tail.js'

/** How often a watch shows that it lives while nothing is published. */
const HEARTBEAT_MS = 15_000

export interface BoardWatchOptions {
  readonly namespaces: readonly Namespace[]
  readonly tail: BoardTail
  readonly clock: Clock
  /** The newest release now. */
  readonly newest: (namespace: Namespace) => Promise<Entry | undefined>
}

/** Follows the namespaces until the signal aborts. Of several releases that come while nobody asks, the last is kept. */
export async function* watchBoard(
  { namespaces, tail, clock, newest }: BoardWatchOptions,
  signal: AbortSignal,
): AsyncGenerator<Delivery, void, undefined> {
  const told = new Map<Namespace, Position>()
  const waiting = new Map<Namespace, Entry>()
  let lost: NoticeboardError | undefined
  let wake: (() => void) | undefined

  const stops = namespaces.map(namespace =>
    tail.follow(namespace, {
      release(entry) {
        waiting.set(namespace, entry)
        wake?.()
      },
      failed(error) {
        lost ??= error
        wake?.()
      },
    }),
  )
  /** Waits for one of the followers, the heartbeat or the end. */
  const somethingNew = (): Promise<void> =>
    new Promise(resolve => {
      const done = (): void => {
        wake = undefined
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = clock.after(HEARTBEAT_MS, done)
      signal.addEventListener('abort', done, { once: true })
      wake = done
    })

  try {
    let silent = true
    for (const namespace of namespaces) {
      const entry = await newest(namespace)
      if (entry !== undefined && !waiting.has(namespace)) waiting.set(namespace, entry)
    }
    for (let first = true; !signal.aborted; first = false) {
      silent = true
      for (const [namespace, entry] of [...waiting]) {
        waiting.delete(namespace)
        const before = told.get(namespace)
        if (before !== undefined && comparePositions(entry.position, before) !== 'newer') continue
        told.set(namespace, entry.position)
        silent = false
        yield { type: 'release', namespace, bytes: entry.bytes }
        if (signal.aborted) return
      }
      if (lost !== undefined) throw lost
      if (silent || (first && told.size < namespaces.length))
        yield { type: 'alive', heartbeatMs: HEARTBEAT_MS }
      if (waiting.size === 0 && lost === undefined && !signal.aborted) await somethingNew()
    }
  } finally {
    for (const stop of stops) stop()
  }
}
