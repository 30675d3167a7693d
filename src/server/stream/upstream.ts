import type { Namespace } from '../../contracts/names.js'
import type { WentBack } from '../../contracts/position.js'
import type { Clock, Hasher, Logger } from '../../contracts/system.js'
import { createBoardMemory } from '../../core/store/board-memory.js'
import { sayUpstreamWentBack } from '../../core/store/went-back.js'

/** What a relay remembers of the history that it reads, which has no memory of its own. */
export interface Upstream {
  /** What is newest now; undefined where upstream says that there is nothing. */
  heard(namespace: Namespace, bytes: Uint8Array | undefined): void
  /** How the history of a namespace went back, once the log says so. */
  wentBack(namespace: Namespace): WentBack | undefined
  stop(): void
}

export interface UpstreamOptions {
  /** The transport's, for the log. */
  readonly name: string
  readonly hasher: Hasher
  readonly clock: Clock
  readonly logger: Logger | undefined
  /** For how long a history has to be behind before that is told, in milliseconds. */
  readonly settleMs: number
  /** Asks upstream once more, and tells {@link Upstream.heard} what it says. */
  readonly look: (namespace: Namespace) => Promise<void>
}

/**
 * Remembers what a relay was told, and logs an error once where a history went back: a force-push, a
 * folder put back to a copy, a bucket restored. An older answer may also come from a copy that lags,
 * so it is told only when upstream still says so after `settleMs`; and that it goes on again, only
 * where it was told.
 */
export function createUpstream({ name, hasher, clock, logger, settleMs, look }: UpstreamOptions): Upstream {
  const memory = createBoardMemory(hasher)
  const told = new Set<Namespace>()
  const waiting = new Map<Namespace, () => void>()
  let stopped = false

  const tell = async (namespace: Namespace): Promise<void> => {
    waiting.delete(namespace)
    const answers = await look(namespace).then(
      () => true,
      () => false,
    )
    const wentBack = memory.wentBack(namespace)
    if (stopped || wentBack === undefined || told.has(namespace)) return
    if (!answers) return wait(namespace)
    told.add(namespace)
    logger?.error(sayUpstreamWentBack(name, namespace, wentBack), { namespace })
  }
  const wait = (namespace: Namespace): void => {
    if (!stopped && !waiting.has(namespace))
      waiting.set(
        namespace,
        clock.after(settleMs, () => void tell(namespace)),
      )
  }

  memory.listen((namespace, wentBack) => {
    if (wentBack !== undefined) return wait(namespace)
    waiting.get(namespace)?.()
    waiting.delete(namespace)
    if (told.delete(namespace)) logger?.info('the history of a namespace goes on again', { namespace })
  })

  return {
    heard(namespace, bytes) {
      // What lies between is not known here, so a newer release of the same epoch goes on from it.
      const stillHas = async (): Promise<boolean> => true
      void memory.hear({ namespace, bytes, since: memory.known(namespace), stillHas })
    },
    wentBack: namespace => (told.has(namespace) ? memory.wentBack(namespace) : undefined),
    stop() {
      stopped = true
      for (const cancel of waiting.values()) cancel()
      waiting.clear()
    },
  }
}
