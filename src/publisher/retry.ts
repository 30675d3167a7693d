import pRetry from 'p-retry'
import { isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Clock, Random } from '../contracts/system.js'
import { onAbort } from '../core/on-abort.js'
import { awake } from './awake.js'

export interface RetryOptions {
  readonly clock: Clock
  readonly random: Random
  readonly signal: AbortSignal
  /** Attempts after the first. */
  readonly retries?: number
}

/** Attempts after the first, unless told: some four seconds of patience. */
export const DEFAULT_RETRIES = 4

const FIRST_DELAY_MS = 250
const LONGEST_DELAY_MS = 4_000

/** Whoever asks to be left alone for longer is not waited for: somebody waits for the outcome, and can decide better. */
const LONGEST_FLOOR_MS = 30_000

/**
 * One operation on a store or mirror, tried again while it is `unavailable` or `rate-limited`: full jitter, and
 * never earlier than the server asked for, up to half a minute. Every other error is thrown at once.
 */
export async function retried<T>(
  operation: () => Promise<T>,
  { clock, random, signal, retries = DEFAULT_RETRIES }: RetryOptions,
): Promise<T> {
  return pRetry(operation, {
    retries,
    // The delays come from our own clock, below, so that a virtual one can stand in.
    minTimeout: 0,
    maxTimeout: 0,
    signal,
    shouldRetry: async ({ error, attemptNumber }) => {
      if (!isNoticeboardError(error, 'unavailable', 'rate-limited')) return false
      if ((error.retryAfterMs ?? 0) > LONGEST_FLOOR_MS) return false
      const ceilingMs = Math.min(LONGEST_DELAY_MS, FIRST_DELAY_MS * 2 ** (attemptNumber - 1))
      await awake(clock.sleep((error.retryAfterMs ?? 0) + random.number() * ceilingMs, signal))
      return !signal.aborted
    },
  })
}

/** Runs with a signal that follows the publisher's life and, where there is one, the caller's. Leaves no listener behind. */
export async function withSignal<T>(
  root: AbortSignal,
  own: AbortSignal | undefined,
  run: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController()
  const sources = own === undefined ? [root] : [root, own]
  // One listener on the publisher's own signal, however much is published at a time.
  const ends = sources.map(source => onAbort(source, () => controller.abort(source.reason)))
  for (const source of sources) if (source.aborted) controller.abort(source.reason)
  try {
    controller.signal.throwIfAborted()
    return await run(controller.signal)
  } catch (error) {
    if (root.aborted) throw new NoticeboardError('closed', 'the publisher was closed')
    throw error
  } finally {
    // By hand: on Node 20 a listener that another signal should take off can be forgotten by a collection of garbage.
    for (const end of ends) end()
  }
}
