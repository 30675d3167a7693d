import { asNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { StrategyEvent, Session, Strategy } from '../../contracts/strategy.js'
import { createBackoff, type Backoff } from '../../async/backoff.js'

/** What a strategy is run with. */
export interface RunStrategyOptions {
  readonly session: Session
  /** Takes what arrives. What it returns is waited for before the strategy goes on. */
  readonly accept: (arrival: StrategyEvent) => Promise<void> | undefined
  /** Hears why a strategy ended, and after how many milliseconds it is started again. */
  readonly ended: (error: NoticeboardError, nextMs: number) => void
}

/**
 * Runs a strategy until its client closes. One that ends by itself or throws is started again,
 * after a backoff: no error is terminal. Never rejects.
 */
export async function runStrategy(
  strategy: Strategy,
  { session, accept, ended }: RunStrategyOptions,
): Promise<void> {
  const { clock, random, signal } = session
  /** Made when it is needed, which it is not while a strategy does what it should. */
  let backoff: Backoff | undefined
  while (!signal.aborted) {
    /** How a run ended, since it should not have. */
    let end: NoticeboardError
    try {
      for await (const arrival of strategy.deliver(session)) {
        if (signal.aborted) break
        const accepted = accept(arrival)
        if (accepted !== undefined) await accepted
      }
      end = new NoticeboardError('internal', `strategy ${strategy.name} ended by itself; starting it again`)
    } catch (error) {
      end = asNoticeboardError(error, 'internal', `strategy ${strategy.name} failed; starting it again`)
    }
    if (signal.aborted) return
    backoff ??= createBackoff({ random, clock })
    const delayMs = backoff.failed()
    ended(end, delayMs)
    await clock.sleep(delayMs, signal)
  }
}
