import { canWatch } from '../../contracts/capabilities.js'
import { isNoticeboardError, NoticeboardError } from '../../contracts/errors.js'
import type { Clock, Logger, Random } from '../../contracts/system.js'
import type { Transport } from '../../contracts/transport.js'
import { createBackoff } from '../../async/backoff.js'
import type { Topics } from './topics.js'
import type { Topic } from './subscriptions.js'

/**
 * Follows the store for one namespace until the signal aborts: by its watch where there is one, else by asking. A failure of the
 * watch is answered by asking once and watching again, after a backoff; nothing ends it but the signal. Never rejects.
 */
export async function follow(topic: Topic, options: FollowOptions, signal: AbortSignal): Promise<void> {
  const { transport, topics, clock, random, pollIntervalMs, logger, passMark } = options
  const backoff = createBackoff({ clock, random })
  let watches = canWatch(transport)
  let failing = false

  const fails = (error: unknown): void => {
    if (!failing)
      logger?.warn('the store cannot be followed; trying again', {
        namespace: topic.namespace,
        code: codeOf(error),
      })
    failing = true
  }

  while (!signal.aborted) {
    try {
      if (!watches || failing) await topics.check(topic)
      if (failing) logger?.info('the store is followed again', { namespace: topic.namespace })
      failing = false
      if (!watches || !canWatch(transport)) {
        await clock.sleep(pollIntervalMs, signal)
        continue
      }
      for await (const delivery of transport.watch(
        { namespaces: [topic.namespace], inline: false },
        signal,
      )) {
        topic.watched = true
        backoff.succeeded()
        if (delivery.type === 'release') topics.accept(topic, delivery.bytes)
        else if (delivery.type === 'mark') passMark(topic, delivery.bytes)
      }
      if (signal.aborted) return
      throw new NoticeboardError('unavailable', 'the watch ended')
    } catch (error) {
      if (signal.aborted) return
      if (isNoticeboardError(error, 'no-watch')) {
        watches = false
        continue
      }
      fails(error)
      await clock.sleep(backoff.failed(isNoticeboardError(error) ? error.retryAfterMs : undefined), signal)
    } finally {
      topic.watched = false
    }
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
