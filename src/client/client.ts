import { NoticeboardError } from '../contracts/errors.js'
import type { DeepReadonly } from '../contracts/deep-readonly.js'
import type { OutputOf, Schema } from '../contracts/schema.js'
import { createEngine, type Engine } from './engine.js'
import type { ClientEventName, ClientEvents } from './events.js'
import { settle, type ClientOptions } from './options.js'
import type { Participant } from './apply/participants.js'
import type { ClientStatus } from './status.js'
import { whenReady, whenRefreshed, type ReadyOptions, type RefreshOptions } from './ready.js'
import {
  createSelected,
  type Selected,
  type SelectedOptions,
  type SelectOptions,
  type SubscribeOptions,
} from './select.js'
import type { OrphanedRollout } from './receive/orphaned.js'
import type { Running } from './running.js'
import { sayBound } from './say-bound.js'
import { checkOptions } from '../core/options.js'

/**
 * Live configuration in an application. Reading is a property access: no waiting, no I/O, no lock.
 * A client that was created does nothing yet; `ready()` starts it, `close()` ends it.
 */
export interface Client<Value> {
  /**
   * The running value: frozen, its properties read-only all the way down. The same object until the
   * configuration changes. Throws `not-ready` before the first one.
   */
  readonly current: DeepReadonly<Value>
  /**
   * What runs: the value, its version and position, and where it came from. Frozen, and the same
   * object until the next commit. Throws `not-ready` before the first one.
   */
  readonly running: Running<DeepReadonly<Value>>
  /**
   * Milliseconds since what runs was last known to be what the newest release asks for; `Infinity`
   * before the first proof.
   */
  readonly ageMs: number
  /** What the client is doing; `on('status', …)` tells of each change. */
  readonly status: ClientStatus
  /**
   * How soon a change arrives here, in words, as the strategy promises it while requests are
   * answered; it follows the heartbeat that the server tells, and is logged.
   *
   * ```ts
   * config.bound // 'pull: a change arrives within 33 s and a request'
   * ```
   */
  readonly bound: string
  /**
   * The rollout that the newest known release is a step of, where nobody has decided about it in its
   * time: by its `decideBy`, and a look and a minute after it. Perhaps no controller of it lives any
   * more, or nothing gets through to this client, which says so by itself, also while no server
   * answers, and logs it once for each stage. Undefined otherwise.
   *
   * ```ts
   * if (config.orphaned !== undefined) page(`rollout ${config.orphaned.rolloutId} stands still`)
   * ```
   */
  readonly orphaned: OrphanedRollout | undefined
  /**
   * Starts the client, if it was not, and resolves to it once it runs what the newest release asks
   * for. After `timeoutMs` from the call, or as soon as every way has failed or the newest release
   * was refused here, it resolves with what is there: the last value kept on disk, else the
   * defaults. With nothing there it rejects with `not-ready`: after `timeoutMs`, or at once where
   * the newest release was refused or nothing can come in time. Its message, `issues` and `cause`
   * say why. Rejects with `invalid-document` when the defaults do not pass the schema. The client
   * goes on looking in every case.
   *
   * ```ts
   * await client.ready({ timeoutMs: 5_000, fallbackTo: 'throw' })
   * ```
   */
  ready(options?: ReadyOptions): Promise<this>
  /**
   * Looks now, whatever the strategy's timing; resolves when what was found is in force, or was
   * refused here, or waits because the client is paused. Rejects with the error of a look that
   * failed, and with the signal's reason when it aborts: the client goes on looking.
   *
   * ```ts
   * await client.refresh({ signal: AbortSignal.timeout(2_000) })
   * ```
   */
  refresh(options?: RefreshOptions): Promise<void>
  /**
   * A part of the configuration, to be read and followed by its content, or as `equal` compares it.
   * Throws `invalid-option` for an option that it does not know; reading the part throws
   * `not-ready` as `current` does, and what `pick` throws.
   *
   * ```ts
   * const pool = client.select(config => config.pool)
   * pool.current.size // read anew after each change
   * pool.subscribe(({ size }) => resize(size))
   * ```
   */
  select<Part>(pick: (value: DeepReadonly<Value>) => Part, options?: SelectOptions<Part>): Selected<Part>
  /**
   * Calls back with the value now, if there is one, and with each that `current` gives from then
   * on. Returns what ends it; so does the signal. Works without its object, so it fits
   * `useSyncExternalStore(config.subscribe, () => config.current)`. Throws `invalid-option` for an
   * option that it does not know; a listener that throws is logged and hurts nobody.
   *
   * ```ts
   * const stop = client.subscribe(config => resize(config.pool.size))
   * stop()
   * ```
   */
  subscribe(
    this: void,
    listener: (value: DeepReadonly<Value>) => unknown,
    options?: SubscribeOptions,
  ): () => void
  /**
   * Takes part in every change from here on, with a veto. Returns what leaves again. The first
   * value is such a change for whoever joins before `ready()`; who joins later is not asked for
   * what runs already, which is logged: take it from `current`. Throws `invalid-option` for what
   * has no name or no `prepare`.
   *
   * ```ts
   * const config = createClient(options)
   * config.participate({ name: 'database', prepare })
   * await config.ready() // prepare was called with the first value, and committed
   * ```
   */
  participate(participant: Participant<DeepReadonly<Value>>): () => void
  /**
   * Calls back on an event; returns what ends it. A listener that throws is logged and hurts
   * nobody.
   *
   * ```ts
   * client.on('change', ({ previous, current }) => resize(previous?.pool.size, current.pool.size))
   * client.on('error', error => console.error(error.code, error.message))
   * ```
   */
  on<Name extends ClientEventName>(
    name: Name,
    listener: (event: ClientEvents<DeepReadonly<Value>>[Name]) => unknown,
  ): () => void
  /**
   * Counts a number that tells how the application is: a latency, 1 for each request that failed
   * and 0 for each other. A rollout whose guardrails name it compares its mean between the clients
   * of a stage and the others; where none does, this costs next to nothing and keeps nothing. Takes
   * values from 0 to 1e15; another one is left out, which is logged once. Never throws.
   *
   * ```ts
   * config.measure('latencyMs', performance.now() - startedMs)
   * ```
   */
  measure(name: string, value: number): void
  /**
   * Keeps what runs, whatever is released or on its way, until `resume()`; also before the start.
   * Shown in reports and logged.
   *
   * ```ts
   * client.pause() // an incident: keep what runs
   * client.resume()
   * ```
   */
  pause(): void
  /**
   * Goes on to the newest release. A pinned client stays pinned.
   *
   * ```ts
   * client.resume()
   * ```
   */
  resume(): void
  /**
   * Ends everything: no timer, socket or listener is left. The last value can still be read. Twice
   * is harmless. A client that `push` or `hybrid` feeds keeps the process alive until then; one
   * over `pull` or `onDemand` does not.
   *
   * ```ts
   * process.once('SIGTERM', () => void client.close())
   * ```
   */
  close(): Promise<void>
  /**
   * The same as `close()`: `await using config = createClient(…)` closes at the end of its block.
   */
  [Symbol.asyncDispose](): Promise<void>
}

