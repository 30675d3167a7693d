import { jitter } from '../../async/jitter.js'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { WentBack } from '../../contracts/position.js'
import type { Clock, Hasher, Logger, Random } from '../../contracts/system.js'
import type { Transport } from '../../contracts/transport.js'
import { digestsOf } from '../../core/release/release.js'
import { DEAD_AFTER_HEARTBEATS } from '../../core/limits.js'
import type { BoardMemory } from '../../core/store/board-memory.js'
import { sayWentBack } from '../../core/store/went-back.js'
import type { EventsQuery } from '../routes/events-query.js'
import { createAdmission } from './admission.js'
import { createCuts } from './cuts.js'
import type { DeltaCache } from './delta-cache.js'
import { createFanOut } from './fan-out.js'
import { follow } from './follower.js'
import { aliveFrame, goodbyeFrame, markFrame } from './frames.js'
import { createHeartbeat } from './heartbeat.js'
import type { Lifetime } from '../http/lifetime.js'
import { markOf } from './mark-of.js'
import type { Plan, Sink, Subscriber } from './messages.js'
import type { Newest } from './newest-release.js'
import type { SnapshotCache } from './snapshot-cache.js'
import { createTopics, type Topics } from './topics.js'
import { Connection, type ConnectionHub, type Subscription, type Topic } from './subscriptions.js'
import { createUpstream } from './upstream.js'
import { createUnpublished } from './unpublished.js'
import { errorName } from '../../core/built-ins.js'

/** What is newest, and everybody who wants to be told. */
export interface Hub {
  /** The newest release, no older than a second, if it is known. */
  fresh(namespace: Namespace): Newest | undefined
  /**
   * The same, from the store if it is not known, or if its answer is older than `withinMs`. Throws
   * what the store throws.
   */
  newest(namespace: Namespace, withinMs?: number): Newest | undefined | Promise<Newest | undefined>
  /** Whether there is a release at all; of what is known the store is not asked. */
  isPublished(namespace: Namespace): boolean | Promise<boolean>
  /** Whether the newest release that is known names a snapshot: whether clients are to run it. */
  isNamed(namespace: Namespace, digest: Digest): boolean
  /** A release that was appended here: from now on it is the newest. */
  announce(namespace: Namespace, bytes: Uint8Array): void
  /**
   * Admits a reader of the event stream, at once where everything is at hand that it begins with.
   * Throws or rejects with `unavailable` when there are too many, or the store does not answer.
   */
  admit(query: EventsQuery, mayStay?: () => boolean): Plan | Promise<Plan>
  /** Ends the connections of those who may not stay, as {@link admit} was told to ask. */
  dismiss(): void
  /** How the history that a relay reads went back, once the log says so. */
  wentBack(namespace: Namespace): WentBack | undefined
  readonly connections: number
  /**
   * Says goodbye to every connection, each with a delay of its own up to `drainMs`, and ends it.
   */
  close(drainMs: number): Promise<void>
}

export interface HubOptions {
  readonly transport: Transport
  readonly snapshots: SnapshotCache
  /** None where snapshots go along whole. */
  readonly deltas?: DeltaCache | undefined
  /** Whether marks are made here; else they come from the server behind the transport. */
  readonly mints: boolean
  /** What was read of the store; undefined over a transport, of which nothing is remembered. */
  readonly memory: BoardMemory | undefined
  readonly clock: Clock
  readonly random: Random
  readonly hasher: Hasher
  readonly logger: Logger | undefined
  readonly heartbeatMs: number
  readonly pollIntervalMs: number
  readonly maxConnections: number
  readonly maxConnectionAgeMs: number
  readonly lifetime: Lifetime
}

/** How long a reader stays away whose connection is only too old, in milliseconds. */
const RETURN_MS = 2_000

/**
 * How many namespaces without a release are followed like others, so that a first release is told
 * of at once where there are few.
 */
const FOLLOWED_UNPUBLISHED = 32

