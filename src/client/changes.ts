import type { Clock } from '../contracts/system.js'
import { onAbort } from '../async/signals.js'

/** Lets callers wait until something about a client holds. */
export interface Changes {
  /** Something may hold now that did not before. */
  changed(): void
  /**
   * Resolves as soon as the condition holds, and after `timeoutMs` in any case; `Infinity` sets no
   * limit. Rejects with the signal's reason when it aborts.
   */
  until(condition: () => boolean, timeoutMs: number, signal?: AbortSignal): Promise<void>
}

/** Makes {@link Changes}. Both functions work without their object. */
export function createChanges(clock: Clock): Changes {
  /** What is looked at again after each change. A list, since hardly ever more than one waits. */
  let waiting: readonly (() => void)[] = []

  return {
    changed() {
      for (const check of waiting) check()
    },
    async until(condition, timeoutMs, signal) {
      signal?.throwIfAborted()
      if (condition()) return
      await new Promise<void>((resolve, reject) => {
        const end = (): void => {
          cancel()
          forget()
          waiting = waiting.filter(other => other !== check)
          resolve()
        }
        const check = (): void => {
          if (condition()) end()
        }
        waiting = [...waiting, check]
        const cancel = Number.isFinite(timeoutMs) ? clock.after(timeoutMs, end) : () => {}
        const forget =
          signal === undefined
            ? () => {}
            : onAbort(signal, () => {
                reject(signal.reason as Error)
                end()
              })
      })
    },
  }
}
