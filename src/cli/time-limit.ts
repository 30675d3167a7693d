import { createLinkedAbortController, onAbort } from '../async/signals.js'
import { NoticeboardError } from '../contracts/errors.js'
import type { Clock } from '../contracts/system.js'

/** A bound on how long a command takes. */
export interface TimeLimit {
  /** Aborts when time is up, and when the user interrupts. */
  readonly signal: AbortSignal
  /**
   * Aborts some seconds after time is up, and after an interruption: what does not listen to its
   * signal is left behind.
   */
  readonly over: AbortSignal
  /** The `timeout` to end with; undefined while there is time. */
  readonly error: NoticeboardError | undefined
  /** Takes the bound off: the command waits for what the user wants to wait for. */
  lift(): void
  end(): void
}

/**
 * How long a command that was given up or interrupted may take to end in order, in milliseconds.
 */
const GRACE_MS = 5_000

/**
 * Starts a bound of `mostMs`.
 *
 * ```ts
 * const limit = createTimeLimit({ clock, interrupted: io.signal, mostMs: 120_000 })
 * ```
 */
export function createTimeLimit({
  clock,
  interrupted,
  mostMs,
}: {
  readonly clock: Clock
  readonly interrupted: AbortSignal
  readonly mostMs: number
}): TimeLimit {
  const linked = createLinkedAbortController(interrupted)
  const over = new AbortController()
  let error: NoticeboardError | undefined
  const endLater = (reason: unknown): (() => void) => clock.after(GRACE_MS, () => over.abort(reason))
  let endGrace = (): void => {}
  const forget = onAbort(interrupted, () => {
    endGrace = endLater(interrupted.reason)
  })
  let lift = clock.after(mostMs, () => {
    error = new NoticeboardError(
      'timeout',
      `the command did not end within ${mostMs / 1_000} s and was given up; what it wrote stays, so look at the history before you repeat it`,
    )
    linked.abort(error)
    lift = endLater(error)
  })
  return {
    signal: linked.signal,
    over: over.signal,
    get error() {
      return error
    },
    lift: () => lift(),
    end() {
      lift()
      forget()
      endGrace()
      linked.finish()
    },
  }
}
