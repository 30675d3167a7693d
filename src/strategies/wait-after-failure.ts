import type { NoticeboardError } from '../contracts/errors.js'
import type { StrategyEvent, Session } from '../contracts/strategy.js'

/**
 * Waits after a failure; returns whether the client asked for a look meanwhile. Where the server
 * named a time (Retry-After), asking does not shorten it: the answer is the same failure again.
 */
export async function* stayAway(
  session: Session,
  error: NoticeboardError,
  delayMs: number,
): AsyncGenerator<StrategyEvent, boolean, undefined> {
  const { clock, signal } = session
  const untilMs = clock.monotonic() + delayMs
  while (!signal.aborted) {
    const outcome = await session.wait(Math.max(0, untilMs - clock.monotonic()), signal)
    if (outcome === 'elapsed') return false
    if (error.retryAfterMs === undefined) return true
    yield { type: 'interrupted', error }
  }
  return false
}
