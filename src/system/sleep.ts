import type { Clock } from '../contracts/system.js'

/** A clock's `sleep`, made of its `after`: resolves after the delay or as soon as the signal aborts, and leaves no listener behind. */
export function sleepBy(after: Clock['after']): Clock['sleep'] {
  return (delayMs, signal) =>
    new Promise(resolve => {
      if (signal.aborted) return resolve()
      const done = (): void => {
        cancel()
        signal.removeEventListener('abort', done)
        resolve()
      }
      const cancel = after(delayMs, done)
      signal.addEventListener('abort', done, { once: true })
    })
}
