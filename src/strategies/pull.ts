import type { Strategy } from '../contracts/strategy.js'
import type { Transport } from '../contracts/transport.js'
import { checkOptions, checkPositive } from '../core/options.js'
import { createBackoff, type Backoff } from '../async/backoff.js'
import { defaultPeriods } from '../core/defaults.js'
import { look, withNext } from './poll/poll.js'
import { isDocumentTrouble } from './document-trouble.js'
import { checkReads, readBackoff, type BackoffTimes } from './options.js'
import { phaseOf, jitter } from '../async/jitter.js'
import { reporterOf } from './report-transport.js'
import { stayAway } from './wait-after-failure.js'

/** Times of pull; every one has a default. */
export interface PullOptions {
  /** How often the transport is asked, give or take a tenth, in milliseconds. Default 30,000. */
  readonly pollIntervalMs?: number
  /**
   * How often it is asked without a condition, give or take a fifth, in milliseconds. Default
   * 300,000.
   */
  readonly sweepIntervalMs?: number
  /** How long one answer may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
  /** How long it waits after failures. Default: `defaultPeriods.backoff`. */
  readonly backoff?: BackoffTimes
}

/**
 * Asks again and again. The simplest strategy, and the safest: it needs no stream, and a client is
 * at most 1.1 intervals behind while nothing fails. Over transports that answer "unchanged" a
 * question costs some hundred bytes.
 *
 * The first question is asked at once; after its answer each client falls into its own place in the
 * interval, so a fleet that starts together spreads out. Between two questions the process may end.
 * Throws `invalid-option`.
 *
 * ```ts
 * const config = createClient({ namespace, schema, strategy: pull(http(url), { pollIntervalMs: 10_000 }) })
 * ```
 */
export function pull(transport: Transport, options: PullOptions = {}): Strategy {
  checkReads('pull', 'a transport', transport)
  checkOptions('pull()', options, {
    pollIntervalMs: true,
    sweepIntervalMs: true,
    timeoutMs: true,
    backoff: true,
  })
  const { backoff: given, ...periods } = options
  const times = readBackoff('pull', given)
  checkPositive('pull', periods)
  const {
    pollIntervalMs = defaultPeriods.pollIntervalMs,
    sweepIntervalMs = defaultPeriods.sweepIntervalMs,
    timeoutMs = defaultPeriods.timeoutMs,
  } = periods

  return {
    name: 'pull',
    lookMs: pollIntervalMs * 1.1,
    freshMs: pollIntervalMs * 3,
    reportTo: reporterOf(transport),
    async *deliver(session) {
      const { clock, random, signal, namespace, identity } = session
      /** Made with the first failure. */
      let backoff: Backoff | undefined
      let sweepAtMs = clock.monotonic() + jitter(sweepIntervalMs, 0.2, random)
      let answers = 0
      let asked = false

      while (!signal.aborted) {
        const sweep = asked || clock.monotonic() >= sweepAtMs
        const { arrivals, error } = await look(session, transport, { sweep, timeoutMs })
        if (sweep && arrivals[0]?.type !== 'interrupted')
          sweepAtMs = clock.monotonic() + jitter(sweepIntervalMs, 0.2, random)

        if (error !== undefined) {
          backoff ??= createBackoff({ clock, random, ...times, healthyMs: 2 * times.capMs })
          const delayMs = isDocumentTrouble(transport, error)
            ? jitter(pollIntervalMs, 0.1, random)
            : backoff.failed(error.retryAfterMs)
          for (const arrival of arrivals) yield withNext(arrival, delayMs)
          asked = yield* stayAway(session, error, delayMs)
          continue
        }
        backoff?.succeeded()
        answers += 1
        const firstWaitMs = phaseOf(`${namespace} ${identity.clientId}`, pollIntervalMs)
        const waitMs = answers === 1 ? firstWaitMs : jitter(pollIntervalMs, 0.1, random)
        for (const arrival of arrivals) yield withNext(arrival, waitMs)
        asked = (await session.wait(waitMs, signal)) === 'asked'
      }
    },
  }
}
