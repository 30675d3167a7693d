import { settlesWithin } from '../../async/deadline.js'
import type { Clock, Logger } from '../../contracts/system.js'
import { encodeMark } from '../../core/release/mark.js'
import type { FanOut } from './fan-out.js'
import { markFrame } from './frames.js'
import type { Frame } from './messages.js'
import type { Topics } from './topics.js'
import type { Connection, Topic } from './subscriptions.js'
import { DEAD_AFTER_HEARTBEATS } from '../../core/limits.js'

/** How much of a heartbeat the store may take to answer, before the beat goes out without marks. */
const MINTING_SHARE = 0.1

export interface Heartbeat {
  /** Counts the beats. */
  readonly beat: number
  /** Starts beating, if it does not yet. It stops by itself when there is no connection. */
  start(): void
  stop(): void
}

/** One timer for all connections: marks, signs of life, and the end of those that are too old or do not read. */
export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { clock, logger, heartbeatMs, mints, alive, topics, connections, fanOut, expire } = options
  let beat = 0
  let cancel: (() => void) | undefined

  /** Only what the store said just now is marked as the newest; a store that does not answer leaves clients to grow stale. */
  const mint = async (topic: Topic): Promise<void> => {
    try {
      await topics.check(topic)
    } catch {
      // Whoever follows the topic logs it.
      return
    }
    const read = topic.newest?.read
    if (read === undefined) return
    const now = clock.now()
    const mark = {
      v: 1 as const,
      namespace: topic.namespace,
      ...read.position,
      digest: read.digest,
      asOf: new Date(now).toISOString(),
      validUntil: new Date(now + heartbeatMs * DEAD_AFTER_HEARTBEATS).toISOString(),
    }
    topic.mark = markFrame(topic.namespace, encodeMark(mark))
  }

  const tend = (connection: Connection): void => {
    const nowMs = clock.monotonic()
    if (nowMs >= connection.expiresAtMs) return expire(connection)
    if (connection.sink.blocked()) {
      connection.blockedSinceMs ??= nowMs
      // It read nothing for as long as a reader waits for a silent server: nobody is there.
      if (nowMs - connection.blockedSinceMs >= heartbeatMs * DEAD_AFTER_HEARTBEATS) connection.sink.destroy()
      return
    }
    connection.blockedSinceMs = undefined
    if (mints) {
      for (const { topic, sent } of connection.subscriptions) {
        // A mark for a release that was not sent yet would say nothing.
        if (topic.mark === undefined || sent !== topic.version) continue
        connection.sink.write(topic.mark)
        connection.markedBeat = beat
      }
    }
    if (connection.markedBeat !== beat) connection.sink.write(alive)
  }

  const run = async (): Promise<void> => {
    const listened = [...topics.all()].filter(({ subscriptions }) => subscriptions.size > 0)
    for (const topic of listened) if (mints) topic.mark = undefined
    // A store that hangs must not keep the signs of life from going out.
    if (mints)
      await settlesWithin(Promise.all(listened.map(mint)), {
        clock,
        timeoutMs: heartbeatMs * MINTING_SHARE,
      })
    await fanOut.inSlices(connections, tend)
    beat += 1
  }

  const schedule = (): void => {
    cancel = clock.after(heartbeatMs, () => {
      if (connections.size === 0) {
        cancel = undefined
        return
      }
      schedule()
      run().catch(error =>
        logger?.error('a heartbeat failed', { reason: error instanceof Error ? error.name : 'unknown' }),
      )
    })
  }

  return {
    get beat() {
      return beat
    },
    start() {
      if (cancel === undefined) schedule()
    },
    stop() {
      cancel?.()
      cancel = undefined
    },
  }
}

export interface HeartbeatOptions {
  readonly clock: Clock
  readonly logger: Logger | undefined
  readonly heartbeatMs: number
  /** Whether marks are made here, over the store itself; else they come from upstream. */
  readonly mints: boolean
  readonly alive: Frame
  readonly topics: Topics
  readonly connections: ReadonlySet<Connection>
  readonly fanOut: FanOut
  /** Sends a connection away that is old enough. */
  readonly expire: (connection: Connection) => void
}
