/**
 * Waits for work that may never end, such as code that is not ours: its result, or undefined as soon as the signal aborts. What
 * the work brings after that is dropped.
 */
export function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => resolve(undefined)
    if (signal.aborted) aborted()
    else signal.addEventListener('abort', aborted, { once: true })
    const off = (): void => signal.removeEventListener('abort', aborted)
    work.then(resolve, reject).finally(off)
  })
}
