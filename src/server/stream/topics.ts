import { createOccasions } from '../../async/occasions.js'
import type { Namespace } from '../../contracts/names.js'
import { formatPosition } from '../../contracts/position.js'
import type { Clock, Hasher, Logger } from '../../contracts/system.js'
import type { Store, Transport } from '../../contracts/transport.js'
import { sameBytes } from '../../core/json/text.js'
import { createLeaps } from '../../core/release/leaps.js'
import type { Lifetime } from '../http/lifetime.js'
import { describeNewest, type Newest, supersedes } from './newest-release.js'
import {
  askedBefore,
  questionOf,
  sidedBefore,
  sidesOf,
  type Question,
  type Sides,
  type Standing,
} from './standing-question.js'
import type { Topic } from './subscriptions.js'
import type { Upstream } from './upstream.js'

export interface Topics {
  /** The topic, made when it is not there yet; the one that goes last from now on. */
  open(namespace: Namespace): Topic
  find(namespace: Namespace): Topic | undefined
  all(): Iterable<Topic>
  /** Asks the store now; many who ask at the same time ask once. Throws what the store throws. */
  check(topic: Topic): Promise<void>
  /**
   * Of the given topics those whose release the store says to be the newest as of this call,
   * without a look at each. Never rejects.
   */
  standing(topics: readonly Topic[]): Promise<Standing>
  /** Takes a release as the newest, unless it is older than the present one. */
  accept(topic: Topic, bytes: Uint8Array): void
  /** Takes what a watch brings; a relay follows the server behind it also where that went back. */
  hear(topic: Topic, bytes: Uint8Array): void
  /** The newest release, no older than a second, if it is known. */
  fresh(namespace: Namespace): Newest | undefined
  /**
   * The same, from the store if it is not known; `withinMs` is how old the store's answer may be,
   * where that is less.
   */
  newest(namespace: Namespace, withinMs?: number): Newest | undefined | Promise<Newest | undefined>
  /**
   * Whether there is a release at all, or was before the board went back. What is known is not
   * asked again, since a release never goes: a store that fails just now makes nothing unknown.
   * Throws what the store throws.
   */
  isPublished(namespace: Namespace): boolean | Promise<boolean>
  /** Somebody listens to it: it stays, however many others come. */
  hold(topic: Topic): void
  /** Nobody listens to it any more: it may go, and does at once when it has nothing. */
  release(topic: Topic): void
}

/** How long an answer of the store may stand for it, in milliseconds. */
const FRESH_MS = 1_000

/** How often it is told that another server names what cannot be, in milliseconds. */
const TELL_AGAIN_MS = 3_600_000

/** How many namespaces are kept that nobody listens to. */
const MAX_IDLE_TOPICS = 10_000

/**
 * All namespaces that are listened to or were asked for. `changed` is called with each newer
 * release.
 */
