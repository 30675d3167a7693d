/** Writes what is there to write, one write at a time. */
export interface Saver {
  /** Begins a write, or another one once the one under way has ended. */
  soon(): void
  /** Resolves when nothing is being written. */
  settled(): Promise<void>
}

/**
 * Makes a {@link Saver}. What a write rejects with is let go: whoever needs to know writes by
 * itself.
 *
 * ```ts
 * const saver = createSaver(() => storage.save(state))
 * saver.soon()
 * await saver.settled()
 * ```
 */
export function createSaver(save: () => Promise<void>): Saver {
  let saving: Promise<void> | undefined
  let again = false

  const run = async (): Promise<void> => {
    do {
      again = false
      await save().catch(() => {})
    } while (again)
    saving = undefined
  }

  return {
    soon() {
      if (saving === undefined) saving = run()
      else again = true
    },
    settled: () => saving ?? Promise.resolve(),
  }
}
