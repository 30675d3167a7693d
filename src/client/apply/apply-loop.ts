import { asNoticeboardError, type NoticeboardError } from '../../contracts/errors.js'
import type { Clock } from '../../contracts/system.js'
import { createLinkedAbortController } from '../../async/signals.js'
import type { ApplyEffect, ApplyEvent, AttemptEnd, AttemptProgress } from './events.js'
import { next } from './next.js'
import type { Pending } from './pending.js'
import { attemptOf, INITIAL, type ApplyState, type Attempt } from './state.js'

/**
 * Drives the apply state: takes events one after another, does what follows from each in the tick
 * in which it came, and keeps one attempt and two timers in accord with the state.
 */
export interface ApplyLoop<Change> {
  readonly state: ApplyState
  /** Handles an event at once; one that comes out of an effect is handled right after it. */
  send(event: ApplyEvent<Change>): void
  /** Gives the loop what it works with. Attempts and effects begin here. */
  start(hands: ApplyHands<Change>): void
  /** Ends everything; resolves when the last attempt has come to its end. */
  close(): Promise<void>
}

/** What the loop works with. */
export interface ApplyHands<Change> {
  /**
   * Takes what is pending as far as a commit, or to another end. A rejection, also one because the
   * signal aborted, is the end `failed`; of an attempt that was aborted nothing is heard.
   */
  attempt(
    pending: Pending,
    context: { readonly signal: AbortSignal; readonly progress: (step: AttemptProgress) => void },
  ): Promise<AttemptEnd<Change>>
  /** Does one thing, synchronously. */
  perform(effect: ApplyEffect<Change>): void
  /** Called when events were handled and the state may be another. */
  changed(): void
}

export interface ApplyLoopOptions {
  readonly clock: Clock
  /** After how long what failed is tried again, in milliseconds; asked each time. */
  readonly retryMs: () => number
  /** How long a commit must run before it has earned its trial, in milliseconds. */
  readonly soakMs: number
}

/** Makes an {@link ApplyLoop} in its initial state. */
export function createApplyLoop<Change>(options: ApplyLoopOptions): ApplyLoop<Change> {
  return new Driver<Change>(options)
}

/** A class, since every client has one. */
class Driver<Change> implements ApplyLoop<Change> {
  state: ApplyState = INITIAL
  readonly #options: ApplyLoopOptions
  readonly #queue: ApplyEvent<Change>[] = []
  readonly #retryTimer = new KeyedTimer()
  readonly #soakTimer = new KeyedTimer()
  #hands: ApplyHands<Change> | undefined
  #live: Live | undefined
  #handling = false

  constructor(options: ApplyLoopOptions) {
    this.#options = options
  }

  send(event: ApplyEvent<Change>): void {
    const queue = this.#queue
    queue.push(event)
    if (this.#handling) return
    this.#handling = true
    try {
      for (let first = queue.shift(); first !== undefined; first = queue.shift()) this.#handle(first)
    } finally {
      this.#handling = false
    }
    this.#hands?.changed()
  }

  start(hands: ApplyHands<Change>): void {
    this.#hands = hands
  }

  async close(): Promise<void> {
    this.send({ type: 'close' })
    // Where an effect closes the client, what else follows from its event comes first.
    await Promise.resolve()
    await this.#live?.ended
  }

  #handle(event: ApplyEvent<Change>): void {
    const { state, effects } = next(this.state, event)
    this.state = state
    // What is not wanted any more ends before anything else happens, and what is wanted begins
    // last.
    if (this.#live !== undefined && this.#live.id !== attemptOf(state)?.id) this.#live.abort()
    for (const effect of effects) this.#act(effect)
    this.#keepTimers()
    this.#begin()
  }

  /**
   * What an effect throws comes back as the end of the attempt at hand, which is tried again later.
   */
  #act(effect: ApplyEffect<Change>): void {
    try {
      this.#hands?.perform(effect)
    } catch (thrown) {
      const error = asInternal(thrown)
      const attempt = attemptOf(this.state)
      if (attempt === undefined) this.#hands?.perform({ type: 'complain', error })
      else this.#queue.push({ type: 'ended', id: attempt.id, end: { type: 'failed', error } })
    }
  }

  #keepTimers(): void {
    const { work, trial } = this.state
    const { clock, retryMs, soakMs } = this.#options
    this.#retryTimer.keep(work.at === 'retrying' ? work.id : undefined, id =>
      clock.after(retryMs(), () => this.send({ type: 'retry-due', id })),
    )
    this.#soakTimer.keep(trial.at === 'probation' ? trial.commit : undefined, commit =>
      clock.after(soakMs, () => this.send({ type: 'soaked', commit })),
    )
  }

  /** Begins the attempt that the state asks for, once the one before it has come to its end. */
  #begin(): void {
    const attempt = attemptOf(this.state)
    if (this.#hands === undefined || attempt === undefined || this.#live !== undefined) return
    const own = createLinkedAbortController()
    this.#live = { id: attempt.id, abort: own.abort, ended: this.#run(this.#hands, attempt, own.signal) }
  }

  async #run({ attempt }: ApplyHands<Change>, { id, pending }: Attempt, signal: AbortSignal): Promise<void> {
    let end: AttemptEnd<Change>
    try {
      end = await attempt(pending, { signal, progress: step => this.send({ ...step, id }) })
    } catch (error) {
      end = { type: 'failed', error: asInternal(error) }
    }
    this.#live = undefined
    this.send({ type: 'ended', id, end })
  }
}

function asInternal(error: unknown): NoticeboardError {
  return asNoticeboardError(error, 'internal', 'a release could not be applied; it will be tried again')
}

/** The attempt under way. */
interface Live {
  readonly id: number
  readonly abort: () => void
  readonly ended: Promise<void>
}

/** One timer that belongs to a number: another number starts it anew, none stops it. */
class KeyedTimer {
  #kept: number | undefined
  #cancel: (() => void) | undefined

  /** `start` sets the timer of a number, and returns what cancels it. */
  keep(key: number | undefined, start: (key: number) => () => void): void {
    if (key === this.#kept) return
    this.#kept = key
    this.#cancel?.()
    this.#cancel = key === undefined ? undefined : start(key)
  }
}
