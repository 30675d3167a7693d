import { createLatestByKey } from '../../async/latest.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock } from '../../contracts/system.js'
import { comparePositions, type Position } from '../../contracts/position.js'
import type { Delivery } from '../../contracts/transport.js'
import { defaultPeriods } from '../../core/defaults.js'
import type { Entry } from './places.js'
import type { BoardTail } from './tail.js'

/** How often a watch shows that it lives while nothing is published. */
const HEARTBEAT_MS = defaultPeriods.heartbeatMs

export interface BoardWatchOptions {
  readonly namespaces: readonly Namespace[]
  /** False where signs of life are of no use. */
  readonly alive?: false | undefined
  readonly tail: BoardTail
  readonly clock: Clock
  /** The newest release now. */
  readonly newest: (namespace: Namespace) => Promise<Entry | undefined>
}

/**
 * Follows the namespaces until the signal aborts. Of several releases that come while nobody asks,
 * the last is kept.
 */
export async function* watchBoard(
  { namespaces, alive, tail, clock, newest }: BoardWatchOptions,
  signal: AbortSignal,
): AsyncGenerator<Delivery, void, undefined> {
  const told = new Map<Namespace, Position>()
  const waiting = createLatestByKey<Namespace, Found>(clock)
  const stops = namespaces.map(namespace =>
    tail.follow(namespace, {
      release: entry => waiting.put(namespace, { namespace, entry }),
      failed: waiting.fail,
    }),
  )

  try {
    for (const namespace of namespaces) {
      const entry = await newest(namespace)
      if (entry !== undefined && waiting.peek(namespace) === undefined)
        waiting.put(namespace, { namespace, entry })
    }
    for (let first = true; !signal.aborted; first = false) {
      let silent = true
      for (let next = waiting.take(); next !== undefined; next = waiting.take()) {
        const { namespace, entry } = next
        const before = told.get(namespace)
        if (before !== undefined && comparePositions(entry.position, before) !== 'newer') continue
        told.set(namespace, entry.position)
        silent = false
        yield { type: 'release', namespace, bytes: entry.bytes }
        if (signal.aborted) return
      }
      if (silent || (first && told.size < namespaces.length))
        yield { type: 'alive', heartbeatMs: HEARTBEAT_MS }
      await waiting.wait(alive === false ? Number.POSITIVE_INFINITY : HEARTBEAT_MS, signal)
    }
  } finally {
    for (const stop of stops) stop()
  }
}

interface Found {
  readonly namespace: Namespace
  readonly entry: Entry
}
