/** What is called when a signal aborts; on the signal itself there is one listener, however many these are. */
const listeners = new WeakMap<AbortSignal, Set<() => void>>()

/**
 * Calls back when the signal aborts, until the returned function takes it back. A program passes one long-lived signal to any
 * number of requests at a time, and Node warns of the eleventh listener on it.
 */
export function onAbort(signal: AbortSignal, callback: () => void): () => void {
  let callbacks = listeners.get(signal)
  if (callbacks === undefined) {
    callbacks = new Set()
    listeners.set(signal, callbacks)
  }
  const all = callbacks
  if (all.size === 0) signal.addEventListener('abort', runAll)
  // Wrapped, so that one function may be registered twice.
  const own = (): void => callback()
  all.add(own)
  return () => {
    if (all.delete(own) && all.size === 0) signal.removeEventListener('abort', runAll)
  }
}

function runAll(this: unknown, event: Event): void {
  const signal = event.target as AbortSignal
  const all = listeners.get(signal)
  const callbacks = [...(all ?? [])]
  all?.clear()
  signal.removeEventListener('abort', runAll)
  for (const callback of callbacks) callback()
}
