import { isNoticeboardError } from '../../contracts/errors.js'
import type { Clock, Logger, Random } from '../../contracts/system.js'
import type { ClientReport } from '../../contracts/report.js'
import type { ReportTransport } from '../../contracts/transport.js'
import { MAX_NEXT_REPORT_MS } from '../../core/limits.js'
import { fitReport } from '../../core/report/fit-report.js'
import { createBackoff } from '../../async/backoff.js'
import { settlesWithin, withDeadline } from '../../async/deadline.js'
import { jitter } from '../../async/jitter.js'
import { createWakeable } from '../../async/wakeable.js'
import { errorMessage, errorName } from '../../core/built-ins.js'

/** A report but for what the reporter itself counts. */
export type ReportState = Omit<ClientReport, 'v' | 'count' | 'upMs' | 'sinceMs' | 'nextReportWithinMs'>

/**
 * Sends a client's last word: soon after it changed, again after an interruption, and once a
 * presence interval.
 */
export interface Reporter {
  /** Something changed, or the connection is back: say it soon, or `withinMs` from now. */
  touch(withinMs?: number): void
  /** Says it at once. Resolves when it was sent, or could not be, or took too long to wait for. */
  now(): Promise<void>
  /** Says the last word once more, within a deadline, and ends. Never rejects. */
  stop(): Promise<void>
}

export interface ReporterOptions {
  readonly to: ReportTransport | undefined
  /** The state as it is when asked. */
  readonly state: () => ReportState
  /** Since when what runs has run, by the clock's monotonic time; undefined while nothing runs. */
  readonly runsSinceMs: () => number | undefined
  /** What is asked for now; asked each time, since a release may ask for more. */
  readonly rhythm: () => Rhythm
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly batchMs: number
}

/** When a client reports although nothing changed. */
export interface Rhythm {
  /** Undefined for clients without timers: they report when something changed. */
  readonly intervalMs: number | undefined
  /** A report is due once what runs has run for this long, in milliseconds. */
  readonly bakeMs?: number | undefined
}

/** How long a leaving client waits for its last word to go out. */
const LAST_WORD_MS = 1_000

/** How long a server may take to receive a report, in milliseconds. */
const SEND_MS = 60_000

/** How long {@link Reporter.now} is waited for, in milliseconds. */
const AT_ONCE_MS = 250

/** Makes a {@link Reporter} and starts it. */
export function startReporter({
  to,
  state,
  runsSinceMs,
  rhythm,
  clock,
  random,
  logger,
  signal,
  batchMs,
}: ReporterOptions): Reporter {
  if (to === undefined)
    return { touch: () => {}, now: () => Promise.resolve(), stop: () => Promise.resolve() }
  const backoff = createBackoff({ random, clock })
  /** Something to say, or a connection that is back. */
  const news = createWakeable(clock)
  /** It may not wait for what else there may be to say. */
  const hurry = createWakeable(clock)
  const startedMs = clock.monotonic()
  let count = 0
  /** Where the client is, and since when. */
  let place = { name: '', sinceMs: startedMs }
  /** Ends the wait for what may be told later; undefined while nothing is. */
  let cancelLater: (() => void) | undefined
  /** Who waits for the next report to be sent. */
  const waiting: (() => void)[] = []

  const forgetLater = (): void => {
    cancelLater?.()
    cancelLater = undefined
  }
  const tellWaiting = (): void => {
    for (const tell of waiting.splice(0)) tell()
  }

  /** The state as it is now; notes when the client came to where it is. */
  const look = (): ReportState => {
    const now = state()
    const name = placeOf(now)
    if (name !== place.name) place = { name, sinceMs: clock.monotonic() }
    return now
  }

  /** How long the client has been where it is. */
  const sinceMs = ({ phase }: ReportState): number => {
    const runs = phase === 'applied' || phase === 'healthy' ? runsSinceMs() : undefined
    return Math.round(clock.monotonic() - (runs ?? place.sinceMs))
  }

  const send = async (timeoutMs: number, until?: AbortSignal): Promise<void> => {
    count += 1
    const now = look()
    const { intervalMs } = rhythm()
    const report = fitReport({
      v: 1,
      ...now,
      count,
      upMs: Math.round(clock.monotonic() - startedMs),
      sinceMs: sinceMs(now),
      ...(intervalMs !== undefined && { nextReportWithinMs: Math.min(intervalMs, MAX_NEXT_REPORT_MS) }),
    })
    const told = waiting.splice(0)
    try {
      await withDeadline({ clock, signal: until, timeoutMs, what: 'the receiver of reports' }, own =>
        to.report([report], own),
      )
    } finally {
      for (const tell of told) tell()
    }
  }

  /** How long until a report is due although nothing changes. */
  const presence = (): number => {
    const { intervalMs, bakeMs = 0 } = rhythm()
    if (intervalMs === undefined) return Number.POSITIVE_INFINITY
    const runs = runsSinceMs()
    const bakesMs = runs === undefined ? 0 : Math.ceil(runs + bakeMs - clock.monotonic())
    const delayMs = jitter(Math.min(intervalMs, MAX_NEXT_REPORT_MS), 0.2, random)
    return bakesMs > 0 ? Math.min(delayMs, bakesMs) : delayMs
  }

  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      // A burst of changes becomes one report, and a fleet that changes together does not report in
      // one instant.
      await hurry.wait(batchMs * (0.5 + random.number() / 2), signal)
      if (signal.aborted) return
      // What was to be said until now is in this report.
      news.clear()
      forgetLater()
      try {
        await send(SEND_MS, signal)
        backoff.succeeded()
        await news.wait(presence(), signal)
      } catch (error) {
        if (signal.aborted) return
        logger.debug('a report could not be sent; it will be sent again', {
          error: errorName(error),
        })
        if (isNoticeboardError(error, 'forbidden')) {
          // Nobody takes reports here, as on a board of files alone: asked again when there is
          // news, and once a presence interval.
          await news.wait(presence(), signal)
          continue
        }
        const retryAfterMs = isNoticeboardError(error) ? error.retryAfterMs : undefined
        const delayMs = backoff.failed(retryAfterMs)
        // A connection that is back, or something new to say, ends the wait; what the server asked
        // for does not.
        if (retryAfterMs === undefined) await news.wait(delayMs, signal)
        else await clock.sleep(delayMs, signal)
      }
    }
  }
  const running = run().finally(() => {
    forgetLater()
    tellWaiting()
  })

  return {
    touch(withinMs = 0) {
      look()
      if (withinMs === 0) return news.wake()
      if (signal.aborted) return
      cancelLater ??= clock.after(withinMs, () => {
        cancelLater = undefined
        news.wake()
      })
    },
    async now() {
      if (signal.aborted) return
      look()
      const told = new Promise<void>(resolve => void waiting.push(resolve))
      hurry.wake()
      news.wake()
      await settlesWithin(told, { clock, timeoutMs: AT_ONCE_MS })
    },
    async stop() {
      await running
      try {
        await send(LAST_WORD_MS)
      } catch (error) {
        // Best effort: without it the fleet sees this client as missing, after three presence
        // intervals.
        logger.debug('the last report could not be sent', { message: errorMessage(error) })
      }
    },
  }
}

/**
 * Where a client is as long as nothing of this changes; to have soaked is no other place than to
 * run.
 */
function placeOf({ phase, digest = '', refused = '' }: ReportState): string {
  return `${phase === 'healthy' ? 'applied' : phase} ${digest} ${refused}`
}