/** Of streams that nothing is kept from: one for all of them. */
const always = (): boolean => true

export function createHub(options: HubOptions): Hub {
  const {
    transport,
    snapshots,
    deltas,
    mints,
    memory,
    clock,
    random,
    hasher,
    logger,
    heartbeatMs,
    pollIntervalMs,
    maxConnections,
    maxConnectionAgeMs,
    lifetime,
  } = options
  const connections = new Set<Connection>()
  const alive = aliveFrame(heartbeatMs)
  let closing = false

  const fanOut = createFanOut({ clock, hasher, snapshots, deltas })
  const background = (work: Promise<void>): void => {
    work.catch(error => logger?.error('sending to readers failed', { reason: errorName(error) }))
  }
  const hasGoneBack = (namespace: Namespace): boolean => memory?.wentBack(namespace) !== undefined
  const upstream = createUpstream({
    name: transport.name,
    hasher,
    clock,
    logger,
    settleMs: heartbeatMs,
    async look(namespace) {
      const topic = topics.find(namespace)
      if (topic !== undefined) await topics.check(topic)
    },
  })
  const topics: Topics = createTopics({
    upstream,
    transport,
    hasher,
    clock,
    lifetime,
    isRelay: !mints,
    trustMs: heartbeatMs * DEAD_AFTER_HEARTBEATS,
    wentBack: hasGoneBack,
    logger,
    changed(topic) {
      background(fanOut.spread(topic))
      awaited.delete(topic)
      if (unpublished.remove(topic)) listen(topic)
    },
  })
  /** Namespaces without a release that are followed like others. */
  const awaited = new Set<Topic>()
  const unpublished = createUnpublished({
    transport,
    clock,
    lifetime,
    logger,
    pollIntervalMs,
    check: topics.check,
  })
  const admission = createAdmission({ topics, unpublished, fanOut, clock })

  const stopListening = memory?.listen((namespace, wentBack) => {
    if (wentBack === undefined) logger?.info('the board of a namespace goes on again', { namespace })
    else logger?.error(sayWentBack(namespace, wentBack), { namespace })
    const topic = topics.find(namespace)
    // Whoever follows the topic logs a store that fails.
    if (topic !== undefined) topics.check(topic).catch(() => {})
  })

  const expire = (connection: Connection): void => part(connection, random.number() * RETURN_MS)
  const heartbeat = createHeartbeat({
    clock,
    logger,
    heartbeatMs,
    mints,
    alive,
    topics,
    wentBack: hasGoneBack,
    connections,
    fanOut,
    expire,
  })

  const cuts = createCuts({ clock, logger, heartbeatMs })

  /**
   * A mark from upstream is passed on as it is; over the store itself they are made by the
   * heartbeat.
   */
  const passMark = (topic: Topic, bytes: Uint8Array): void => {
    if (mints) return
    const frame = markFrame(topic.namespace, bytes)
    topic.mark = frame
    topic.checkedAtMs = clock.monotonic()
    background(
      fanOut.inSlices(topic.subscriptions, ({ connection, sent }) => {
        if (topic.mark !== frame || sent !== topic.version || connection.sink.blocked()) return
        connection.sink.write(frame)
        connection.markedBeat = heartbeat.beat
      }),
    )
  }

  const listen = (topic: Topic): void => {
    if (topic.following !== undefined) return
    if (topic.newest === undefined) {
      if (awaited.size >= FOLLOWED_UNPUBLISHED) return unpublished.add(topic)
      awaited.add(topic)
    }
    const following = new AbortController()
    topic.following = following
    void follow(
      topic,
      { transport, topics, clock, random, pollIntervalMs, logger, passMark },
      following.signal,
    )
  }

  const forget = (connection: Connection): void => {
    if (!connections.delete(connection)) return
    for (const subscription of connection.subscriptions) {
      const { topic } = subscription
      topic.subscriptions.delete(subscription)
      if (topic.subscriptions.size > 0) continue
      topic.following?.abort()
      topic.following = undefined
      awaited.delete(topic)
      unpublished.remove(topic)
      topics.release(topic)
    }
    if (connections.size === 0) heartbeat.stop()
  }

  /** Says when to come back, and ends the connection. */
  const part = (connection: Connection, delayMs: number): void => {
    forget(connection)
    if (connection.sink.blocked()) return connection.sink.destroy()
    connection.sink.write(goodbyeFrame(delayMs))
    connection.sink.end()
  }

  const connect = (
    { namespaces, identity, have, deltas: takesDeltas = false }: EventsQuery,
    mayStay: () => boolean,
    sink: Sink,
  ): Subscriber => {
    if (closing) {
      sink.write(goodbyeFrame(random.number() * RETURN_MS))
      sink.end()
      return { gone() {}, drained() {} }
    }
    const openedAtMs = clock.monotonic()
    const expiresAtMs = openedAtMs + jitter(maxConnectionAgeMs, 0.2, random)
    const connection = new Connection(keeper, {
      sink,
      identity,
      deltas: takesDeltas,
      mayStay,
      openedAtMs,
      expiresAtMs,
    })
    connections.add(connection)
    sink.write(alive)
    connection.subscriptions = namespaces.map(namespace =>
      subscribe(connection, namespace, have.get(namespace)),
    )
    heartbeat.start()
    return connection
  }

  const subscribe = (
    connection: Connection,
    namespace: Namespace,
    have: Digest | undefined,
  ): Subscription => {
    const topic = topics.open(namespace)
    const subscription: Subscription = { connection, topic, sent: 0, have }
    topic.subscriptions.add(subscription)
    topics.hold(topic)
    fanOut.greet(subscription)
    const mark = subscription.sent === topic.version ? markOf(topic) : undefined
    if (mark !== undefined) connection.sink.write(mark)
    listen(topic)
    return subscription
  }

  const keeper: ConnectionHub = {
    gone(connection) {
      if (connections.has(connection))
        cuts.ended({
          writtenAtMs: Math.max(connection.openedAtMs, heartbeat.lastAtMs ?? connection.openedAtMs),
        })
      forget(connection)
    },
    drained(connection) {
      connection.blockedSinceMs = undefined
      if (connections.has(connection)) connection.subscriptions.forEach(fanOut.catchUp)
    },
  }

  return {
    fresh: topics.fresh,
    newest: topics.newest,
    isPublished: topics.isPublished,
    isNamed(namespace, digest) {
      const release = topics.find(namespace)?.newest?.read?.release
      return release !== undefined && digestsOf(release).includes(digest)
    },
    announce(namespace, bytes) {
      const topic = topics.open(namespace)
      topics.accept(topic, bytes)
      topic.checkedAtMs = clock.monotonic()
    },
    wentBack: upstream.wentBack,
    get connections() {
      return connections.size
    },
    admit(query, mayStay = always) {
      if (closing)
        throw new NoticeboardError('unavailable', 'the server is shutting down', { retryAfterMs: 1_000 })
      if (connections.size >= maxConnections) {
        const retryAfterMs = Math.ceil(1_000 + random.number() * heartbeatMs)
        throw new NoticeboardError(
          'unavailable',
          `the server has reached its ${maxConnections} connections (maxConnections); try again later`,
          { retryAfterMs },
        )
      }
      const plan: Plan = { open: sink => connect(query, mayStay, sink) }
      return admission.gather(query)?.then(() => plan) ?? plan
    },
    dismiss() {
      background(
        fanOut.inSlices([...connections], connection => {
          if (!connection.mayStay()) part(connection, random.number() * RETURN_MS)
        }),
      )
    },
    async close(drainMs) {
      closing = true
      await fanOut.inSlices(connections, connection => part(connection, random.number() * drainMs))
      heartbeat.stop()
      unpublished.stop()
      upstream.stop()
      stopListening?.()
      for (const { following } of topics.all()) following?.abort()
    },
  }
}
