import { NoticeboardError } from '../contracts/errors.js'
import type { OutputOf, Schema } from '../contracts/schema.js'
import { jitter } from '../async/jitter.js'
import { createWakeable } from '../async/wakeable.js'
import { createCurrent, type Applied } from './apply/applied.js'
import { createApplyLoop } from './apply/apply-loop.js'
import { createParticipants, type Participants } from './apply/participants.js'
import { isWorking } from './apply/state.js'
import { createWhyNot, isRefused } from './apply/why-not.js'
import { createChanges } from './changes.js'
import { createEmitter, type GuardedEmitter } from './events.js'
import type { Settings } from './options.js'
import { createLooks, type Looks } from './receive/looks.js'
import { createMeasures } from './report/measures.js'
import type { Running } from './running.js'
import { startUp, type Parts } from './start-up.js'
import { checkDefaults } from './state/starting-value.js'
import type { ClientStatus } from './status.js'
import { trackStatus } from './track-status.js'

/** Everything of a client but its face: from what arrives to commits, reports and state. */
export interface Engine<Value> {
  readonly status: ClientStatus
  /** Milliseconds since it was last known that the newest runs; infinite before the first proof. */
  readonly ageMs: number
  readonly events: GuardedEmitter<Value>
  readonly participants: Participants<Value>
  readonly looks: Looks
  /** Whether something is about to come into force, or to be refused. */
  readonly working: boolean
  /** Why the newest release does not run here; undefined where it does, or may yet. */
  readonly refusal: NoticeboardError | undefined
  /** Milliseconds since it was known last which release is the newest; infinite before that. */
  readonly heardAgeMs: number
  /** Whether this client follows no releases for now: paused, or pinned. */
  readonly paused: boolean
  /**
   * Starts everything, once; resolves when what is on disk is in force. Rejects when defaults or
   * pin do not pass the schema.
   */
  start(): Promise<void>
  /** Asks the strategy to look now. */
  lookNow(): void
  /**
   * Resolves once the condition holds, and after `timeoutMs` in any case. The condition is checked
   * now, after each look and after each step towards a commit. Rejects with the signal's reason
   * when it aborts.
   */
  until(condition: () => boolean, timeoutMs: number, signal?: AbortSignal): Promise<void>
  /**
   * Makes the defaults what runs, if nothing does, and logs why; false when there are none either,
   * or they were not checked yet.
   */
  adoptDefaults(why: string): boolean
  /** Counts a number of the application, where a rollout asks for it. */
  measure(name: string, value: number): void
  pause(): void
  resume(): void
  close(): Promise<void>
}

/**
 * Makes an {@link Engine}; no I/O before `start`. `show` is called with each thing that readers
 * see.
 */
export function createEngine<S extends Schema>(
  settings: Settings<S>,
  show: (running: Running<OutputOf<S>>) => void,
): Engine<OutputOf<S>> {
  type Value = OutputOf<S>
  const { namespace, clock, random, logger, strategy } = settings
  const root = new AbortController()
  const news = createWakeable(clock)
  const changes = createChanges(clock)
  const events = createEmitter<Value>(logger)
  const participants = createParticipants<Value>({ clock, logger, timeoutMs: settings.prepareTimeoutMs })
  const current = createCurrent<Value>(clock, show)
  const measures = createMeasures({ clock, logger, current })
  const tracker = trackStatus({ clock, strategy, onChange: change => events.emit('status', change) })
  const complain = (error: NoticeboardError): void => {
    logger.warn(error.message, { namespace, code: error.code })
    events.emit('error', error)
  }
  const whyNot = createWhyNot()
  const looks = createLooks({
    clock,
    strategy: strategy.name,
    namespace,
    logger,
    complain,
    changed: changes.changed,
  })
  const loop: Parts<S>['loop'] = createApplyLoop({
    clock,
    retryMs: () => jitter(settings.vetoRetryMs, 0.2, random),
    soakMs: settings.soakMs,
  })
  /** Runs what comes from no release. */
  const adopt = (next: Applied<Value>): void => {
    const { running } = next
    current.run(next)
    events.emit('change', { previous: undefined, current: running.value, running, release: undefined })
    tracker.valued()
  }
  const parts: Parts<S> = {
    settings, signal: root.signal, news, changes, events, participants, current, measures, tracker, looks, whyNot, loop, complain, adopt,
  } // prettier-ignore
  let defaults: Applied<Value> | undefined
  let starting: Promise<{ stop(): Promise<void> }> | undefined

  const begin = async (): Promise<{ stop(): Promise<void> }> => {
    tracker.started()
    defaults = await checkDefaults(settings, root.signal)
    return startUp(parts)
  }

  return {
    events,
    participants,
    looks,
    get status() {
      return tracker.status
    },
    get ageMs() {
      return tracker.ageMs()
    },
    get refusal() {
      return isRefused(loop.state) ? whyNot.reason : undefined
    },
    get heardAgeMs() {
      return tracker.heardAgeMs()
    },
    get working() {
      return isWorking(loop.state)
    },
    get paused() {
      return loop.state.mode.at !== 'following'
    },
    async start() {
      await (starting ??= begin())
    },
    lookNow: news.wake,
    until: changes.until,
    adoptDefaults(why) {
      if (defaults !== undefined && current.applied === undefined) {
        logger.warn(`starting with the defaults: ${why}`, { namespace })
        adopt(defaults)
      }
      return current.applied !== undefined
    },
    measure: measures.add,
    pause() {
      const { mode } = loop.state
      loop.send({ type: 'pause' })
      if (loop.state.mode !== mode)
        logger.warn('paused: this client does not follow releases until it is resumed', { namespace })
    },
    resume() {
      const { mode } = loop.state
      if (mode.at === 'pinned')
        logger.warn('pinned: this client cannot be resumed while its pin file names it', { namespace })
      loop.send({ type: 'resume' })
      if (loop.state.mode !== mode) logger.warn('resumed: this client follows releases again', { namespace })
    },
    async close() {
      tracker.closed()
      root.abort(new NoticeboardError('closed', `${namespace}: this client was closed`))
      const ended = loop.close()
      changes.changed()
      // A start that failed was told to whoever asked for it.
      const started = await starting?.catch(() => undefined)
      await ended
      await started?.stop()
      events.removeAll()
      logger.end()
    },
  }
}
