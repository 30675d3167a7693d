import { createBackoff } from '../async/backoff.js'
import { jitter, phaseOf } from '../async/jitter.js'
import type { Strategy } from '../contracts/strategy.js'
import type { Transport } from '../contracts/transport.js'
import { asNoticeboardError } from '../contracts/errors.js'
import { canReport } from '../contracts/capabilities.js'

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
 * Asks the more seldom the older the document is (Gwertzman and Seltzer 1996). A strategy for comparisons, and an
 * example of one. It does not sweep, so it is for transports whose tags do not repeat.
 *
 * ```ts
 * const strategy = adaptivePull(transport, { share: 0.1, leastMs: 5_000, mostMs: 300_000 })
 * ```
 */
export function adaptivePull(
  transport: Transport,
  { share, leastMs, mostMs }: AdaptivePullOptions,
): Strategy {
  const intervalMs = (ageMs: number): number => Math.min(mostMs, Math.max(leastMs, share * ageMs))
  return {
    name: 'adaptive-pull',
    lookMs: mostMs * 1.1,
    freshMs: mostMs * 3,
    reportTo: canReport(transport) ? transport : undefined,
    async *deliver(session) {
      const { namespace, identity, clock, random, signal } = session
      const backoff = createBackoff({ clock, random, baseMs: 500, capMs: 30_000, healthyMs: 60_000 })
      let changedMs = clock.monotonic()
      for (let round = 0; !signal.aborted; round += 1) {
        try {
          const tag = session.tag(transport)
          const answer = await transport.latest({ namespace, ...(tag !== undefined && { tag }) }, signal)
          if (answer.type === 'release') {
            if (round > 0) changedMs = clock.monotonic()
            const { bytes, tag } = answer
            yield { type: 'release', bytes, from: transport, ...(tag !== undefined && { tag }) }
          } else yield { type: answer.type === 'unchanged' ? 'current' : 'none' }
          backoff.succeeded()
          const nextMs = intervalMs(clock.monotonic() - changedMs)
          // Who starts together falls into places of their own.
          const waitMs =
            round === 0 ? phaseOf(`${namespace} ${identity.clientId}`, nextMs) : jitter(nextMs, 0.1, random)
          await session.wait(waitMs, signal)
        } catch (caught) {
          if (signal.aborted) return
          const error = asNoticeboardError(caught, 'unavailable', `${transport.name} failed`)
          yield { type: 'interrupted', error }
          await session.wait(backoff.failed(error.retryAfterMs), signal)
        }
      }
    },
  }
}
