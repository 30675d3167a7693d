import { onAbort } from '../../core/on-abort.js'

/** How long the server lives, as the store sees it. */
export interface Lifetime {
  /**
   * Does something with a signal of its own, which aborts when the server ends, or the given signal does: a store may put as many
   * listeners on it as it likes.
   */
  run<T>(work: (signal: AbortSignal) => Promise<T>, outer?: AbortSignal): Promise<T>
  /** The same for what goes on after its answer has begun; `done` says that it is over. */
  begin(outer?: AbortSignal): { readonly signal: AbortSignal; readonly done: () => void }
  /** Aborts everything that still runs, and what is begun later at once. */
  end(reason: Error): void
}

export function createLifetime(): Lifetime {
  const running = new Set<AbortController>()
  let ended: Error | undefined

  const begin: Lifetime['begin'] = outer => {
    const controller = new AbortController()
    if (ended !== undefined) controller.abort(ended)
    else if (outer?.aborted === true) controller.abort(outer.reason)
    running.add(controller)
    const forget = outer && onAbort(outer, () => controller.abort(outer.reason))
    return {
      signal: controller.signal,
      done() {
        forget?.()
        running.delete(controller)
      },
    }
  }

  return {
    begin,
    async run(work, outer) {
      const { signal, done } = begin(outer)
      try {
        return await work(signal)
      } finally {
        done()
      }
    },
    end(reason) {
      ended = reason
      for (const controller of running) controller.abort(reason)
    },
  }
}
