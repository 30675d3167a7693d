import { asNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { StrategyEvent, Session, Strategy } from '../../contracts/strategy.js'
import { createBackoff } from '../../async/backoff.js'

/**
 * Runs a strategy until its client closes. One that ends by itself or throws is started again,
 * after a backoff: no error is terminal. Never rejects.
 */
export async function runStrategy(
  strategy: Strategy,
  {
    session,
    accept,
    complain,
  }: {
    readonly session: Session
    readonly accept: (arrival: StrategyEvent) => void
    readonly complain: (error: NoticeboardError) => void
  },
): Promise<void> {
  const { clock, random, signal } = session
  const backoff = createBackoff({ random, clock })
  while (!signal.aborted) {
    const end = await runOnce()
    if (signal.aborted) return
    complain(end)
    await clock.sleep(backoff.failed(), signal)
  }

  /** One run of the strategy; how it ended, since it should not have. */
  async function runOnce(): Promise<NoticeboardError> {
    try {
      for await (const arrival of strategy.deliver(session)) {
        if (signal.aborted) break
        accept(arrival)
      }
      return new NoticeboardError('internal', `strategy ${strategy.name} ended by itself; starting it again`)
    } catch (error) {
      return asNoticeboardError(error, 'internal', `strategy ${strategy.name} failed; starting it again`)
    }
  }
}
