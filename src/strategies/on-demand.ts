import type { NoticeboardError } from '../contracts/errors.js'
import type { Strategy } from '../contracts/strategy.js'
import type { Transport } from '../contracts/transport.js'
import { checkOptions, checkPositive } from '../core/options.js'
import { createBackoff } from '../async/backoff.js'
import { defaultPeriods } from '../core/defaults.js'
import { look, withNext } from './poll/poll.js'
import { isDocumentTrouble } from './document-trouble.js'
import { checkReads } from './options.js'
import { reporterOf } from './report-transport.js'

/** Times of on-demand; every one has a default. */
export interface OnDemandOptions {
  /**
   * How old the last proof of currency may be before `ready()` looks for a newer value, in
   * milliseconds. Reading `current` never looks. Default 30,000.
   */
  readonly maxAgeMs?: number
  /** How long one answer may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
}

/** A strategy that looks only when its client asks; `maxAgeMs` tells the client when to. */
export interface OnDemandStrategy extends Strategy {
  /** How old a proof of currency may be before the client looks again, in milliseconds. */
  readonly maxAgeMs: number
}

/**
 * Without timers, for functions and workers that are frozen between requests: looks once when
 * delivery begins, and then when the client asks, by `refresh()` or because what it holds is older
 * than `maxAgeMs`. After a failure questions are answered with that failure until the backoff has
 * passed, so a transport that is down is not asked by every `ready()`. Keeps no process alive.
 * Throws `invalid-option`.
 *
 * ```ts
 * const config = createClient({ namespace: 'checkout/prod', schema, strategy: onDemand(http(url), { maxAgeMs: 60_000 }) })
 * export const handler = async () => (await config.ready()).current.pool.size
 * ```
 */
export function onDemand(transport: Transport, options: OnDemandOptions = {}): OnDemandStrategy {
  checkReads('onDemand', 'a transport', transport)
  checkOptions('onDemand()', options, { maxAgeMs: true, timeoutMs: true })
  checkPositive('onDemand', options)
  const { maxAgeMs = defaultPeriods.maxAgeMs, timeoutMs = defaultPeriods.timeoutMs } = options

  return {
    name: 'on-demand',
    maxAgeMs,
    lookMs: maxAgeMs,
    freshMs: maxAgeMs,
    reportTo: reporterOf(transport),
    async *deliver(session) {
      const { clock, signal } = session
      const backoff = createBackoff({ clock, random: session.random })
      // Every so often a look is unconditional, as the sweeps of the other strategies are.
      let sweepAtMs = clock.monotonic() + defaultPeriods.sweepIntervalMs
      let failed: { readonly error: NoticeboardError; readonly untilMs: number } | undefined

      while (!signal.aborted) {
        const nowMs = clock.monotonic()
        if (failed !== undefined && nowMs < failed.untilMs) {
          yield { type: 'interrupted', error: failed.error, nextMs: Number.POSITIVE_INFINITY }
        } else {
          const sweep = nowMs >= sweepAtMs
          const { arrivals, error } = await look(session, transport, { sweep, timeoutMs })
          if (error === undefined) {
            backoff.succeeded()
            failed = undefined
            if (sweep) sweepAtMs = clock.monotonic() + defaultPeriods.sweepIntervalMs
          } else {
            const awayMs = isDocumentTrouble(transport, error) ? 0 : backoff.failed(error.retryAfterMs)
            failed = { error, untilMs: clock.monotonic() + awayMs }
          }
          yield* arrivals.map(arrival => withNext(arrival, Number.POSITIVE_INFINITY))
        }
        // Nothing but a question or the end goes on from here.
        while (!signal.aborted && (await session.wait(Number.POSITIVE_INFINITY, signal)) === 'elapsed')
          continue
      }
    },
  }
}
