import { getEventListeners, setMaxListeners } from 'node:events'
import { systemClock } from '../../system/system.js'
import { fail } from './expect.js'

/** A signal that tells how many listen to it. */
export interface TrackedSignal {
  readonly signal: AbortSignal
  abort(): void
  listeners(): number
}

export function trackedSignal(): TrackedSignal {
  const controller = new AbortController()
  // Many calls at the same time may well share a signal; what counts is what is left when they have
  // ended.
  setMaxListeners(0, controller.signal)
  return {
    signal: controller.signal,
    abort: () => controller.abort(),
    listeners: () => getEventListeners(controller.signal, 'abort').length,
  }
}

/**
 * Fails when something still listens to a signal although the calls that it was given to have
 * ended.
 */
export async function expectNoListeners(tracked: TrackedSignal): Promise<void> {
  const never = new AbortController().signal
  for (let round = 0; tracked.listeners() > 0; round += 1) {
    if (round === 50) {
      fail(
        `${tracked.listeners()} listeners are left on the signal of calls that have ended: remove each in a finally, ` +
          "and never hand the caller's signal to fetch or AbortSignal.any, which keep theirs until garbage is collected",
      )
    }
    await systemClock.sleep(10, never)
  }
}
