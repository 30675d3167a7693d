import { NoticeboardError } from '../../contracts/errors.js'
import type { Clock } from '../../contracts/system.js'
import { onAbort } from '../../core/on-abort.js'

/** A signal of one request's own: it aborts when the caller gives up, when the time is over, and on demand. */
export interface Deadline {
  readonly signal: AbortSignal
  /** Waits for some work, but no longer than the signal lasts; then throws why it aborted. */
  wait<T>(work: Promise<T>): Promise<T>
  /** Starts the time anew. */
  extend(timeoutMs: number): void
  abort(reason: NoticeboardError): void
  /** The answer was read to its end: its connection may be used again. */
  finish(): void
  /** Lets go of the caller's signal and of the timer, and of the connection unless `finish` came before. To be called in every case. */
  end(): void
}

/** What reading a body needs of a deadline. */
export type Waiting = Pick<Deadline, 'signal' | 'wait' | 'finish'>

/** A deadline under a caller's signal. `what` begins the message: "the release did not arrive within 15000 ms". */
export function createDeadline(clock: Clock, { timeoutMs, what, signal }: DeadlineOptions): Deadline {
  const own = new AbortController()
  let finished = false
  let forget = (): void => {}
  let cancelTimer: (() => void) | undefined

  const giveUp = (): void =>
    own.abort(new NoticeboardError('closed', `${what}: the caller gave the request up`))
  const extend = (forMs: number): void => {
    cancelTimer?.()
    cancelTimer = clock.after(forMs, () =>
      own.abort(new NoticeboardError('unavailable', `${what} did not arrive within ${forMs} ms`)),
    )
  }

  if (signal.aborted) giveUp()
  else {
    forget = onAbort(signal, giveUp)
    extend(timeoutMs)
  }

  return {
    signal: own.signal,
    extend,
    wait: work => during(own.signal, work),
    abort: reason => own.abort(reason),
    finish() {
      finished = true
    },
    end() {
      cancelTimer?.()
      forget()
      // Cancelling a body alone leaves its connection open for seconds.
      if (!finished) own.abort(new NoticeboardError('closed', `${what} was not read to its end`))
    },
  }
}

export interface DeadlineOptions {
  readonly timeoutMs: number
  readonly what: string
  readonly signal: AbortSignal
}

/** Races work against a signal without leaving anything behind on it; then throws why it aborted. */
export function during<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason as NoticeboardError)
    const settle = (): void => signal.removeEventListener('abort', abort)
    if (signal.aborted) abort()
    else signal.addEventListener('abort', abort, { once: true })
    work.then(
      value => {
        settle()
        resolve(value)
      },
      error => {
        settle()
        reject(error)
      },
    )
  })
}
