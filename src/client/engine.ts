import type { NoticeboardError } from '../contracts/errors.js'
import type { OutputOf, Schema } from '../contracts/schema.js'
import { comparePositions } from '../contracts/position.js'
import { createCurrent, type Applied, type Current } from './apply/applied.js'
import { createParticipants, type Participants } from './apply/participants.js'
import { createEmitter, type GuardedEmitter } from './events.js'
import { createLife, type Life, type Shared } from './life.js'
import type { Pending } from './apply/pending.js'
import type { Settings } from './options.js'
import { createMeasures, type Measures } from './report/measures.js'
import type { Running } from './running.js'
import { createBoundTeller } from './say-bound.js'
import { checkDefaults } from './state/starting-value.js'
import type { ClientStatus } from './status.js'
import { trackStatus, type StatusTracker } from './track-status.js'

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
  /**
   * The life in the caller's request; a new one, not started yet, where the last belongs to
   * another.
   */
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
 * Makes an {@link Engine}; no I/O before a life starts. `show` is called with each thing that
 * readers see.
 */
export function createEngine<S extends Schema>(
  settings: Settings<S>,
  show: (running: Running<OutputOf<S>>) => void,
): Engine<OutputOf<S>> {
  return new Lives(settings, show)
}

/** A class, since every client has one. */
class Lives<S extends Schema> implements Engine<OutputOf<S>> {
  readonly events: GuardedEmitter<OutputOf<S>>
  readonly participants: Participants<OutputOf<S>>
  life: Life
  readonly #settings: Settings<S>
  readonly #current: Current<OutputOf<S>>
  readonly #measures: Measures
  readonly #tracker: StatusTracker
  readonly #shared: Shared<S>
  #defaults: Applied<OutputOf<S>> | undefined

  constructor(settings: Settings<S>, show: (running: Running<OutputOf<S>>) => void) {
    const { clock, logger, strategy, prepareTimeoutMs: timeoutMs } = settings
    this.#settings = settings
    this.events = createEmitter(logger)
    this.participants = createParticipants({ clock, logger, timeoutMs })
    this.#current = createCurrent(clock, show)
    this.#measures = createMeasures({ clock, logger, current: this.#current })
    this.#tracker = trackStatus({ clock, strategy, onChange: change => this.events.emit('status', change) })
    this.#shared = {
      settings,
      events: this.events,
      participants: this.participants,
      current: this.#current,
      measures: this.#measures,
      tracker: this.#tracker,
      complain: error => this.#complain(error),
      tellBound: createBoundTeller(settings),
      adopt: next => this.#adopt(next),
      prepare: signal => this.#prepare(signal),
      isOutrun: (life, pending) => this.#isOutrun(life, pending),
    }
    this.life = createLife(this.#shared, undefined)
  }

  get status(): ClientStatus {
    return this.#tracker.status
  }

  get ageMs(): number {
    return this.#tracker.ageMs()
  }

  get heardAgeMs(): number {
    return this.#tracker.heardAgeMs()
  }

  here(): Life {
    if (!this.life.elsewhere) return this.life
    const { paused } = this.life
    this.life = createLife(this.#shared, this.life.remembered())
    if (paused) this.life.pause()
    return this.life
  }

  adoptDefaults(why: string): boolean {
    const { logger, namespace } = this.#settings
    if (this.#defaults !== undefined && this.#current.applied === undefined) {
      logger.warn(`starting with the defaults: ${why}`, { namespace })
      this.#adopt(this.#defaults)
    }
    return this.#current.applied !== undefined
  }

  measure(name: string, value: number): void {
    this.#measures.add(name, value)
  }

  pause(): void {
    const { logger, namespace } = this.#settings
    const { paused } = this.here()
    this.life.pause()
    if (this.life.paused !== paused)
      logger.warn('paused: this client does not follow releases until it is resumed', { namespace })
  }

  resume(): void {
    const { logger, namespace } = this.#settings
    const { paused } = this.here()
    this.life.resume()
    if (this.life.paused !== paused) logger.warn('resumed: this client follows releases again', { namespace })
    else if (paused)
      logger.warn(
        'pinned: this client cannot be resumed while the file in NOTICEBOARD_PIN names its namespace',
        { namespace },
      )
  }

  async close(): Promise<void> {
    this.#tracker.closed()
    // What began in another request ends with that one.
    await this.here().close()
    this.events.removeAll()
    this.#settings.logger.end()
  }

  async #prepare(signal: AbortSignal): Promise<void> {
    this.#tracker.started()
    this.#defaults ??= await checkDefaults(this.#settings, signal)
  }

  #complain(error: NoticeboardError): void {
    const { logger, namespace } = this.#settings
    logger.warn(error.message, { namespace, code: error.code })
    this.events.emit('error', error)
  }

  /** Runs what comes from no release. */
  #adopt(next: Applied<OutputOf<S>>): void {
    const { running } = next
    this.#current.run(next)
    this.events.emit('change', { previous: undefined, current: running.value, running, release: undefined })
    this.#tracker.valued()
  }

  #isOutrun(of: Life, { position }: Pending): boolean {
    if (of === this.life) return false
    const runs = this.#current.applied?.running.position
    return (
      this.#tracker.status === 'closed' ||
      (runs !== undefined && position !== undefined && comparePositions(position, runs) === 'older')
    )
  }
}
