import { isNoticeboardError } from '../../contracts/errors.js'
import type { Clock, Logger, Random } from '../../contracts/system.js'
import type { ClientReport } from '../../contracts/report.js'
import type { ReportTransport } from '../../contracts/transport.js'
import { MAX_NEXT_REPORT_MS } from '../../core/limits.js'
import { createBackoff } from '../../async/backoff.js'
import { withDeadline } from '../../async/deadline.js'
import { jitter } from '../../async/jitter.js'
import { createWakeable } from '../../async/wakeable.js'

/** A report but for what the reporter itself counts. */
export type ReportState = Omit<ClientReport, 'v' | 'count' | 'nextReportWithinMs'>

/**
 * Sends a client's last word: soon after it changed, again after an interruption, and once a
 * presence interval.
 */
export interface Reporter {
  /** Something changed, or the connection is back: say it soon. */
  touch(): void
  /** Says the last word once more, within a deadline, and ends. Never rejects. */
  stop(): Promise<void>
}

export interface ReporterOptions {
  readonly to: ReportTransport | undefined
  /** The state as it is when asked. */
  readonly state: () => ReportState
  readonly clock: Clock
  readonly random: Random
  readonly logger: Logger
  readonly signal: AbortSignal
  readonly batchMs: number
  /** Undefined for clients without timers: they report when something changed. */
  readonly reportIntervalMs: number | undefined
}

/** How long a leaving client waits for its last word to go out. */
const LAST_WORD_MS = 1_000

/** How long a server may take to receive a report, in milliseconds. */
const SEND_MS = 60_000

/** Makes a {@link Reporter} and starts it. */
export function startReporter({
  to,
  state,
  clock,
  random,
  logger,
  signal,
  batchMs,
  reportIntervalMs,
}: ReporterOptions): Reporter {
  if (to === undefined) return { touch: () => {}, stop: () => Promise.resolve() }
  const backoff = createBackoff({ random, clock })
  /** Something to say, or a connection that is back. */
  const news = createWakeable(clock)
  let count = 0

  const send = async (timeoutMs: number, until?: AbortSignal): Promise<void> => {
    count += 1
    const report = {
      v: 1,
      ...state(),
      count,
      nextReportWithinMs: reportIntervalMs ?? MAX_NEXT_REPORT_MS,
    } as const
    await withDeadline({ clock, signal: until, timeoutMs, what: 'the receiver of reports' }, own =>
      to.report([report], own),
    )
  }
  const presence = (): number =>
    reportIntervalMs === undefined ? Number.POSITIVE_INFINITY : jitter(reportIntervalMs, 0.2, random)
  const run = async (): Promise<void> => {
    while (!signal.aborted) {
      // A burst of changes becomes one report, and a fleet that changes together does not report in
      // one instant.
      await clock.sleep(batchMs * (0.5 + random.number() / 2), signal)
      if (signal.aborted) return
      // What was to be said until now is in this report.
      news.clear()
      try {
        await send(SEND_MS, signal)
        backoff.succeeded()
        await news.wait(presence(), signal)
      } catch (error) {
        if (signal.aborted) return
        logger.debug('a report could not be sent; it will be sent again', {
          error: error instanceof Error ? error.name : 'unknown',
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
  const running = run()

  return {
    touch: news.wake,
    async stop() {
      await running
      try {
        await send(LAST_WORD_MS)
      } catch {
        // Best effort: without it the fleet sees this client as missing, after three presence
        // intervals.
        logger.debug('the last report could not be sent')
      }
    },
  }
}
