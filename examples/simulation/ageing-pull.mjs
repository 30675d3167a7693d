// A strategy of one's own: it polls less and less often as the document ages, since what has not
// changed for a day seldom changes within the next minute.
import { asNoticeboardError, createBackoff, jitter } from 'noticeboard/core'

/**
 * Polls after a tenth of the document's age, within bounds.
 *
 * @param {import('noticeboard/core').Transport} transport
 * @param {{ shortestMs?: number, longestMs?: number }} [options]
 * @returns {import('noticeboard/core').Strategy}
 */
export function ageingPull(transport, { shortestMs = 5_000, longestMs = 60_000 } = {}) {
  return {
    name: 'ageing-pull',
    lookMs: longestMs * 1.1,
    freshMs: longestMs * 3,
    async *deliver(session) {
      const { namespace, clock, random, signal } = session
      const backoff = createBackoff({ clock, random, capMs: longestMs })
      let changedMs = clock.monotonic()

      while (!signal.aborted) {
        const answer = await ask(transport, { namespace, tag: session.tag(transport) }, signal)
        if (signal.aborted) return
        if (answer.type === 'interrupted') {
          yield answer
          await session.wait(backoff.failed(answer.error.retryAfterMs), signal)
          continue
        }
        backoff.succeeded()
        if (answer.type === 'release') changedMs = clock.monotonic()
        yield answer
        const tenthMs = (clock.monotonic() - changedMs) / 10
        const waitMs = Math.min(Math.max(tenthMs, shortestMs), longestMs)
        await session.wait(jitter(waitMs, 0.1, random), signal)
      }
    },
  }
}

/**
 * One poll, as what the client is told of it.
 *
 * @param {import('noticeboard/core').Transport} transport
 * @param {{ namespace: string, tag: string | undefined }} query
 * @param {AbortSignal} signal
 * @returns {Promise<import('noticeboard/core').StrategyEvent>}
 */
async function ask(transport, query, signal) {
  try {
    const latest = await transport.latest(query, signal)
    if (latest.type === 'unchanged') return { type: 'current' }
    return latest.type === 'none' ? latest : { ...latest, from: transport }
  } catch (error) {
    return {
      type: 'interrupted',
      error: asNoticeboardError(error, 'unavailable', 'the transport could not be asked'),
    }
  }
}
