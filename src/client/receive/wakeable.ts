import type { Clock } from '../../contracts/system.js'

/** A wait that can be ended early by whoever needs a look now. */
export interface Bell {
  /** Ends every pause with `asked`; when nobody is pausing, the next one ends at once. */
  ring(): void
  pause(delayMs: number, signal: AbortSignal): Promise<'elapsed' | 'asked'>
}

/** Makes a {@link Bell} over a clock. */
export function createBell(clock: Clock): Bell {
  const pausing = new Set<() => void>()
  let rung = false

  return {
    ring() {
      rung = pausing.size === 0
      for (const wake of pausing) wake()
    },
    pause(delayMs, signal) {
      if (signal.aborted) return Promise.resolve('elapsed')
      if (rung) {
        rung = false
        return Promise.resolve('asked')
      }
      return new Promise(resolve => {
        const end = (how: 'elapsed' | 'asked') => (): void => {
          cancel()
          pausing.delete(asked)
          signal.removeEventListener('abort', elapsed)
          resolve(how)
        }
        const asked = end('asked')
        const elapsed = end('elapsed')
        const cancel = Number.isFinite(delayMs) ? clock.after(delayMs, elapsed) : () => {}
        pausing.add(asked)
        signal.addEventListener('abort', elapsed, { once: true })
      })
    },
  }
}
