import { settlesWithin } from '../../async/deadline.js'
import type { Namespace } from '../../contracts/names.js'
import type { Clock, Logger } from '../../contracts/system.js'
import type { FanOut } from './fan-out.js'
import { markTimes, type MarkTimes } from './mark-frames.js'
import { markOf } from './mark-of.js'
import type { Frame } from './messages.js'
import type { Topics } from './topics.js'
import type { Connection, Subscription, Topic } from './subscriptions.js'
import { DEAD_AFTER_HEARTBEATS } from '../../core/limits.js'
import { errorName } from '../../core/built-ins.js'

/** How much of a heartbeat the store may take to answer, before the beat goes out without marks. */
const MINTING_SHARE = 0.1

/**
 * How many namespaces the store is asked about at the same time: whoever asks for one release does
 * not wait for all of them.
 */
const MINTS = 8

export interface Heartbeat {
  /** Counts the beats. */
  readonly beat: number
  /** When the last beat went out, in monotonic milliseconds; undefined before the first. */
  readonly lastAtMs: number | undefined
  /** Starts beating, if it does not yet. It stops by itself when there is no connection. */
  start(): void
  stop(): void
}

/**
 * One timer for all connections: marks, signs of life, and the end of those that are too old or do
 * not read.
 */
export function createHeartbeat(options: HeartbeatOptions): Heartbeat {
  const { clock, logger, heartbeatMs, mints, alive, topics, wentBack, connections, fanOut, expire } = options
  let beat = 0
  const patienceMs = heartbeatMs * MINTING_SHARE
  let lastAtMs: number | undefined
  let cancel: (() => void) | undefined
  let minting: Promise<void> | undefined
  /** Whether a beat went out without the marks that are being made. */
  let isLate = false

  const timesNow = (): MarkTimes => {
    const now = clock.now()
    return markTimes(now, now + heartbeatMs * DEAD_AFTER_HEARTBEATS)
  }

  const makeMark = (topic: Topic, times: MarkTimes): void => {
    // A board that went back proves nothing: clients have seen more than it has.
    if (!wentBack(topic.namespace)) topic.mark = times
  }

  /**
   * Only what the store said just now is marked as the newest; a store that does not answer leaves
   * clients to grow stale.
   */
  const mint = async (topic: Topic): Promise<void> => {
    try {
      await topics.check(topic)
    } catch {
      // Whoever follows the topic logs it.
      return
    }
    makeMark(topic, timesNow())
    if (!isLate) return
    await fanOut.inSlices(topic.subscriptions, subscription => {
      if (!subscription.connection.sink.blocked()) tellMark(subscription)
    })
  }

  const tellMark = ({ topic, connection, sent }: Subscription): void => {
    // A mark for a release that was not sent yet would say nothing.
    const mark = sent === topic.version ? markOf(topic) : undefined
    if (mark === undefined) return
    connection.sink.write(mark)
    connection.markedBeat = beat
  }

  /**
   * Mints for all of them, some at a time; one for which the store does not answer keeps its place
   * for its own time only.
   */
  const mintAll = async (followed: readonly Topic[]): Promise<void> => {
    // What stands stands as of the question, so one time serves all of them.
    const times = timesNow()
    const { standing, others } = await topics.standing(followed)
    await fanOut.inSlices(standing, topic => makeMark(topic, times))
    const left = others.values()
    const work = async (): Promise<void> => {
      for (const topic of left) await settlesWithin(mint(topic), { clock, timeoutMs: patienceMs })
    }
    await Promise.all(Array.from({ length: MINTS }, work))
  }

  const tend = (connection: Connection, nowMs: number): void => {
    if (nowMs >= connection.expiresAtMs) return expire(connection)
    if (connection.sink.blocked()) {
      connection.blockedSinceMs ??= nowMs
      // It read nothing for as long as a reader waits for a silent server: nobody is there.
      if (nowMs - connection.blockedSinceMs >= heartbeatMs * DEAD_AFTER_HEARTBEATS) connection.sink.destroy()
      return
    }
    connection.blockedSinceMs = undefined
    if (mints) {
      connection.subscriptions.forEach(tellMark)
    }
    if (connection.markedBeat !== beat) connection.sink.write(alive)
  }

  const run = async (): Promise<void> => {
    const followed: Topic[] = []
    for (const topic of topics.all()) {
      // What is not followed has no release, and is looked up by others.
      if (topic.following === undefined) continue
      if (mints) topic.mark = undefined
      followed.push(topic)
    }
    if (mints) {
      // A store that takes longer than a beat for all of them is not asked for all of them twice.
      minting ??= mintAll(followed).finally(() => {
        minting = undefined
      })
      isLate = false
      // A store that hangs must not keep the signs of life from going out: then marks follow when
      // they are made.
      isLate = !(await settlesWithin(minting, { clock, timeoutMs: patienceMs }))
    }
    const nowMs = clock.monotonic()
    lastAtMs = nowMs
    await fanOut.inSlices(connections, connection => tend(connection, nowMs))
    beat += 1
  }

  const schedule = (): void => {
    cancel = clock.after(heartbeatMs, () => {
      if (connections.size === 0) {
        cancel = undefined
        return
      }
      schedule()
      run().catch(error => logger?.error('a heartbeat failed', { reason: errorName(error) }))
    })
  }

  return {
    get beat() {
      return beat
    },
    get lastAtMs() {
      return lastAtMs
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
  /** Whether the store has less of a namespace than was read of it before. */
  readonly wentBack: (namespace: Namespace) => boolean
  readonly connections: ReadonlySet<Connection>
  readonly fanOut: FanOut
  /** Sends a connection away that is old enough. */
  readonly expire: (connection: Connection) => void
}
