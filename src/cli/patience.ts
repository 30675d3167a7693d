import type { Clock } from '../contracts/system.js'

/** Times after which somebody who waits leaves, each for a reason of its own. */
export interface Patience<Reason extends string> {
  /**
   * Leaves for a reason once it has held for so long, in milliseconds; undefined where it does not
   * hold any more. While it holds its time goes on.
   */
  keep(reason: Reason, patienceMs: number | undefined): void
  /** Stops every time. */
  end(): void
}

/**
 * Calls back once with the first reason that has held for too long.
 *
 * ```ts
 * const patience = createPatience(clock, reason => leave(reason))
 * patience.keep('paused', isPaused ? 60_000 : undefined)
 * ```
 */
export function createPatience<Reason extends string>(
  clock: Clock,
  leave: (reason: Reason) => void,
): Patience<Reason> {
  const running = new Map<Reason, () => void>()
  const end = (): void => {
    for (const cancel of running.values()) cancel()
    running.clear()
  }
  return {
    keep(reason, patienceMs) {
      if (patienceMs === undefined) {
        running.get(reason)?.()
        running.delete(reason)
        return
      }
      if (running.has(reason)) return
      running.set(
        reason,
        clock.after(patienceMs, () => {
          end()
          leave(reason)
        }),
      )
    },
    end,
  }
}
