import type { Clock } from '../contracts/system.js'
import { onAbort } from './signals.js'

/**
 * Waits that can be ended early, for a loop that works at intervals and sooner when there is news.
 */
export interface Wakeable {
  /**
   * Ends every wait with `woken`. When nothing waits, it is remembered, and the next wait ends at
   * once. Works without its object.
   */
  readonly wake: () => void
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
  return new Waits(clock)
}

/** A class, since every client has three. */
class Waits implements Wakeable {
  readonly #clock: Clock
  /** What ends each wait. A list, since hardly ever more than one waits. */
  #waiting: readonly ((how: 'woken' | 'elapsed') => void)[] = []
  #woken = false

  constructor(clock: Clock) {
    this.#clock = clock
  }

  readonly wake = (): void => {
    const waiting = this.#waiting
    this.#woken = waiting.length === 0
    for (const end of waiting) end('woken')
  }

  clear(): void {
    this.#woken = false
  }

  wait(delayMs: number, signal: AbortSignal): Promise<'woken' | 'elapsed'> {
    if (signal.aborted) return Promise.resolve('elapsed')
    if (this.#woken) {
      this.#woken = false
      return Promise.resolve('woken')
    }
    const clock = this.#clock
    return new Promise(resolve => {
      const end = (how: 'woken' | 'elapsed'): void => {
        this.#waiting = this.#waiting.filter(other => other !== end)
        cancel?.()
        forget()
        resolve(how)
      }
      const elapse = (): void => end('elapsed')
      const cancel = Number.isFinite(delayMs) ? clock.after(delayMs, elapse) : undefined
      const forget = onAbort(signal, elapse)
      this.#waiting = [...this.#waiting, end]
    })
  }
}
