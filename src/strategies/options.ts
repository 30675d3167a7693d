import { canNotify, canRead } from '../contracts/capabilities.js'
import { NoticeboardError } from '../contracts/errors.js'
import type { NoticeTransport, Transport, WatchTransport } from '../contracts/transport.js'
import { checkOptions, checkPositive } from '../core/options.js'
import { defaultPeriods } from '../core/defaults.js'
import { MAX_RETRY_AFTER_MS } from '../core/limits.js'

/**
 * How long a strategy waits after failures: a random time, whose bound doubles with each failure in
 * a row.
 */
export interface BackoffTimes {
  /** The first bound, in milliseconds. Default 500. */
  readonly baseMs?: number
  /** The last bound, in milliseconds. Default 30,000. */
  readonly capMs?: number
  /**
   * The longest time to stay away that is obeyed when a server names one (Retry-After, a goodbye),
   * in milliseconds. Default 60,000.
   */
  readonly maxRetryAfterMs?: number
}

/** The backoff of a strategy with its defaults. Throws `invalid-option`. */
export function readBackoff(strategy: string, given: BackoffTimes = {}): Required<BackoffTimes> {
  checkOptions(`the backoff of ${strategy}()`, given, { baseMs: true, capMs: true, maxRetryAfterMs: true })
  checkPositive(`${strategy}: backoff`, given)
  const {
    baseMs = defaultPeriods.backoff.baseMs,
    capMs = defaultPeriods.backoff.capMs,
    maxRetryAfterMs = MAX_RETRY_AFTER_MS,
  } = given
  return { baseMs, capMs, maxRetryAfterMs }
}

/**
 * Throws `invalid-option` unless the value is a transport. `what` names it in the error.
 *
 * ```ts
 * checkReads('pull', 'a transport', transport)
 * ```
 */
export function checkReads(strategy: string, what: string, thing: unknown): asserts thing is Transport {
  if (canRead(thing)) return
  throw new NoticeboardError(
    'invalid-option',
    `${strategy} needs ${what} with latest() and snapshot(); give it what memory(), http(…) or another transport function returns`,
  )
}

/**
 * Throws `invalid-option` unless the value is a transport that notifies. `what` names it in the
 * error.
 *
 * ```ts
 * checkWatches('push', 'a transport', transport)
 * ```
 */
export function checkWatches(
  strategy: string,
  what: string,
  thing: unknown,
): asserts thing is WatchTransport {
  checkReads(strategy, what, thing)
  checkNotifies(strategy, what, thing)
}

/**
 * Throws `invalid-option` unless the value notifies, whether or not it can be read. `what` names it
 * in the error.
 *
 * ```ts
 * checkNotifies('hybrid', 'a `notify` transport', notify)
 * ```
 */
export function checkNotifies(
  strategy: string,
  what: string,
  thing: unknown,
): asserts thing is NoticeTransport {
  if (canNotify(thing)) return
  throw new NoticeboardError(
    'invalid-option',
    `${strategy} needs ${what} with watch(); use pull(transport) over a transport that does not notify`,
  )
}