/**
 * A client for one namespace. No I/O happens here, so a module may create one when it is loaded.
 * Throws `invalid-option` that names the option.
 *
 * ```ts
 * const config = await createClient({ namespace: 'checkout/prod', schema, strategy: hybrid(http(url)) }).ready()
 * config.current.pool.size
 * ```
 */
export function createClient<const S extends Schema>(options: ClientOptions<S>): Client<OutputOf<S>> {
  return new LiveClient<S>(options)
}

/** A configuration as programs see it. */
type Seen<S extends Schema> = DeepReadonly<OutputOf<S>>

class LiveClient<S extends Schema> implements Client<OutputOf<S>> {
  #running: Running<Seen<S>> | undefined
  readonly #engine: Engine<Seen<S>>
  readonly #settings: ReturnType<typeof settle<S>>
  #subscribe: Client<OutputOf<S>>['subscribe'] | undefined
  #closing: Promise<void> | undefined

  constructor(options: ClientOptions<S>) {
    const settings = settle(options)
    this.#settings = settings
    // The engine freezes what it shows; from here on the types say so.
    this.#engine = createEngine(settings, running => {
      this.#running = running as Running<Seen<S>>
      // An own property from the first value on: a read costs what one of any object does.
      Object.defineProperty(this, 'current', { value: this.#running.value, configurable: true })
    }) as Engine<OutputOf<S>> as Engine<Seen<S>>
  }

