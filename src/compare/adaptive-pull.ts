import { createBackoff } from '../async/backoff.js'
import { jitter, phaseOf } from '../async/jitter.js'
import type { Strategy } from '../contracts/strategy.js'
import type { Transport } from '../contracts/transport.js'
import { checkOptions, checkPositive } from '../core/options.js'
import { defaultPeriods } from '../core/defaults.js'
import { checkReads } from '../strategies/options.js'
import { look } from '../strategies/poll/poll.js'
import { reporterOf } from '../strategies/report-transport.js'
import { stayAway } from '../strategies/wait-after-failure.js'
import { adaptedMs } from './formula/intervals.js'

/** Times of {@link adaptivePull}. */
export interface AdaptivePullOptions {
  /** The interval as a share of the document's age. */
  readonly share: number
  /** The shortest interval, in milliseconds. */
  readonly leastMs: number
  /** The longest interval, in milliseconds. */
  readonly mostMs: number
}

/**
 * Asks the more seldom the older the document is (Gwertzman and Seltzer 1996). A strategy for
 * comparisons, and an example of one. It does not sweep, so it is for transports whose tags do not
 * repeat. Throws `invalid-option`.
 *
 * ```ts
 * const strategy = adaptivePull(transport, { share: 0.1, leastMs: 5_000, mostMs: 300_000 })
 * ```
 */
export function adaptivePull(transport: Transport, options: AdaptivePullOptions): Strategy {
  checkReads('adaptivePull', 'a transport', transport)
  checkOptions('adaptivePull()', options, { share: true, leastMs: true, mostMs: true })
  const { share, leastMs, mostMs } = options
  checkPositive('adaptivePull', { share, leastMs, mostMs })
  const { timeoutMs } = defaultPeriods
  return {
    name: 'adaptive-pull',
    lookMs: mostMs * 1.1,
    freshMs: mostMs * 3,
    reportTo: reporterOf(transport),
    async *deliver(session) {
      const { namespace, identity, clock, random, signal } = session
      const backoff = createBackoff({ clock, random })
      let changedMs = clock.monotonic()
      let answers = 0
      let asked = false
      while (!signal.aborted) {
        const { arrivals, error } = await look(session, transport, { sweep: asked, timeoutMs })
        yield* arrivals
        if (error !== undefined) {
          asked = yield* stayAway(session, error, backoff.failed(error.retryAfterMs))
          continue
        }
        backoff.succeeded()
        answers += 1
        if (answers > 1 && arrivals.some(({ type }) => type === 'release')) changedMs = clock.monotonic()
        const nextMs = adaptedMs({ share, leastMs, mostMs }, clock.monotonic() - changedMs)
        // Who starts together falls into places of their own.
        const waitMs =
          answers === 1 ? phaseOf(`${namespace} ${identity.clientId}`, nextMs) : jitter(nextMs, 0.1, random)
        asked = (await session.wait(waitMs, signal)) === 'asked'
      }
    },
  }
}
