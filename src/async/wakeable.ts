import type { Clock } from '../contracts/system.js'
import { onAbort } from './signals.js'

/**
 * Waits that can be ended early, for a loop that works at intervals and sooner when there is news.
 */
export interface Wakeable {
  /**
   * Ends every wait with `woken`. When nothing waits, it is remembered, and the next wait ends at
   * once.
   */
  wake(): void
  /** Forgets a `wake` that no wait has taken yet. */
  clear(): void
  /**
   * Resolves to `woken` by `wake`, and to `elapsed` after the delay or when the signal aborts;
   * never rejects. The delay is in milliseconds; `Infinity` waits for `wake` alone.
   */
  wait(delayMs: number, signal: AbortSignal): Promise<'woken' | 'elapsed'>
}

/**
 * Makes a {@link Wakeable}. Its waits do not keep the process alive.
 *
 * ```ts
 * const news = createWakeable(clock)
 * source.on('change', news.wake)
 * while (!signal.aborted) {
 *   await check()
 *   await news.wait(30_000, signal)
 * }
 * ```
 */
export function createWakeable(clock: Clock): Wakeable {
  const waiting = new Set<() => void>()
  let woken = false

  return {
    wake() {
      woken = waiting.size === 0
      for (const end of waiting) end()
    },
    clear() {
      woken = false
    },
    wait(delayMs, signal) {
      if (signal.aborted) return Promise.resolve('elapsed')
      if (woken) {
        woken = false
        return Promise.resolve('woken')
      }
      return new Promise(resolve => {
        const end = (how: 'woken' | 'elapsed'): void => {
          waiting.delete(wake)
          cancel()
          forget()
          resolve(how)
        }
        const wake = (): void => end('woken')
        const elapse = (): void => end('elapsed')
        const cancel = Number.isFinite(delayMs) ? clock.after(delayMs, elapse) : () => {}
        const forget = onAbort(signal, elapse)
        waiting.add(wake)
      })
    },
  }
}
