import type { NoticeboardError } from '../../contracts/errors.js'
import type { StrategyEvent, Session } from '../../contracts/strategy.js'
import type { Transport } from '../../contracts/transport.js'
import { createBackoff } from '../../async/backoff.js'
import { look, type Looked } from './poll.js'
import type { BackoffTimes } from '../options.js'
import { jitter } from '../../async/jitter.js'

/**
 * Decides when the fetching transport is asked beside a watch, and asks it, one question at a time.
 */
export interface PollSchedule {
  /** Takes what came and asks what is due. Returns what came, if anything did. */
  step(nowMs: number): Looked | undefined
  /** When `step` has something to do again by itself. */
  dueMs(): number
  /** The client is known to be current: the next look can wait for a pace. */
  proven(nowMs: number): void
  /** Sets when the next look is due. */
  lookAt(atMs: number): void
  /** Whether a look was ever begun. */
  readonly begun: boolean
  /** Whether one is under way. */
  readonly looking: boolean
  /** The same, unless it is due earlier. */
  lookBefore(atMs: number): void
  /** The client wants a look now. */
  ask(): void
  /** Nobody may be asked before that time; asking is answered with the failure that said so. */
  keepQuiet(untilMs: number, error: NoticeboardError): void
  /** Resolves when no question is open; the session's signal ends them. */
  ended(): Promise<void>
}

/** Whom to ask, how often, and who is told. */
export interface PollScheduleOptions {
  readonly transport: Transport
  readonly timeoutMs: number
  readonly sweepIntervalMs: number
  readonly times: Required<BackoffTimes>
  /** The time between two looks as things stand, in milliseconds. */
  readonly paceMs: () => number
  /** The least time between a failed look and the next as things stand, in milliseconds. */
  readonly retryMs: () => number
  /** Called when a sweep begins. */
  readonly onSweep: () => void
  /** Called with the time until which the server wants to be left alone. */
  readonly onQuiet: (untilMs: number, error: NoticeboardError) => void
  /** Called when `step` has something to take. */
  readonly wake: () => void
}

/** Makes a {@link PollSchedule}; nothing is asked before its first `step`. */
export function createPollSchedule(session: Session, options: PollScheduleOptions): PollSchedule {
  const { transport, timeoutMs, sweepIntervalMs, times, paceMs, retryMs, onSweep, onQuiet, wake } = options
  const { clock, random } = session
  const backoff = createBackoff({
    clock,
    random,
    ...times,
    healthyMs: 2 * times.capMs,
  })
  let lookAtMs = Number.POSITIVE_INFINITY
  let sweepAtMs = clock.monotonic() + jitter(sweepIntervalMs, 0.2, random)
  let quiet: { readonly untilMs: number; readonly error: NoticeboardError } | undefined
  let asked = false
  let begun = false
  let open: Promise<void> | undefined
  let answer: (Looked & { readonly sweep: boolean }) | undefined

  const begin = (sweep: boolean): void => {
    if (sweep) onSweep()
    begun = true
    open = look(session, transport, { sweep, timeoutMs }).then(looked => {
      answer = { ...looked, sweep }
      open = undefined
      wake()
    })
  }

  const take = (nowMs: number): Looked | undefined => {
    if (answer === undefined) return undefined
    const { arrivals, error, sweep } = answer
    answer = undefined
    if (error === undefined) {
      backoff.succeeded()
      lookAtMs = nowMs + paceMs()
    } else {
      const delayMs = backoff.failed(error.retryAfterMs)
      if (error.retryAfterMs !== undefined) onQuiet(nowMs + delayMs, error)
      lookAtMs = nowMs + Math.max(delayMs, retryMs())
    }
    // A sweep whose first answer came counts; what failed after it is asked again by the next.
    if (sweep)
      sweepAtMs =
        arrivals[0]?.type === 'interrupted' ? lookAtMs : nowMs + jitter(sweepIntervalMs, 0.2, random)
    return { arrivals, ...(error !== undefined && { error }) }
  }

  const refused = (): Looked | undefined => {
    if (!asked || quiet === undefined) return undefined
    asked = false
    const arrival: StrategyEvent = { type: 'interrupted', error: quiet.error }
    return { arrivals: [arrival] }
  }

  return {
    step(nowMs) {
      const taken = take(nowMs)
      if (quiet !== undefined && nowMs >= quiet.untilMs) quiet = undefined
      if (open !== undefined) return taken
      if (quiet !== undefined) return taken ?? refused()
      const sweep = asked || nowMs >= sweepAtMs
      if (sweep || nowMs >= lookAtMs) {
        asked = false
        begin(sweep)
      }
      return taken
    },
    dueMs() {
      if (open !== undefined) return Number.POSITIVE_INFINITY
      return Math.max(Math.min(lookAtMs, sweepAtMs), quiet?.untilMs ?? 0)
    },
    proven(nowMs) {
      lookAtMs = nowMs + paceMs()
    },
    lookAt(atMs) {
      lookAtMs = atMs
    },
    get begun() {
      return begun
    },
    get looking() {
      return open !== undefined
    },
    lookBefore(atMs) {
      lookAtMs = Math.min(lookAtMs, atMs)
    },
    ask() {
      asked = true
    },
    keepQuiet(untilMs, error) {
      if (untilMs > (quiet?.untilMs ?? 0)) quiet = { untilMs, error }
    },
    async ended() {
      await open
    },
  }
}
