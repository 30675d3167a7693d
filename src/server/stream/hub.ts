import { jitter } from '../../async/jitter.js'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock, Hasher, Logger, Random } from '../../contracts/system.js'
import type { Transport } from '../../contracts/transport.js'
import type { EventsQuery } from '../routes/events-query.js'
import { createFanOut } from './fan-out.js'
import { follow } from './follower.js'
import { aliveFrame, goodbyeFrame, markFrame } from './frames.js'
import { createHeartbeat } from './heartbeat.js'
import type { Lifetime } from '../http/lifetime.js'
import type { Plan, Sink, Subscriber } from './messages.js'
import type { Newest } from './newest-release.js'
import type { SnapshotCache } from './snapshot-cache.js'
import { createTopics } from './topics.js'
import type { Connection, Subscription, Topic } from './subscriptions.js'

/** What is newest, and everybody who wants to be told. */
export interface Hub {
  /** The newest release, no older than a second, if it is known. */
  fresh(namespace: Namespace): Newest | undefined
  /** The same, from the store if it is not known. Throws what the store throws. */
  newest(namespace: Namespace): Newest | undefined | Promise<Newest | undefined>
  /** A release that was appended here: from now on it is the newest. */
  announce(namespace: Namespace, bytes: Uint8Array): void
  /** Admits a reader of the event stream. Throws `unavailable` when there are too many, or the store does not answer. */
  admit(query: EventsQuery): Promise<Plan>
  readonly connections: number
  /** Says goodbye to every connection, each with a delay of its own up to `drainMs`, and ends it. */
  close(drainMs: number): Promise<void>
}

export interface HubOptions {
  readonly transport: Transport
  readonly snapshots: SnapshotCache
  /** Whether marks are made here; else they come from the server behind the transport. */
  readonly mints: boolean
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

export function createHub(options: HubOptions): Hub {
  const {
    transport,
    snapshots,
    mints,
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

  const fanOut = createFanOut({ clock, hasher, snapshots })
  const background = (work: Promise<void>): void => {
    work.catch(error =>
      logger?.error('sending to readers failed', { reason: error instanceof Error ? error.name : 'unknown' }),
    )
  }
  const topics = createTopics({
    transport,
    hasher,
    clock,
    lifetime,
    trustsWatch: !mints,
    changed: topic => background(fanOut.spread(topic)),
  })

  const expire = (connection: Connection): void => part(connection, random.number() * RETURN_MS)
  const heartbeat = createHeartbeat({
    clock,
    logger,
    heartbeatMs,
    mints,
    alive,
    topics,
    connections,
    fanOut,
    expire,
  })

  /** A mark from upstream is passed on as it is; over the store itself they are made by the heartbeat. */
  const passMark = (topic: Topic, bytes: Uint8Array): void => {
    if (mints) return
    const frame = markFrame(topic.namespace, bytes)
    topic.mark = frame
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

  const connect = ({ namespaces, identity, have }: EventsQuery, sink: Sink): Subscriber => {
    if (closing) {
      sink.write(goodbyeFrame(random.number() * RETURN_MS))
      sink.end()
      return { gone() {}, drained() {} }
    }
    const expiresAtMs = clock.monotonic() + jitter(maxConnectionAgeMs, 0.2, random)
    const connection: Connection = {
      sink,
      identity,
      subscriptions: [],
      expiresAtMs,
      blockedSinceMs: undefined,
      markedBeat: -1,
    }
    connections.add(connection)
    sink.write(alive)
    for (const namespace of namespaces) {
      const topic = topics.open(namespace)
      const subscription: Subscription = { connection, topic, sent: 0, have: have.get(namespace) }
      connection.subscriptions.push(subscription)
      topic.subscriptions.add(subscription)
      fanOut.greet(subscription)
      if (topic.mark !== undefined && subscription.sent === topic.version) sink.write(topic.mark)
      listen(topic)
    }
    heartbeat.start()
    return {
      gone: () => forget(connection),
      drained() {
        connection.blockedSinceMs = undefined
        if (connections.has(connection)) connection.subscriptions.forEach(fanOut.catchUp)
      },
    }
  }

  return {
    fresh: topics.fresh,
    newest: topics.newest,
    announce(namespace, bytes) {
      const topic = topics.open(namespace)
      topics.accept(topic, bytes)
      topic.checkedAtMs = clock.monotonic()
    },
    get connections() {
      return connections.size
    },
    async admit(query) {
      if (closing)
        throw new NoticeboardError('unavailable', 'the server is going away', { retryAfterMs: 1_000 })
      if (connections.size >= maxConnections) {
        const retryAfterMs = Math.ceil(1_000 + random.number() * heartbeatMs)
        throw new NoticeboardError(
          'unavailable',
          `the server has its ${maxConnections} connections; ask again later`,
          { retryAfterMs },
        )
      }
      await Promise.all(
        query.namespaces.map(async namespace => {
          await topics.newest(namespace)
          const topic = topics.find(namespace)
          if (topic !== undefined) await fanOut.prepare(topic, query, query.have.get(namespace))
        }),
      )
      return { open: sink => connect(query, sink) }
    },
    async close(drainMs) {
      closing = true
      await fanOut.inSlices(connections, connection => part(connection, random.number() * drainMs))
      heartbeat.stop()
      for (const { following } of topics.all()) following?.abort()
    },
  }
}
