import { NoticeboardError } from '../contracts/errors.js'
import type { OutputOf, Schema } from '../contracts/schema.js'
import { createEngine, type Engine } from './engine.js'
import type { ClientEventName, ClientEvents } from './events.js'
import { settle, type ClientOptions } from './options.js'
import type { Participant } from './participants.js'
import type { ClientPhase } from './phase.js'
import { whenReady, whenRefreshed, type ReadyOptions } from './ready.js'
import { createSelection, type Selection } from './select.js'
import type { Snapshot, View } from './snapshot.js'
import type { Logger } from '../contracts/ports.js'

/**
 * Live configuration in an application. Reading is a property access: no waiting, no I/O, no lock. A client that was
 * created does nothing yet; `ready()` starts it, `close()` ends it.
 */
export interface Client<Value> {
  /** The running value, frozen. The same object until the configuration changes. Throws `not-ready` before the first one. */
  readonly current: Value
  /** The running value with where it came from and how old the proof is that it is the newest. Throws `not-ready` before the first. */
  readonly snapshot: Snapshot<Value>
  readonly phase: ClientPhase
  /**
   * Starts the client, if it was not, and resolves to it once it runs what the newest release asks for; or, when that takes longer than
   * `within`, what is there: the last value kept on disk, else the defaults. Rejects with `not-ready` when there is nothing, and with
   * `rejected` when the defaults do not pass the schema. The client goes on looking in every case.
   */
  ready(options?: ReadyOptions): Promise<this>
  /**
   * Looks now, whatever the strategy's timing; resolves when what was found is in force, or was refused here, or waits because the client is
   * held. Rejects with the error of a look that failed.
   */
  refresh(): Promise<void>
  /** A part of the configuration, to be followed by its content. */
  select<Part>(pick: (value: Value) => Part): Selection<Part>
  /** Takes part in every change, with a veto. Returns what leaves again. */
  participate(participant: Participant<Value>): () => void
  /** Calls back on an event; returns what ends it. A listener that throws is logged and hurts nobody. */
  on<Name extends ClientEventName>(
    name: Name,
    listener: (event: ClientEvents<Value>[Name]) => unknown,
  ): () => void
  /** Keeps what runs, whatever is released or on its way, until `resume()`; also before the start. Shown in reports and logged. */
  hold(): void
  /** Goes on to the newest release. A pinned client stays pinned. */
  resume(): void
  /** Ends everything: no timer, socket or listener is left. The last value can still be read. Twice is harmless. */
  close(): Promise<void>
  /** The same as `close()`. */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * A client for one namespace. No I/O happens here, so a module may create one when it is loaded. Throws `invalid-option` that names
 * the option.
 */
export function createClient<const S extends Schema>(options: ClientOptions<S>): Client<OutputOf<S>> {
  return new LiveClient<S>(options)
}

class LiveClient<S extends Schema> implements Client<OutputOf<S>> {
  #view: View<OutputOf<S>> | undefined
  readonly #engine: Engine<OutputOf<S>>
  readonly #logger: Logger
  readonly #settings: ReturnType<typeof settle<S>>
  #closing: Promise<void> | undefined

  constructor(options: ClientOptions<S>) {
    const settings = settle(options)
    this.#settings = settings
    this.#logger = settings.logger
    this.#engine = createEngine(settings, view => {
      this.#view = view
    })
  }

  get current(): OutputOf<S> {
    if (this.#view === undefined) throw this.#notReady()
    return this.#view.value
  }

  get snapshot(): Snapshot<OutputOf<S>> {
    if (this.#view === undefined) throw this.#notReady()
    return { ...this.#view, ageMs: this.#engine.freshness.ageMs() }
  }

  get phase(): ClientPhase {
    return this.#engine.phase
  }

  async ready(options: ReadyOptions = {}): Promise<this> {
    await whenReady(this.#engine, options, this.#settings)
    return this
  }

  async refresh(): Promise<void> {
    await whenRefreshed(this.#engine)
  }

  select<Part>(pick: (value: OutputOf<S>) => Part): Selection<Part> {
    const read = (): OutputOf<S> => this.current
    const selection = createSelection<OutputOf<S>, Part>({
      pick,
      logger: this.#logger,
      read: () => this.#view,
      onChange: listener => this.#engine.events.on('change', ({ current }) => listener(current)),
    })
    return {
      ...selection,
      get current(): Part {
        return pick(read())
      },
    }
  }

  participate(participant: Participant<OutputOf<S>>): () => void {
    if (typeof participant?.prepare !== 'function' || typeof participant.name !== 'string') {
      throw new NoticeboardError('invalid-option', 'a participant has a name and a function prepare(next)')
    }
    return this.#engine.participants.join(participant)
  }

  on<Name extends ClientEventName>(
    name: Name,
    listener: (event: ClientEvents<OutputOf<S>>[Name]) => unknown,
  ): () => void {
    return this.#engine.events.on(name, listener)
  }

  hold(): void {
    this.#engine.hold()
  }

  resume(): void {
    this.#engine.resume()
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#engine.close())
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  #notReady(): NoticeboardError {
    const { namespace } = this.#settings
    return this.#engine.phase === 'idle'
      ? new NoticeboardError(
          'not-ready',
          `${namespace}: this client was not started; await ready() before reading`,
        )
      : new NoticeboardError(
          'not-ready',
          `${namespace}: there is no configuration yet; await ready(), or give defaults`,
        )
  }
}
