import type { Clock } from '../contracts/system.js'
import { onAbort } from './signals.js'

/**
 * Makes a clock's `sleep` of its `after`: it resolves after the delay or as soon as the signal
 * aborts, and leaves neither a timer nor a listener behind.
 *
 * ```ts
 * const clock: Clock = { ...others, after, sleep: createSleep(after) }
 * ```
 */
export function createSleep(after: Clock['after']): Clock['sleep'] {
  return (delayMs, signal) =>
    new Promise(resolve => {
      if (signal.aborted) return resolve()
      const end = (): void => {
        cancel()
        forget()
        resolve()
      }
      const cancel = after(delayMs, end)
      const forget = onAbort(signal, end)
    })
}