export function createTopics({
  transport,
  hasher,
  clock,
  lifetime,
  isRelay,
  trustMs,
  wentBack,
  changed,
  upstream,
  logger,
}: TopicsOptions): Topics {
  const topics = new Map<Namespace, Topic>()
  /**
   * Those that nobody listens to, the one that was asked for longest ago first: looking for one
   * that may go passes no others.
   */
  const idle = new Set<Topic>()
  const isRelayed = isRelay && transport.unmanaged !== true
  const leapTold = createOccasions(clock, TELL_AGAIN_MS)
  /** What was asked about at the last heartbeat. */
  let lastAsked: Question | undefined
  /** What followed from the store's answer. */
  let lastSides: Sides | undefined
  /** Grows with each newest release that is taken. */
  let moves = 0

  const open = (namespace: Namespace): Topic => {
    const found = topics.get(namespace)
    if (found !== undefined) {
      // A map keeps the order of insertion: what is asked for moves to the young end.
      topics.delete(namespace)
      topics.set(namespace, found)
      if (idle.delete(found)) idle.add(found)
      return found
    }
    const topic: Topic = {
      namespace,
      newest: undefined,
      leaps: isRelayed ? createLeaps({ clock, seen: undefined }) : undefined,
      version: 0,
      mark: undefined,
      subscriptions: new Set(),
      checkedAtMs: Number.NEGATIVE_INFINITY,
      checking: undefined,
      following: undefined,
      watched: false,
      spreading: false,
      isOlder: false,
    }
    // Before it is there itself: nobody listens to it yet, and it must not be the one that goes.
    makeRoom()
    topics.set(namespace, topic)
    idle.add(topic)
    return topic
  }

  const drop = (topic: Topic): void => {
    topics.delete(topic.namespace)
    idle.delete(topic)
  }

  /**
   * Drops those that nobody listens to, from the one on that was asked for longest ago, until there
   * is room for one more.
   */
  const makeRoom = (): void => {
    for (const topic of idle) {
      if (topics.size < MAX_IDLE_TOPICS) return
      if (topic.checking === undefined) drop(topic)
    }
  }

  const accept = (topic: Topic, bytes: Uint8Array): void => take(topic, bytes, { mayGoBack: false })

  /**
   * Takes a release as the newest; what is older only where the server behind a relay went back.
   */
  const take = (topic: Topic, bytes: Uint8Array, { mayGoBack }: { readonly mayGoBack: boolean }): void => {
    if (topic.newest !== undefined && sameBytes(topic.newest.bytes, bytes)) {
      topic.leaps?.current()
      remember(topic, bytes)
      return
    }
    const next = describeNewest(topic.namespace, bytes, hasher)
    if (!supersedes(next, topic.newest)) {
      if (mayGoBack) {
        topic.leaps?.current()
        remember(topic, bytes)
        become(topic, next, true)
      } else topic.leaps?.older()
      return
    }
    if (next.read !== undefined && topic.leaps?.follows(next.read.position) === false) {
      const { position } = next.read
      const seen = topic.newest?.read?.position
      if (leapTold.now())
        logger?.error('the upstream server names a position further on than a log can grow; it is ignored', {
          namespace: topic.namespace,
          position: formatPosition(position),
          ...(seen !== undefined && { seen: formatPosition(seen) }),
        })
      return
    }
    remember(topic, bytes)
    become(topic, next, false)
  }

  const remember = ({ namespace }: Topic, bytes: Uint8Array | undefined): void => {
    if (isRelayed) upstream?.heard(namespace, bytes)
  }

  const become = (topic: Topic, newest: Newest | undefined, isOlder: boolean): void => {
    topic.newest = newest
    topic.isOlder = isOlder
    topic.version += 1
    moves += 1
    topic.mark = undefined
    changed(topic)
  }

  /**
   * Takes what there is in the place of what was newer: nothing is served that the store does not
   * have.
   */
  const goBack = (topic: Topic, bytes: Uint8Array | undefined): void => {
    const { newest } = topic
    topic.leaps?.current()
    if (bytes === undefined ? newest === undefined : newest !== undefined && sameBytes(newest.bytes, bytes))
      return
    become(topic, bytes && describeNewest(topic.namespace, bytes, hasher), true)
  }

  const hear = (topic: Topic, bytes: Uint8Array): void => {
    if (isRelay) topic.checkedAtMs = clock.monotonic()
    take(topic, bytes, { mayGoBack: isRelay })
  }

  const ask = async (topic: Topic): Promise<void> => {
    const { namespace, version } = topic
    const latest = await lifetime.run(signal => transport.latest({ namespace }, signal))
    const bytes = latest.type === 'release' ? latest.bytes : undefined
    // An answer that was overtaken by a newer release is late, and says nothing of what there is
    // now.
    const isLate = topic.version !== version
    if (wentBack(namespace)) goBack(topic, bytes)
    else if (bytes !== undefined) take(topic, bytes, { mayGoBack: isRelay && !isLate })
    else if (!isLate) remember(topic, undefined)
    topic.checkedAtMs = clock.monotonic()
  }

  const check = (topic: Topic): Promise<void> => {
    topic.checking ??= ask(topic).finally(() => {
      topic.checking = undefined
    })
    return topic.checking
  }

  const standing = async (asked: readonly Topic[]): Promise<Standing> => {
    const store: Partial<Pick<Store, 'standing'>> & Transport = transport
    const question = askedBefore(lastAsked, asked) ?? questionOf(asked)
    lastAsked = question
    const askedAtMs = clock.monotonic()
    try {
      const names = await lifetime.run(async signal => store.standing?.(question.queries, signal))
      if (names === undefined) return { standing: [], others: asked }
      const sides = sidedBefore(lastSides, { question, names, moves }) ?? sidesOf({ question, names, moves })
      lastSides = sides
      for (const topic of sides.standing) topic.checkedAtMs = Math.max(topic.checkedAtMs, askedAtMs)
      return sides
    } catch {
      // Each is looked at then, and says what is wrong.
      return { standing: [], others: asked }
    }
  }

  const release = (topic: Topic): void => {
    if (topic.subscriptions.size > 0) return
    if (topic.newest === undefined && topic.checking === undefined) drop(topic)
    else if (topics.get(topic.namespace) === topic) idle.add(topic)
  }

  const askFor = async (namespace: Namespace): Promise<Newest | undefined> => {
    const topic = open(namespace)
    try {
      await check(topic)
      return topic.newest
    } finally {
      release(topic)
    }
  }

  const fresh = (namespace: Namespace, withinMs = Infinity): Newest | undefined => {
    const topic = topics.get(namespace)
    if (topic?.newest === undefined) return undefined
    // A relay does not ask for what it is being told, as long as marks show that the server behind
    // it is.
    const freshMs = isRelay && topic.watched ? trustMs : FRESH_MS
    return clock.monotonic() - topic.checkedAtMs < Math.min(freshMs, withinMs) ? topic.newest : undefined
  }

  return {
    open,
    find: namespace => topics.get(namespace),
    all: () => topics.values(),
    check,
    standing,
    accept,
    hear,
    hold: topic => void idle.delete(topic),
    release,
    fresh,
    newest: (namespace, withinMs) => fresh(namespace, withinMs) ?? askFor(namespace),
    isPublished: namespace =>
      topics.get(namespace)?.newest !== undefined ||
      wentBack(namespace) ||
      askFor(namespace).then(found => found !== undefined || wentBack(namespace)),
  }
}

export interface TopicsOptions {
  readonly transport: Transport
  readonly hasher: Hasher
  readonly clock: Clock
  readonly lifetime: Lifetime
  /** Whether this is a relay, for which an open watch stands for the server behind it. */
  readonly isRelay: boolean
  /** For how long it does after a release or a mark, in milliseconds. */
  readonly trustMs: number
  /** Whether the store has less of a namespace than was read of it before. */
  readonly wentBack: (namespace: Namespace) => boolean
  readonly changed: (topic: Topic) => void
  /** What a relay remembers of the history that it reads. */
  readonly upstream?: Pick<Upstream, 'heard'> | undefined
  readonly logger?: Logger | undefined
}
