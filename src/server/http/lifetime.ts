import { createLinkedAbortController } from '../../async/signals.js'

/** How long the server lives, as the store sees it. */
export interface Lifetime {
  /**
   * Runs work with a signal of its own, which aborts when the server ends or the given signal does:
   * a store may put as many listeners on it as it likes.
   */
  run<T>(work: (signal: AbortSignal) => Promise<T>, outer?: AbortSignal): Promise<T>
  /** The same for work that goes on after its answer has begun; call `done` when it is over. */
  begin(outer?: AbortSignal): { readonly signal: AbortSignal; readonly done: () => void }
  /** Aborts everything that still runs, and what is begun later at once. */
  end(reason: Error): void
}

/** Makes a {@link Lifetime} that has not ended. */
export function createLifetime(): Lifetime {
  const root = new AbortController()

  const begin: Lifetime['begin'] = outer => {
    const { signal, finish } = createLinkedAbortController(root.signal, outer)
    return { signal, done: finish }
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
    end: reason => root.abort(reason),
  }
}
