import { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock, Logger } from '../../contracts/system.js'
import type { Store, Transport } from '../../contracts/transport.js'
import { firstOf } from '../../core/first-of.js'
import { MAX_UNPUBLISHED } from '../../core/limits.js'
import type { Lifetime } from '../http/lifetime.js'
import type { Topic } from './subscriptions.js'

/**
 * The namespaces that somebody listens to and nobody published to, and that are not followed one by
 * one.
 */
export interface Unpublished {
  /** Takes a namespace in: from now on sweeps look it up. */
  add(topic: Topic): void
  /** Leaves it out again; whether it was there. */
  remove(topic: Topic): boolean
  /** Throws `unavailable` when there is no room for more. */
  requireRoom(names: number): void
  stop(): void
}

/** How many names one sweep asks the store about, one after the other. */
const NAMES_A_SWEEP = 32

/** How long it is at least between two listings, in milliseconds. */
const LISTING_MS = 10_000

/**
 * A listing is made again after this many times what it took, so that it costs no more than a
 * twentieth of the store's time.
 */
const LISTING_REST = 20

/**
 * One set of names that is looked up on sweeps: a few names a sweep, all of them in their turn; and
 * where there are more and the store can list its namespaces, all of them at once from a listing,
 * now and then. However many names strangers think of, the store is asked as often. A release that
 * was published through this server is heard of at once, as ever.
 */
export function createUnpublished(options: UnpublishedOptions): Unpublished {
  const { transport, clock, lifetime, logger, pollIntervalMs, check } = options
  const store: Partial<Pick<Store, 'namespaces'>> & Transport = transport
  const topics = new Map<Namespace, Topic>()
  let listAtMs = Number.NEGATIVE_INFINITY
  let cancel: (() => void) | undefined
  let failing = false
  let stopped = false

  const askOneByOne = async (): Promise<void> => {
    for (const topic of firstOf(topics.values(), NAMES_A_SWEEP)) {
      // To the end of the row, before it may leave.
      if (!topics.delete(topic.namespace)) continue
      topics.set(topic.namespace, topic)
      await check(topic)
    }
  }

  const askForAll = async (): Promise<void> => {
    const startMs = clock.monotonic()
    const listed = (await lifetime.run(async signal => store.namespaces?.(signal))) ?? []
    const endMs = clock.monotonic()
    listAtMs = endMs + Math.max(LISTING_MS, LISTING_REST * (endMs - startMs))
    for (const namespace of listed) {
      const topic = topics.get(namespace)
      if (topic !== undefined) await check(topic)
    }
  }

  const sweep = async (): Promise<void> => {
    const lists =
      store.namespaces !== undefined && topics.size > NAMES_A_SWEEP && clock.monotonic() >= listAtMs
    try {
      await (lists ? askForAll() : askOneByOne())
      failing = false
    } catch {
      // One line for all of them, until it works again.
      if (!failing)
        logger?.warn('namespaces without a release cannot be looked up; trying again', { names: topics.size })
      failing = true
      if (lists) listAtMs = clock.monotonic() + LISTING_MS
    }
    schedule()
  }

  const schedule = (): void => {
    cancel = stopped || topics.size === 0 ? undefined : clock.after(pollIntervalMs, () => void sweep())
  }

  return {
    add(topic) {
      if (stopped) return
      topics.set(topic.namespace, topic)
      if (cancel === undefined) schedule()
    },
    remove: ({ namespace }) => topics.delete(namespace),
    requireRoom(names) {
      if (names === 0 || topics.size + names <= MAX_UNPUBLISHED) return
      throw new NoticeboardError(
        'unavailable',
        `streams already wait for ${MAX_UNPUBLISHED} namespaces without a release; try again once this one has a release`,
        { retryAfterMs: FULL_RETRY_MS },
      )
    },
    stop() {
      stopped = true
      cancel?.()
      cancel = undefined
    },
  }
}

/** When to ask again where there was no room, in milliseconds. */
const FULL_RETRY_MS = 30_000

export interface UnpublishedOptions {
  readonly transport: Transport
  readonly clock: Clock
  readonly lifetime: Lifetime
  readonly logger: Logger | undefined
  /** How long it is between two sweeps, in milliseconds. */
  readonly pollIntervalMs: number
  /** Asks the store for the newest release; whoever is told of one calls `remove`. */
  readonly check: (topic: Topic) => Promise<void>
}
