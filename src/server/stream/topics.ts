import type { Namespace } from '../../contracts/names.js'
import type { Clock, Hasher } from '../../contracts/system.js'
import type { Transport } from '../../contracts/transport.js'
import { sameBytes } from '../../core/json/text.js'
import type { Lifetime } from '../http/lifetime.js'
import { describeNewest, type Newest, supersedes } from './newest-release.js'
import type { Topic } from './subscriptions.js'

export interface Topics {
  /** The topic, made when it is not there yet; the one that goes last from now on. */
  open(namespace: Namespace): Topic
  find(namespace: Namespace): Topic | undefined
  all(): Iterable<Topic>
  /** Asks the store now; many who ask at the same time ask once. Throws what the store throws. */
  check(topic: Topic): Promise<void>
  /** Takes a release as the newest, unless it is older than the present one. */
  accept(topic: Topic, bytes: Uint8Array): void
  /** The newest release, no older than a second, if it is known. */
  fresh(namespace: Namespace): Newest | undefined
  /** The same, from the store if it is not known. */
  newest(namespace: Namespace): Newest | undefined | Promise<Newest | undefined>
  /** Forgets a topic that nobody listens to and that has nothing. */
  release(topic: Topic): void
}

/** How long an answer of the store may stand for it, in milliseconds. */
const FRESH_MS = 1_000

/** How many namespaces are kept that nobody listens to. */
const MAX_IDLE_TOPICS = 10_000

/** All namespaces that are listened to or were asked for. `changed` is called with each newer release. */
export function createTopics({
  transport,
  hasher,
  clock,
  lifetime,
  trustsWatch,
  changed,
}: TopicsOptions): Topics {
  const topics = new Map<Namespace, Topic>()

  const open = (namespace: Namespace): Topic => {
    const found = topics.get(namespace)
    if (found !== undefined) {
      // A map keeps the order of insertion: what is asked for moves to the young end.
      topics.delete(namespace)
      topics.set(namespace, found)
      return found
    }
    const topic: Topic = {
      namespace,
      newest: undefined,
      version: 0,
      mark: undefined,
      subscriptions: new Set(),
      checkedAtMs: Number.NEGATIVE_INFINITY,
      checking: undefined,
      following: undefined,
      watched: false,
      spreading: false,
    }
    // Before it is there itself: nobody listens to it yet, and it must not be the one that goes.
    makeRoom()
    topics.set(namespace, topic)
    return topic
  }

  /** Drops those that nobody listens to, from the one on that was asked for longest ago, until there is room for one more. */
  const makeRoom = (): void => {
    for (const [namespace, { subscriptions, checking }] of topics) {
      if (topics.size < MAX_IDLE_TOPICS) return
      if (subscriptions.size === 0 && checking === undefined) topics.delete(namespace)
    }
  }

  const accept = (topic: Topic, bytes: Uint8Array): void => {
    if (topic.newest !== undefined && sameBytes(topic.newest.bytes, bytes)) return
    const next = describeNewest(topic.namespace, bytes, hasher)
    if (!supersedes(next, topic.newest)) return
    topic.newest = next
    topic.version += 1
    topic.mark = undefined
    changed(topic)
  }

  const ask = async (topic: Topic): Promise<void> => {
    const { namespace } = topic
    const latest = await lifetime.run(signal => transport.latest({ namespace }, signal))
    if (latest.type === 'release') accept(topic, latest.bytes)
    topic.checkedAtMs = clock.monotonic()
  }

  const check = (topic: Topic): Promise<void> => {
    topic.checking ??= ask(topic).finally(() => {
      topic.checking = undefined
    })
    return topic.checking
  }

  const release = (topic: Topic): void => {
    if (topic.subscriptions.size === 0 && topic.newest === undefined && topic.checking === undefined)
      topics.delete(topic.namespace)
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

  const fresh = (namespace: Namespace): Newest | undefined => {
    const topic = topics.get(namespace)
    if (topic?.newest === undefined) return undefined
    const isFresh = (trustsWatch && topic.watched) || clock.monotonic() - topic.checkedAtMs < FRESH_MS
    return isFresh ? topic.newest : undefined
  }

  return {
    open,
    find: namespace => topics.get(namespace),
    all: () => topics.values(),
    check,
    accept,
    release,
    fresh,
    newest: namespace => fresh(namespace) ?? askFor(namespace),
  }
}

export interface TopicsOptions {
  readonly transport: Transport
  readonly hasher: Hasher
  readonly clock: Clock
  readonly lifetime: Lifetime
  /** Whether an open watch stands for the transport: a relay does not ask upstream for what it is being told. */
  readonly trustsWatch: boolean
  readonly changed: (topic: Topic) => void
}
