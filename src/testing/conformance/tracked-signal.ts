import { getEventListeners, setMaxListeners } from 'node:events'

/** A signal that tells how many listen to it. */
export interface TrackedSignal {
  readonly signal: AbortSignal
  abort(): void
  listeners(): number
}

export function trackedSignal(): TrackedSignal {
  const controller = new AbortController()
  // Many calls at the same time may well share a signal; what counts is what is left when they have ended.
  setMaxListeners(0, controller.signal)
  return {
    signal: controller.signal,
    abort: () => controller.abort(),
    listeners: () => getEventListeners(controller.signal, 'abort').length,
  }
}
