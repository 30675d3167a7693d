import { onAbort } from './on-abort.js'

/**
 * Waits for some work until the signal aborts: its result, or a rejection with the signal's reason. What the work brings after that
 * is dropped. Leaves no listener on the signal.
 */
export function orAborted<T>(work: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return work
  return new Promise((resolve, reject) => {
    const off = onAbort(signal, () => reject(signal.reason))
    if (signal.aborted) reject(signal.reason)
    work.then(resolve, reject).finally(off)
  })
}
