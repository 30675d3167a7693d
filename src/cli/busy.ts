import type { Clock } from '../contracts/system.js'
import type { Printer } from './printer.js'

/** What a command is about, told on stderr once it takes long. */
export interface Busy {
  /** What is being done now, as in "reading the history of checkout/prod". */
  doing(what: string): void
  end(): void
}

/**
 * When it is told for the first time after a command began, and how often from then on, in
 * milliseconds.
 */
const FIRST_MS = 1_000
const AGAIN_MS = 10_000

/**
 * Tells what a command does: after a second, and then every ten seconds until it ends.
 *
 * ```ts
 * const busy = createBusy({ clock, print })
 * busy.doing('reading the history of checkout/prod')
 * ```
 */
export function createBusy({ clock, print }: { readonly clock: Clock; readonly print: Printer }): Busy {
  const beganMs = clock.monotonic()
  let what: string | undefined
  /** It was to be told, and nothing was being done that has a name. */
  let isDue = false
  let cancel = (): void => {}

  const tell = (): void => {
    const seconds = Math.round((clock.monotonic() - beganMs) / 1_000)
    isDue = what === undefined
    if (what !== undefined) print.note(`still ${what}, after ${seconds} s`)
    cancel()
    cancel = clock.after(AGAIN_MS, tell)
  }
  cancel = clock.after(FIRST_MS, tell)

  return {
    doing(now) {
      what = now
      if (isDue) tell()
    },
    end: () => cancel(),
  }
}
