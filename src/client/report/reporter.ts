import { isNoticeboardError } from '../../contracts/errors.js'
import type { Clock, Logger, Random } from '../../contracts/system.js'
import type { ClientReport } from '../../contracts/report.js'
import type { ReportTransport } from '../../contracts/transport.js'
import { MAX_NEXT_REPORT_MS } from '../../core/limits.js'
import { fitReport } from '../../core/report/fit-report.js'
import { createBackoff, type Backoff } from '../../async/backoff.js'
import { settlesWithin, withDeadline } from '../../async/deadline.js'
import { jitter } from '../../async/jitter.js'
import { createWakeable, type Wakeable } from '../../async/wakeable.js'
import { errorMessage } from '../../core/built-ins.js'
import { codeOf } from '../../core/code-of.js'

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
export function startReporter(options: ReporterOptions): Reporter {
  return options.to === undefined ? NOT_REPORTING : new Reporting(options.to, options)
}

/** For the clients whose transports carry no reports, all of them. */
const NOT_REPORTING: Reporter = {
  touch() {},
  now: () => Promise.resolve(),
  stop: () => Promise.resolve(),
}

/** A class, since most clients have one. */
class Reporting implements Reporter {
  readonly #to: ReportTransport
  readonly #options: ReporterOptions
  /** Something to say, or a connection that is back. */
  readonly #news: Wakeable
  /** It may not wait for what else there may be to say. */
  readonly #hurry: Wakeable
  readonly #startedMs: number
  readonly #running: Promise<void>
  /** Made when it is needed, which it is not while reports arrive. */
  #backoff: Backoff | undefined
  #count = 0
  /** Where the client is, and since when. */
  #place: { readonly name: string; readonly sinceMs: number }
  /** Ends the wait for what may be told later; undefined while nothing is. */
  #cancelLater: (() => void) | undefined
  /** Who waits for the next report to be sent. */
  #waiting: readonly (() => void)[] = []

  constructor(to: ReportTransport, options: ReporterOptions) {
    const { clock } = options
    this.#to = to
    this.#options = options
    this.#news = createWakeable(clock)
    this.#hurry = createWakeable(clock)
    this.#startedMs = clock.monotonic()
    this.#place = { name: '', sinceMs: this.#startedMs }
    this.#running = this.#run()
  }

  touch(withinMs = 0): void {
    const { clock, signal } = this.#options
    this.#look()
    if (withinMs === 0) return this.#news.wake()
    if (signal.aborted) return
    this.#cancelLater ??= clock.after(withinMs, () => {
      this.#cancelLater = undefined
      this.#news.wake()
    })
  }

  async now(): Promise<void> {
    const { clock, signal } = this.#options
    if (signal.aborted) return
    this.#look()
    const told = new Promise<void>(resolve => (this.#waiting = [...this.#waiting, resolve]))
    this.#hurry.wake()
    this.#news.wake()
    await settlesWithin(told, { clock, timeoutMs: AT_ONCE_MS })
  }

  async stop(): Promise<void> {
    await this.#running
    try {
      await this.#send(LAST_WORD_MS)
    } catch (error) {
      // Best effort: without it the fleet sees this client as missing, after three presence
      // intervals.
      this.#options.logger.debug('the last report could not be sent', { message: errorMessage(error) })
    }
  }

  async #run(): Promise<void> {
    const { random, signal, batchMs } = this.#options
    const news = this.#news
    try {
      while (!signal.aborted) {
        // A burst of changes becomes one report, and a fleet that changes together does not report
        // in one instant.
        await this.#hurry.wait(batchMs * (0.5 + random.number() / 2), signal)
        if (signal.aborted) return
        // What was to be said until now is in this report.
        news.clear()
        this.#forgetLater()
        try {
          await this.#send(SEND_MS, signal)
          this.#backoff?.succeeded()
          await news.wait(this.#presenceMs(), signal)
        } catch (error) {
          if (signal.aborted) return
          await this.#waitAfter(error)
        }
      }
    } finally {
      this.#forgetLater()
      for (const tell of this.#takeWaiting()) tell()
    }
  }

  /** Waits after a report that could not be sent. */
  async #waitAfter(error: unknown): Promise<void> {
    const { clock, random, logger, signal } = this.#options
    logger.debug('a report could not be sent; it will be sent again', {
      code: codeOf(error),
    })
    if (isNoticeboardError(error, 'forbidden')) {
      // Nobody takes reports here, as on a board of files alone: asked again when there is news,
      // and once a presence interval.
      await this.#news.wait(this.#presenceMs(), signal)
      return
    }
    const retryAfterMs = isNoticeboardError(error) ? error.retryAfterMs : undefined
    this.#backoff ??= createBackoff({ random, clock })
    const delayMs = this.#backoff.failed(retryAfterMs)
    // A connection that is back, or something new to say, ends the wait; what the server asked for
    // does not.
    if (retryAfterMs === undefined) await this.#news.wait(delayMs, signal)
    else await clock.sleep(delayMs, signal)
  }

  async #send(timeoutMs: number, until?: AbortSignal): Promise<void> {
    const { clock, rhythm } = this.#options
    this.#count += 1
    const now = this.#look()
    const { intervalMs } = rhythm()
    const report = fitReport({
      v: 1,
      ...now,
      count: this.#count,
      upMs: Math.round(clock.monotonic() - this.#startedMs),
      sinceMs: this.#sinceMs(now),
      ...(intervalMs !== undefined && { nextReportWithinMs: Math.min(intervalMs, MAX_NEXT_REPORT_MS) }),
    })
    const told = this.#takeWaiting()
    try {
      await withDeadline({ clock, signal: until, timeoutMs, what: 'the receiver of reports' }, own =>
        this.#to.report([report], own),
      )
    } finally {
      for (const tell of told) tell()
    }
  }

  /** The state as it is now; notes when the client came to where it is. */
  #look(): ReportState {
    const { clock, state } = this.#options
    const now = state()
    const name = placeOf(now)
    if (name !== this.#place.name) this.#place = { name, sinceMs: clock.monotonic() }
    return now
  }

  /** How long the client has been where it is. */
  #sinceMs({ phase }: ReportState): number {
    const { clock, runsSinceMs } = this.#options
    const runs = phase === 'applied' || phase === 'healthy' ? runsSinceMs() : undefined
    return Math.round(clock.monotonic() - (runs ?? this.#place.sinceMs))
  }

  /** How long until a report is due although nothing changes. */
  #presenceMs(): number {
    const { clock, random, rhythm, runsSinceMs } = this.#options
    const { intervalMs, bakeMs = 0 } = rhythm()
    if (intervalMs === undefined) return Number.POSITIVE_INFINITY
    const runs = runsSinceMs()
    const bakesMs = runs === undefined ? 0 : Math.ceil(runs + bakeMs - clock.monotonic())
    const delayMs = jitter(Math.min(intervalMs, MAX_NEXT_REPORT_MS), 0.2, random)
    return bakesMs > 0 ? Math.min(delayMs, bakesMs) : delayMs
  }

  #forgetLater(): void {
    this.#cancelLater?.()
    this.#cancelLater = undefined
  }

  /** Who waits for the report that is about to be sent. */
  #takeWaiting(): readonly (() => void)[] {
    const waiting = this.#waiting
    this.#waiting = []
    return waiting
  }
}

/**
 * Where a client is as long as nothing of this changes; to have soaked is no other place than to
 * run.
 */
function placeOf({ phase, digest = '', refused = '' }: ReportState): string {
  return `${phase === 'healthy' ? 'applied' : phase} ${digest} ${refused}`
}
