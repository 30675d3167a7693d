/** How long the server lives, as the store sees it. */
export interface Lifetime {
  /** Does something with a signal of its own, which aborts when the server ends: a store may put as many listeners on it as it likes. */
  run<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T>
  /** Aborts everything that still runs, and what is begun later at once. */
  end(reason: Error): void
}

export function createLifetime(): Lifetime {
  const running = new Set<AbortController>()
  let ended: Error | undefined

  return {
    async run(work) {
      const controller = new AbortController()
      if (ended !== undefined) controller.abort(ended)
      running.add(controller)
      try {
        return await work(controller.signal)
      } finally {
        running.delete(controller)
      }
    },
    end(reason) {
      ended = reason
      for (const controller of running) controller.abort(reason)
    },
  }
}
