import { canRead } from '../../contracts/capabilities.js'
import { NoticeboardError } from '../../contracts/errors.js'
import { comparePositions } from '../../contracts/position.js'
import type { StrategyEvent, Session } from '../../contracts/strategy.js'
import type { NoticeTransport, Transport } from '../../contracts/transport.js'
import { createBackoff } from '../../async/backoff.js'
import { type Connection, openConnection } from './connection.js'
import { createLinkedAbortController } from '../../async/signals.js'
import { readPosition, withNext } from '../poll/poll.js'
import { createCutPattern, sayCut } from '../../core/cut-pattern.js'
import { markPatienceMs } from './mark-patience.js'
import { createPollSchedule } from '../poll/poll-schedule.js'
import type { BackoffTimes } from '../options.js'
import { jitter, phaseOf } from '../../async/jitter.js'
import { DEAD_AFTER_HEARTBEATS } from '../../core/limits.js'

/** How push and hybrid behave in time. Every field has a default. */
export interface WatchOptions {
  /**
   * How often the transport is asked while no stream is live, give or take a tenth, in
   * milliseconds. Default 30,000.
   */
  readonly pollIntervalMs?: number
  /**
   * How often it is asked without a condition in any case, give or take a fifth, in milliseconds.
   * Default 300,000.
   */
  readonly sweepIntervalMs?: number
  /**
   * The heartbeat of transports that do not tell theirs, in milliseconds: a stream that goes silent
   * for 2.5 of them is dead. Default 8,000.
   */
  readonly heartbeatMs?: number
  /** How long a new stream may take to bring its first frame, in milliseconds. Default 10,000. */
  readonly firstEventTimeoutMs?: number
  /** How long one answer may take, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
  /**
   * The age at which a stream is renewed, give or take a fifth, in milliseconds: so a fleet follows
   * its load balancers. A connection that several clients share is renewed by its server. Default
   * 1,800,000.
   */
  readonly maxConnectionAgeMs?: number
  /** How long it waits after failures. Default: `defaultPeriods.backoff`. */
  readonly backoff?: BackoffTimes
}

/** How it behaves, with every default filled in. */
export type WatchSettings = Required<Omit<WatchOptions, 'backoff'>> & {
  readonly backoff: Required<BackoffTimes>
}

/**
 * What the loop works with: where notices come from, where releases and snapshots are fetched, and
 * what travels.
 */
export interface WatchTransports {
  readonly notify: NoticeTransport
  readonly fetch: Transport
  readonly inline: boolean
}

/** The one connection, and what is going on with it. */
type Link =
  /** Waiting for the next try. */
  | { readonly type: 'down'; readonly retryAtMs: number }
  /** This transport has no notifications here; each sweep tries again. */
  | { readonly type: 'absent' }
  /** Waiting for the first frame. */
  | { readonly type: 'opening'; readonly connection: Connection; readonly sinceMs: number }
  | {
      readonly type: 'open'
      readonly connection: Connection
      readonly sinceMs: number
      readonly renewAtMs: number
    }

/** How many streams that were cut alike make a reason that is told. */
const CUTS_TOLD = 3
/** What is said of streams that open and bring nothing. */
const GATHERED =
  'a proxy in between buffers the stream; turn buffering off for v1/~events (nginx: proxy_buffering off)'
/**
 * After a stream's first sign of life: how long it may take to say what is current before the
 * client asks.
 */
const FIRST_RELEASE_MS = 1_000
/**
 * How long a client that has nothing waits for the first byte of its stream before it looks beside
 * it, and over how long a fleet spreads that, in milliseconds: within the 2 s that `ready()` waits.
 */
export const BESIDE_MS = 1_000
export const BESIDE_SPREAD_MS = 600

/**
 * The heart of push and hybrid: one owner of one connection. It keeps a watch open, notices when
 * that is dead, asks beside it once a heartbeat where no marks come, sweeps, and polls while no
 * stream is live. Nothing is decided by an event alone: each step looks at how things stand and at
 * the clock.
 */