  /** Before the first value alone; each value stands in its place, as an own property. */
  get current(): Seen<S> {
    throw this.#notReady()
  }

  get running(): Running<Seen<S>> {
    if (this.#running === undefined) throw this.#notReady()
    return this.#running
  }

  get subscribe(): Client<OutputOf<S>>['subscribe'] {
    return (this.#subscribe ??= this.#selected(value => value, Object.is).subscribe)
  }

  get ageMs(): number {
    return this.#engine.ageMs
  }

  get status(): ClientStatus {
    return this.#engine.status
  }

  get orphaned(): OrphanedRollout | undefined {
    return this.#engine.life.orphaned
  }

  get bound(): string {
    return sayBound(this.#settings.strategy)
  }

  async ready(options: ReadyOptions = {}): Promise<this> {
    await whenReady(this.#engine, options, this.#settings)
    return this
  }

  async refresh(options: RefreshOptions = {}): Promise<void> {
    await whenRefreshed(this.#engine, options, this.#settings)
  }

  select<Part>(pick: (value: Seen<S>) => Part, options: SelectOptions<Part> = {}): Selected<Part> {
    checkOptions('select()', options, { equal: true })
    return this.#selected(pick, options.equal)
  }

  participate(participant: Participant<Seen<S>>): () => void {
    if (typeof participant?.prepare !== 'function' || typeof participant.name !== 'string') {
      throw new NoticeboardError(
        'invalid-option',
        'a participant must be an object with a name and a function prepare(next)',
      )
    }
    const { status, participants } = this.#engine
    if (status === 'ready' || status === 'stale')
      this.#settings.logger.info(
        `participant "${participant.name}" joined after the first value: prepare() is called from the next change on; read the running value from current`,
        { namespace: this.#settings.namespace },
      )
    return participants.join(participant)
  }

  on<Name extends ClientEventName>(
    name: Name,
    listener: (event: ClientEvents<Seen<S>>[Name]) => unknown,
  ): () => void {
    return this.#engine.events.on(name, listener)
  }

  measure(name: string, value: number): void {
    this.#engine.measure(name, value)
  }

  pause(): void {
    this.#engine.pause()
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

  #selected<Part>(
    pick: (value: Seen<S>) => Part,
    equal: SelectedOptions<Seen<S>, Part>['equal'],
  ): Selected<Part> {
    return createSelected({
      pick,
      equal,
      of: this,
      running: () => this.#running,
      onChange: listener => this.on('change', ({ current }) => listener(current)),
      logger: this.#settings.logger,
    })
  }

  #notReady(): NoticeboardError {
    const { namespace } = this.#settings
    const {
      status,
      life: { refusal, looks },
    } = this.#engine
    if (status === 'idle')
      return new NoticeboardError(
        'not-ready',
        `${namespace}: this client was not started; await ready() before reading`,
      )
    const cause = refusal ?? looks.error
    return new NoticeboardError(
      'not-ready',
      `${namespace}: there is no configuration yet; await ready(), or give defaults${cause === undefined ? '' : `: ${cause.message}`}`,
      cause === undefined ? {} : { cause, issues: cause.issues },
    )
  }
}
