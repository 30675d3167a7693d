import pRetry from 'p-retry'
import { createBackoff } from '../async/backoff.js'
import { keepAlive } from '../async/keep-alive.js'
import { createLinkedAbortController } from '../async/signals.js'
import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Clock, Random } from '../contracts/system.js'

/** How an operation is tried again. */
export interface RetryOptions {
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  /** Attempts after the first. Default {@link DEFAULT_RETRIES}. */
  readonly retries?: number
}

/** Attempts after the first: some four seconds of patience. */
export const DEFAULT_RETRIES = 4

/** The bounds of the delays between attempts. */
const BACKOFF_MS = { baseMs: 250, capMs: 4_000 } as const

/**
 * The longest Retry-After that is obeyed between two attempts, in milliseconds. A caller waits for
 * the outcome, and a rollback is not held up by a wrong number.
 */
const LONGEST_FLOOR_MS = 15_000

/**
 * Runs one operation on a store or mirror, and again while it is `unavailable` or `rate-limited`:
 * after delays with full jitter, and never earlier than the server asked for, up to 15 s. Every
 * other error is thrown at once. Keeps the process alive meanwhile.
 *
 * ```ts
 * const read = () => store.latest({ namespace }, signal)
 * const latest = await retried(read, { clock, random, signal })
 * ```
 */
export async function retried<Result>(
  operation: () => Promise<Result>,
  { clock, random, signal, retries = DEFAULT_RETRIES }: RetryOptions,
): Promise<Result> {
  const backoff = createBackoff({ clock, random, ...BACKOFF_MS, maxRetryAfterMs: LONGEST_FLOOR_MS })
  /**
   * Marks what an attempt threw, which may be no error of this realm: p-retry would throw one of
   * its own instead.
   */
  const attempt = async (): Promise<Result> => {
    try {
      return await operation()
    } catch (error) {
      throw new FailedAttempt(error)
    }
  }
  const work = pRetry(attempt, {
    retries,
    // The delays come from the backoff: its jitter stays at the cap, and its clock can be virtual.
    minTimeout: 0,
    maxTimeout: 0,
    signal,
    shouldRetry: async ({ error: { cause } }) => {
      if (!isNoticeboardError(cause, 'unavailable', 'rate-limited')) return false
      await keepAlive(clock.sleep(backoff.failed(cause.retryAfterMs), signal))
      return !signal.aborted
    },
  })
  try {
    return await work
  } catch (error) {
    throw error instanceof FailedAttempt ? error.cause : error
  }
}

/** Carries what an attempt threw, as its cause. */
class FailedAttempt extends Error {
  constructor(cause: unknown) {
    super('an attempt failed', { cause })
  }
}

/**
 * Runs with a signal that follows the publisher's life and, where there is one, the caller's.
 * Throws `closed` once the publisher is closed, else as `run` does.
 *
 * ```ts
 * const newest = await withSignal(root.signal, own, signal => readNewest(context, signal))
 * ```
 */
export async function withSignal<Result>(
  root: AbortSignal,
  own: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<Result>,
): Promise<Result> {
  const linked = createLinkedAbortController(root, own)
  try {
    linked.signal.throwIfAborted()
    return await run(linked.signal)
  } catch (error) {
    if (root.aborted) throw new NoticeboardError('closed', 'the publisher was closed; create a new one')
    throw error
  } finally {
    linked.finish()
  }
}

/**
 * The same for what is iterated. Throws `closed` once the publisher is closed, also to those that
 * are in the middle.
 *
 * ```ts
 * const entries = eachWithSignal(root.signal, own, signal => readHistory(context, { signal }))
 * ```
 */
export async function* eachWithSignal<Item>(
  root: AbortSignal,
  own: AbortSignal | undefined,
  items: (signal: AbortSignal) => AsyncIterable<Item>,
): AsyncGenerator<Item, void, undefined> {
  const linked = createLinkedAbortController(root, own)
  try {
    linked.signal.throwIfAborted()
    for await (const item of items(linked.signal)) {
      yield item
      linked.signal.throwIfAborted()
    }
  } catch (error) {
    if (root.aborted) throw new NoticeboardError('closed', 'the publisher was closed; create a new one')
    throw error
  } finally {
    linked.finish()
  }
}
