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
  const { clock, retryMs, soakMs } = options
  const queue: ApplyEvent<Change>[] = []
  const retryTimer = createKeyedTimer(clock)
  const soakTimer = createKeyedTimer(clock)
  let state = INITIAL
  let hands: ApplyHands<Change> | undefined
  let live: Live | undefined
  let handling = false

  const handle = (event: ApplyEvent<Change>): void => {
    const { state: after, effects } = next(state, event)
    state = after
    // What is not wanted any more ends before anything else happens, and what is wanted begins
    // last.
    if (live !== undefined && live.id !== attemptOf(state)?.id) live.abort()
    for (const effect of effects) act(effect)
    keepTimers()
    begin()
  }

  /**
   * What an effect throws comes back as the end of the attempt at hand, which is tried again later.
   */
  const act = (effect: ApplyEffect<Change>): void => {
    try {
      hands?.perform(effect)
    } catch (thrown) {
      const error = asInternal(thrown)
      const attempt = attemptOf(state)
      if (attempt === undefined) hands?.perform({ type: 'complain', error })
      else queue.push({ type: 'ended', id: attempt.id, end: { type: 'failed', error } })
    }
  }

  const keepTimers = (): void => {
    const { work, trial } = state
    retryTimer.keep(work.at === 'retrying' ? work.id : undefined, {
      delayMs: retryMs,
      due: id => loop.send({ type: 'retry-due', id }),
    })
    soakTimer.keep(trial.at === 'probation' ? trial.commit : undefined, {
      delayMs: () => soakMs,
      due: commit => loop.send({ type: 'soaked', commit }),
    })
  }

  /** Begins the attempt that the state asks for, once the one before it has come to its end. */
  const begin = (): void => {
    const attempt = attemptOf(state)
    if (hands === undefined || attempt === undefined || live !== undefined) return
    const own = createLinkedAbortController()
    live = { id: attempt.id, abort: own.abort, ended: run(hands, attempt, own.signal) }
  }

  const run = async (
    { attempt }: ApplyHands<Change>,
    { id, pending }: Attempt,
    signal: AbortSignal,
  ): Promise<void> => {
    let end: AttemptEnd<Change>
    try {
      end = await attempt(pending, { signal, progress: step => loop.send({ ...step, id }) })
    } catch (error) {
      end = { type: 'failed', error: asInternal(error) }
    }
    live = undefined
    loop.send({ type: 'ended', id, end })
  }

  const loop: ApplyLoop<Change> = {
    get state() {
      return state
    },
    send(event) {
      queue.push(event)
      if (handling) return
      handling = true
      try {
        for (let first = queue.shift(); first !== undefined; first = queue.shift()) handle(first)
      } finally {
        handling = false
      }
      hands?.changed()
    },
    start(given) {
      hands = given
    },
    async close() {
      loop.send({ type: 'close' })
      // Where an effect closes the client, what else follows from its event comes first.
      await Promise.resolve()
      await live?.ended
    },
  }
  return loop
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
function createKeyedTimer(clock: Clock): {
  keep(
    key: number | undefined,
    timer: { readonly delayMs: () => number; readonly due: (key: number) => void },
  ): void
} {
  let kept: number | undefined
  let cancel: () => void = () => {}
  return {
    keep(key, { delayMs, due }) {
      if (key === kept) return
      kept = key
      cancel()
      cancel = key === undefined ? () => {} : clock.after(delayMs(), () => due(key))
    },
  }
}
