import { createBackoff } from '../async/backoff.js'
import { withDeadline } from '../async/deadline.js'
import { createSaver } from '../async/saver.js'
import { asNoticeboardError, isNoticeboardError, NoticeboardError } from '../contracts/errors.js'
import type { Clock, LogDetails, Logger, Random } from '../contracts/system.js'
import { causeOf } from '../core/cause-of.js'
import type { RolloutMove } from '../publisher/index.js'
import type { ListenerCounts, RolloutListener } from './listener.js'

/** Moves on their way to one listener, one after the other. */
export interface Outlet {
  /** Takes a move, and never waits. Where a thousand wait already, the oldest is given up. */
  put(move: RolloutMove): void
  /** Resolves when nothing waits any more. */
  settled(): Promise<void>
  readonly counts: ListenerCounts
}

/** What an outlet is made of. */
export interface OutletOptions {
  /** Names the listener. Default: as it names itself. */
  readonly name?: string
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  /** Ends it. */
  readonly signal: AbortSignal
}

/** How many moves may wait for one listener. */
const MOST_WAITING = 1_000

/** How long a listener may take that does not say, in milliseconds. */
const HEAR_MS = 10_000

/** After how many attempts, or how long, a move is given up; the time is in milliseconds. */
const MOST_ATTEMPTS = 20
const GIVE_UP_MS = 600_000

/** The bounds of the delays between attempts. */
const BACKOFF_MS = { baseMs: 500, capMs: 60_000 } as const

/**
 * Makes an {@link Outlet}.
 *
 * ```ts
 * const outlet = createOutlet(webhook({ url }), { clock, random, logger, signal })
 * outlet.put(move)
 * ```
 */
export function createOutlet(
  listener: RolloutListener,
  { name = listener.name, clock, random, logger, signal }: OutletOptions,
): Outlet {
  const { timeoutMs = HEAR_MS } = listener
  const waiting: RolloutMove[] = []
  let heard = 0
  let lost = 0
  let isFailing = false

  const said = (error: NoticeboardError): LogDetails => ({
    code: error.code,
    reason: error.message,
    cause: causeOf(error),
  })
  const giveUp = ({ namespace, id }: RolloutMove, error: NoticeboardError): void => {
    lost += 1
    logger.error('a listener was not told of a move of a rollout', {
      listener: name,
      namespace,
      move: id,
      ...said(error),
      lost,
    })
  }
  /** One attempt; resolves to what it failed with. */
  const attempt = async (move: RolloutMove): Promise<NoticeboardError | undefined> => {
    try {
      await withDeadline({ clock, signal, timeoutMs, what: name }, async own => listener.hear(move, own))
      return undefined
    } catch (error) {
      return asNoticeboardError(error, 'unavailable', `${name} failed`)
    }
  }
  const deliver = async (move: RolloutMove): Promise<void> => {
    const backoff = createBackoff({ clock, random, ...BACKOFF_MS })
    const untilMs = clock.monotonic() + GIVE_UP_MS
    for (let count = 1; !signal.aborted; count += 1) {
      const error = await attempt(move)
      if (signal.aborted) return
      if (error === undefined) {
        heard += 1
        isFailing = false
        return
      }
      const delayMs = backoff.failed(error.retryAfterMs)
      const mayRecover = isNoticeboardError(error, 'unavailable', 'rate-limited', 'timeout')
      if (!mayRecover || count === MOST_ATTEMPTS || clock.monotonic() + delayMs > untilMs)
        return giveUp(move, error)
      if (!isFailing)
        logger.warn('a listener cannot be told of a move of a rollout; it is tried again', {
          listener: name,
          namespace: move.namespace,
          ...said(error),
        })
      isFailing = true
      await clock.sleep(delayMs, signal)
    }
  }
  const sending = createSaver(async () => {
    for (let [move] = waiting; move !== undefined && !signal.aborted; [move] = waiting) {
      await deliver(move)
      waiting.shift()
    }
  })

  return {
    put(move) {
      // The first one is being sent.
      const [oldest] = waiting.length >= MOST_WAITING ? waiting.splice(1, 1) : []
      if (oldest !== undefined)
        giveUp(oldest, new NoticeboardError('too-large', `${MOST_WAITING} moves wait for ${name} already`))
      waiting.push(move)
      sending.soon()
    },
    settled: () => sending.settled(),
    get counts() {
      return { name, heard, waiting: waiting.length, lost }
    },
  }
}
