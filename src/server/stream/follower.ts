import { canWatch } from '../../contracts/capabilities.js'
import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Clock, Logger, Random } from '../../contracts/system.js'
import type { Transport } from '../../contracts/transport.js'
import { createBackoff } from '../../async/backoff.js'
import { jitter } from '../../async/jitter.js'
import { causeOf } from '../../core/cause-of.js'
import { placeOf } from '../../core/place-of.js'
import type { Topics } from './topics.js'
import type { Topic } from './subscriptions.js'

/**
 * After how long a watch is tried again that was not there: a proxy's page may have stood in for
 * it. In milliseconds.
 */
const WATCH_AGAIN_MS = 60_000

/**
 * Follows the store for one namespace until the signal aborts: by its watch where there is one,
 * else by asking. A failure of the watch is answered by asking once and watching again, after a
 * backoff; where there turns out to be no watch, it asks, and tries the watch again once in a
 * while. Nothing ends it but the signal. Never rejects.
 */
export async function follow(topic: Topic, options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { transport, topics, clock, random, pollIntervalMs, logger, passMark } = options
  const backoff = createBackoff({ clock, random })
  let watchAtMs = canWatch(transport) ? clock.monotonic() : Number.POSITIVE_INFINITY
  let failing = false

  const fails = (error: unknown): void => {
    if (!failing)
      logger?.warn('the store cannot be followed; trying again', {
        namespace: topic.namespace,
        code: codeOf(error),
        ...(isNoticeboardError(error) && {
          reason: error.message,
          cause: causeOf(error),
          path: placeOf(error),
        }),
      })
    failing = true
  }

  const follows = (): void => {
    logger?.info('the store is followed again', { namespace: topic.namespace })
    failing = false
  }

  while (!signal.aborted) {
    let delayMs = 0
    try {
      const watches = clock.monotonic() >= watchAtMs
      if (!watches || failing) await topics.check(topic)
      if (failing) follows()
      if (!watches || !canWatch(transport)) {
        await clock.sleep(pollIntervalMs, signal)
        continue
      }
      for await (const delivery of transport.watch(
        { namespaces: [topic.namespace], inline: false, alive: false },
        signal,
      )) {
        topic.watched = true
        backoff.succeeded()
        if (delivery.type === 'alive' && delivery.trouble !== undefined) fails(delivery.trouble)
        else if (failing) follows()
        if (delivery.type === 'release') topics.hear(topic, delivery.bytes)
        else if (delivery.type === 'mark') passMark(topic, delivery.bytes)
      }
      if (signal.aborted) return
      throw new NoticeboardError('unavailable', 'the watch ended')
    } catch (error) {
      if (signal.aborted) return
      if (isNoticeboardError(error, 'no-watch')) {
        watchAtMs = clock.monotonic() + jitter(WATCH_AGAIN_MS, 0.2, random)
        continue
      }
      fails(error)
      delayMs = backoff.failed(isNoticeboardError(error) ? error.retryAfterMs : undefined)
    } finally {
      // A mark from before says nothing of what came after the watch ended.
      if (topic.watched) topic.mark = undefined
      topic.watched = false
    }
    // Nothing is watched while it stays away.
    if (delayMs > 0) await clock.sleep(delayMs, signal)
  }
}

export interface FollowOptions {
  readonly transport: Transport
  readonly topics: Topics
  readonly clock: Clock
  readonly random: Random
  /** How often a store without a watch is asked, in milliseconds. */
  readonly pollIntervalMs: number
  readonly logger: Logger | undefined
  /** What happens to a mark that came from upstream. */
  readonly passMark: (topic: Topic, bytes: Uint8Array) => void
}

function codeOf(error: unknown): string {
  return isNoticeboardError(error) ? error.code : 'internal'
}