export async function* watchLoop(
  session: Session,
  { notify, fetch, inline }: WatchTransports,
  settings: WatchSettings & { readonly onHeartbeat: (heartbeatMs: number) => void },
): AsyncGenerator<StrategyEvent, void, undefined> {
  const {
    pollIntervalMs,
    sweepIntervalMs,
    firstEventTimeoutMs,
    timeoutMs,
    maxConnectionAgeMs,
    backoff: times,
  } = settings
  const { clock, random, signal } = session
  const outbox: StrategyEvent[] = []
  const closing = new Set<Promise<void>>()
  const backoff = createBackoff({
    clock,
    random,
    ...times,
    healthyMs: 2 * times.capMs,
  })

  let link = { type: 'down', retryAtMs: clock.monotonic() } as Link
  let toldAbsent = false
  /** When the client was last known to be current. */
  let provenAtMs: number | undefined
  let placed = false
  let quietUntilMs = 0
  let streamed: Uint8Array | undefined
  const cuts = createCutPattern(CUTS_TOLD)
  /** How many streams in a row brought nothing at all, and whether that was told. */
  let mute = 0
  let toldMute = false
  /**
   * When a client that has nothing looks beside its silent stream; undefined before the first
   * stream.
   */
  let besideAtMs: number | undefined
  let toldSilent = false
  let missedAtMs: number | undefined

  let woken = false
  let nap = createLinkedAbortController(signal)
  const wake = (): void => {
    woken = true
    nap.abort()
  }

  const heartbeatOf = (connection: Connection): number => connection.heartbeatMs ?? settings.heartbeatMs

  const schedule = createPollSchedule(session, {
    transport: fetch,
    timeoutMs,
    sweepIntervalMs,
    times,
    wake,
    paceMs() {
      if (isMute()) return besideHeartbeatMs(settings.heartbeatMs / 2)
      if (link.type !== 'open') return nextPollMs()
      const heartbeatMs = heartbeatOf(link.connection)
      return link.connection.marks ? markPatienceMs(heartbeatMs, random) : jitter(heartbeatMs, 0.1, random)
    },
    retryMs: () => (link.type === 'open' ? 0 : nextPollMs()),
    onSweep() {
      if (link.type === 'absent') open(clock.monotonic())
    },
    onQuiet: (untilMs, error) => leaveAlone(fetch, untilMs, error),
  })

  /**
   * This client's own place among all that poll: those who fell back together do not ask together.
   */
  const ownPlace = (intervalMs: number): number =>
    phaseOf(`${session.namespace} ${session.identity.clientId}`, intervalMs)
  const placeMs = (): number => {
    placed = true
    return ownPlace(pollIntervalMs)
  }

  /**
   * Where streams open and bring nothing, the transport is asked as one that sends no marks is:
   * once a heartbeat.
   */
  const isMute = (): boolean => mute > 0 || (link.type === 'opening' && besideAtMs !== undefined)

  let besidePlaced = false
  /**
   * From its own place on, once a heartbeat; `afterMs` keeps that place away from a look that was
   * just made.
   */
  const besideHeartbeatMs = (afterMs = 0): number => {
    if (besidePlaced) return jitter(settings.heartbeatMs, 0.1, random)
    besidePlaced = true
    return afterMs + ownPlace(settings.heartbeatMs)
  }

  /** From its own place on, a client polls once an interval. */
  const nextPollMs = (): number => (placed ? jitter(pollIntervalMs, 0.1, random) : placeMs())

  /** Where the same transport notifies and is asked, a Retry-After of either holds for both. */
  const leaveAlone = (
    transport: NoticeTransport | Transport,
    untilMs: number,
    error: NoticeboardError,
  ): void => {
    if (transport === notify) quietUntilMs = Math.max(quietUntilMs, untilMs)
    if (transport === fetch) schedule.keepQuiet(untilMs, error)
  }

  const open = (nowMs: number): void => {
    streamed = undefined
    missedAtMs = undefined
    link = {
      type: 'opening',
      connection: openConnection(session, { transport: notify, inline, wake }),
      sinceMs: nowMs,
    }
    if (besideAtMs !== undefined || provenAtMs !== undefined || session.have() !== undefined) return
    besideAtMs = nowMs + BESIDE_MS + ownPlace(BESIDE_SPREAD_MS)
    schedule.lookBefore(besideAtMs)
  }

  const drop = (connection: Connection): void => {
    const closed: Promise<void> = connection.close().then(() => void closing.delete(closed))
    closing.add(closed)
  }

  /**
   * What is known of the reason why streams are lost, once for each; undefined where nothing is.
   */
  const reasonFor = (
    { code, retryAfterMs }: NoticeboardError,
    connection: Connection,
    nowMs: number,
  ): string | undefined => {
    // A transport may be the first to give up on what brings nothing.
    const gaveUp = code === 'unavailable' && retryAfterMs === undefined && nowMs >= silentAtMs(link)
    if (link.type === 'opening' && (code === 'timeout' || gaveUp)) {
      // Where the client cannot ask either, it is no matter of streams.
      const answeredMs = provenAtMs ?? Number.NEGATIVE_INFINITY
      if (answeredMs < link.sinceMs - 2 * pollIntervalMs) return undefined
      mute += 1
      schedule.lookBefore(nowMs + besideHeartbeatMs())
      if (toldMute) return `as before, ${GATHERED}`
      // One may be bad luck, unless the transport answered while it was silent.
      if (mute === 1 && answeredMs < link.sinceMs) return undefined
      toldMute = true
      return `it is open and silent although the transport answers: ${GATHERED}; until then the client polls once a heartbeat`
    }
    // Who was told to come back later was not cut off.
    if (link.type !== 'open' || code !== 'unavailable' || retryAfterMs !== undefined) return undefined
    const silentMs = nowMs - (connection.lastMs ?? link.sinceMs)
    const found = cuts.note({ silentMs, ageMs: nowMs - link.sinceMs })
    return found && `streams from ${notify.name} break ${sayCut(found, heartbeatOf(connection))}`
  }

  const lose = (connection: Connection, lost: NoticeboardError, nowMs: number): void => {
    const wasOpen = link.type === 'open'
    const reason = reasonFor(lost, connection, nowMs)
    const error =
      reason === undefined
        ? lost
        : new NoticeboardError(lost.code, `${lost.message}; ${reason}`, { cause: lost.cause })
    drop(connection)
    if (error.code === 'no-watch') {
      link = { type: 'absent' }
      if (!toldAbsent) outbox.push({ type: 'interrupted', error })
      toldAbsent = true
    } else {
      const retryAtMs = nowMs + backoff.failed(error.retryAfterMs)
      link = { type: 'down', retryAtMs }
      if (error.retryAfterMs !== undefined) leaveAlone(notify, retryAtMs, error)
      outbox.push({ type: 'interrupted', error })
    }
    if (provenAtMs === undefined) {
      // Nothing came yet from anywhere: the stream may be what is broken here.
      if (!schedule.begun) schedule.lookAt(nowMs)
    } else if (wasOpen) {
      // A stream that begins and breaks again and again must not put this off forever.
      const latestMs = provenAtMs + DEAD_AFTER_HEARTBEATS * heartbeatOf(connection) + pollIntervalMs
      schedule.lookAt(Math.min(nowMs, latestMs) + placeMs())
    }
  }

  /** Takes what the connection brought, and judges whether it is alive. */
  const read = (nowMs: number): void => {
    if (link.type !== 'opening' && link.type !== 'open') return
    const { connection } = link
    const { release, mark, trouble } = connection.take()

    if (link.type === 'opening' && connection.lastMs !== undefined) {
      backoff.succeeded()
      toldAbsent = false
      mute = 0
      toldMute = false
      link = {
        type: 'open',
        connection,
        sinceMs: nowMs,
        renewAtMs: nowMs + jitter(maxConnectionAgeMs, 0.2, random),
      }
      const heartbeatMs = heartbeatOf(connection)
      const patienceMs = provenAtMs === undefined ? Math.min(FIRST_RELEASE_MS, heartbeatMs) : heartbeatMs
      if (schedule.begun) schedule.lookBefore(nowMs + patienceMs)
      else schedule.lookAt(nowMs + patienceMs)
    }
    if (connection.heartbeatMs !== undefined) settings.onHeartbeat(connection.heartbeatMs)
    if (release !== undefined) {
      const { bytes, snapshots, ageMs } = release
      outbox.push({
        type: 'release',
        bytes,
        from: fetch,
        ...(snapshots !== undefined && { snapshots }),
        ...(ageMs !== undefined && { ageMs }),
      })
      streamed = bytes
      missedAtMs = undefined
    }
    if (mark !== undefined) outbox.push({ type: 'mark', bytes: mark.bytes })
    // What is read again when it changes is no connection that was lost.
    if (trouble !== undefined)
      outbox.push({ type: 'interrupted', error: trouble, nextMs: heartbeatOf(connection) })
    if (release !== undefined || mark !== undefined) {
      provenAtMs = nowMs - (mark === undefined ? (release?.ageMs ?? 0) : 0)
      schedule.proven(provenAtMs)
    }

    if (connection.failure !== undefined) lose(connection, connection.failure, nowMs)
    else if (nowMs >= silentAtMs(link)) lose(connection, silence(link), nowMs)
    else if (link.type === 'open' && nowMs >= link.renewAtMs) {
      drop(connection)
      open(nowMs)
    }
  }

  const silentAtMs = (at: Link): number => {
    if (at.type === 'opening') return at.sinceMs + firstEventTimeoutMs
    if (at.type !== 'open' || !at.connection.signs) return Number.POSITIVE_INFINITY
    return (at.connection.lastMs ?? 0) + DEAD_AFTER_HEARTBEATS * heartbeatOf(at.connection)
  }

  const silence = (at: Link): NoticeboardError =>
    at.type === 'opening'
      ? new NoticeboardError(
          'timeout',
          `the stream from ${notify.name} brought nothing within ${firstEventTimeoutMs} ms`,
        )
      : new NoticeboardError(
          'timeout',
          `the stream from ${notify.name} brought no sign of life in time, so it counts as dead`,
        )

  /** Says why a first value is late, once; the look beside the stream begins in the same step. */
  const tellSilence = (nowMs: number): void => {
    if (toldSilent || besideAtMs === undefined || nowMs < besideAtMs) return
    toldSilent = true
    if (link.type !== 'opening' || provenAtMs !== undefined) return
    const text = `the stream from ${notify.name} is open and silent: nothing came within ${Math.round(nowMs - link.sinceMs)} ms; perhaps ${GATHERED}`
    outbox.push({ type: 'silent', error: new NoticeboardError('timeout', text) })
  }

  /** A stream without marks shows that it is dead only by not bringing what the transport has. */
  const compare = (arrivals: readonly StrategyEvent[], nowMs: number): void => {
    if (link.type !== 'open' || link.connection.marks) return
    // What only notifies need not know what was current before it listened.
    if (streamed === undefined && !canRead(notify))
      streamed = arrivals.findLast(arrival => arrival.type === 'release')?.bytes
    if (missedAtMs === undefined) {
      const ahead = arrivals.some(arrival => arrival.type === 'release' && isAhead(arrival.bytes, streamed))
      if (ahead) missedAtMs = nowMs
    } else if (nowMs - missedAtMs >= heartbeatOf(link.connection) / 2) {
      const error = new NoticeboardError(
        'timeout',
        `the stream from ${notify.name} did not bring a release that a request brought`,
      )
      lose(link.connection, error, nowMs)
    }
  }

  /** One look at how things stand; returns when the next is due. */
  const step = (nowMs: number): number => {
    read(nowMs)
    tellSilence(nowMs)
    const looked = schedule.step(nowMs)
    if (looked !== undefined) {
      outbox.push(...looked.arrivals)
      if (looked.error === undefined && looked.arrivals.length > 0) {
        provenAtMs = nowMs
        compare(looked.arrivals, nowMs)
      }
    }
    if (link.type === 'down' && nowMs >= Math.max(link.retryAtMs, quietUntilMs)) open(nowMs)
    return Math.min(schedule.dueMs(), linkDueMs())
  }

  /** How long nothing can arrive, in milliseconds. */
  const nothingForMs = (dueMs: number): number => {
    const isAsking = link.type === 'opening' || link.type === 'open' || schedule.looking
    return isAsking ? 0 : Math.max(0, Math.ceil(dueMs - clock.monotonic()))
  }

  const linkDueMs = (): number => {
    switch (link.type) {
      case 'down':
        return Math.max(link.retryAtMs, quietUntilMs)
      case 'absent':
        return Number.POSITIVE_INFINITY
      case 'opening':
        return silentAtMs(link)
      case 'open':
        return Math.min(silentAtMs(link), link.renewAtMs)
    }
  }

  // A program that only follows its configuration lives on while the server is away, and between
  // two connections.
  const letGo = clock.hold?.()
  try {
    while (!signal.aborted) {
      woken = false
      const dueMs = step(clock.monotonic())
      if (outbox.length > 0) {
        const nextMs = nothingForMs(dueMs)
        yield* outbox.splice(0).map(event => withNext(event, nextMs))
        continue
      }
      if (woken) continue
      if (nap.signal.aborted) nap = createLinkedAbortController(signal)
      // Whole milliseconds, so that a rounding error in the sum cannot wait for nothing again and
      // again.
      const outcome = await session.wait(Math.max(1, Math.ceil(dueMs - clock.monotonic())), nap.signal)
      if (outcome === 'asked') schedule.ask()
    }
  } finally {
    letGo?.()
    nap.abort()
    if (link.type === 'opening' || link.type === 'open') drop(link.connection)
    await Promise.all([...closing, schedule.ended()])
  }
}

/** Whether a release stands after the one that the stream brought last. */
function isAhead(bytes: Uint8Array, streamed: Uint8Array | undefined): boolean {
  const position = readPosition(bytes)
  if (position === undefined) return false
  const last = streamed === undefined ? undefined : readPosition(streamed)
  return last === undefined || comparePositions(position, last) === 'newer'
}
