import type { NoticeboardError } from '../contracts/errors.js'
import type { OutputOf, Schema } from '../contracts/schema.js'
import { comparePositions } from '../contracts/position.js'
import { createCurrent, type Applied } from './apply/applied.js'
import { createParticipants, type Participants } from './apply/participants.js'
import { createEmitter, type GuardedEmitter } from './events.js'
import { createLife, type Life, type Shared } from './life.js'
import type { Settings } from './options.js'
import { createMeasures } from './report/measures.js'
import type { Running } from './running.js'
import { createBoundTeller } from './say-bound.js'
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
  /** Milliseconds since it was known last which release is the newest; infinite before that. */
  readonly heardAgeMs: number
  /** The last life that began, or will. */
  readonly life: Life
  /** The life in the caller's request; a new one, not started yet, where the last belongs to another. */
  here(): Life
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
 * Makes an {@link Engine}; no I/O before a life starts. `show` is called with each thing that readers
 * see.
 */
export function createEngine<S extends Schema>(
  settings: Settings<S>,
  show: (running: Running<OutputOf<S>>) => void,
): Engine<OutputOf<S>> {
  type Value = OutputOf<S>
  const { namespace, clock, logger, strategy } = settings
  const events = createEmitter<Value>(logger)
  const participants = createParticipants<Value>({ clock, logger, timeoutMs: settings.prepareTimeoutMs })
  const current = createCurrent<Value>(clock, show)
  const measures = createMeasures({ clock, logger, current })
  const tracker = trackStatus({ clock, strategy, onChange: change => events.emit('status', change) })
  const complain = (error: NoticeboardError): void => {
    logger.warn(error.message, { namespace, code: error.code })
    events.emit('error', error)
  }
  /** Runs what comes from no release. */
  const adopt = (next: Applied<Value>): void => {
    const { running } = next
    current.run(next)
    events.emit('change', { previous: undefined, current: running.value, running, release: undefined })
    tracker.valued()
  }
  let defaults: Applied<Value> | undefined
  const shared: Shared<S> = {
    settings,
    events,
    participants,
    current,
    measures,
    tracker,
    complain,
    tellBound: createBoundTeller(settings),
    adopt,
    async prepare(signal) {
      tracker.started()
      defaults ??= await checkDefaults(settings, signal)
    },
    isOutrun(of, { position }) {
      if (of === life) return false
      const runs = current.applied?.running.position
      return (
        tracker.status === 'closed' ||
        (runs !== undefined && position !== undefined && comparePositions(position, runs) === 'older')
      )
    },
  }
  let life = createLife(shared, undefined)
  const here = (): Life => {
    if (!life.elsewhere) return life
    const { paused } = life
    life = createLife(shared, life.remembered())
    if (paused) life.pause()
    return life
  }

  return {
    events,
    participants,
    get status() {
      return tracker.status
    },
    get ageMs() {
      return tracker.ageMs()
    },
    get heardAgeMs() {
      return tracker.heardAgeMs()
    },
    get life() {
      return life
    },
    here,
    adoptDefaults(why) {
      if (defaults !== undefined && current.applied === undefined) {
        logger.warn(`starting with the defaults: ${why}`, { namespace })
        adopt(defaults)
      }
      return current.applied !== undefined
    },
    measure: measures.add,
    pause() {
      const { paused } = here()
      life.pause()
      if (life.paused !== paused)
        logger.warn('paused: this client does not follow releases until it is resumed', { namespace })
    },
    resume() {
      const { paused } = here()
      life.resume()
      if (life.paused !== paused) logger.warn('resumed: this client follows releases again', { namespace })
      else if (paused)
        logger.warn('pinned: this client cannot be resumed while its pin file names it', { namespace })
    },
    async close() {
      tracker.closed()
      // What began in another request ends with that one.
      await here().close()
      events.removeAll()
      logger.end()
    },
  }
}
