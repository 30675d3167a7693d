import { getEventListeners } from 'node:events'

/** A signal that tells how many listen to it. */
export interface TrackedSignal {
  readonly signal: AbortSignal
  abort(): void
  listeners(): number
}

export function trackedSignal(): TrackedSignal {
  const controller = new AbortController()
  return {
    signal: controller.signal,
    abort: () => controller.abort(),
    listeners: () => getEventListeners(controller.signal, 'abort').length,
  }
}
