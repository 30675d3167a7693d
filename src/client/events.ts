import { EventEmitter } from 'eventemitter3'
import type { NoticeboardError } from '../contracts/errors.js'
import type { Issue } from '../contracts/errors.js'
import type { Digest } from '../contracts/names.js'
import type { Logger } from '../contracts/system.js'
import type { Position } from '../contracts/position.js'
import type { Release } from '../core/release/release.js'
import type { ClientStatus } from './status.js'
import type { Running } from './running.js'
import { isError, isThenable } from '../core/built-ins.js'

/** What a client tells its listeners. */
export interface ClientEvents<Value> {
  /**
   * Another snapshot is running. `previous` is undefined the first time; `release` when the value
   * comes from no release.
   */
  change: {
    readonly previous: Value | undefined
    readonly current: Value
    readonly running: Running<Value>
    readonly release: Release | undefined
  }
  status: { readonly previous: ClientStatus; readonly current: ClientStatus }
  /** A snapshot was refused here; what ran goes on. */
  rejected: {
    readonly digest: Digest
    /** The sequence of the release that first named the snapshot, in its epoch. */
    readonly version: number
    /** Undefined for a snapshot that was kept of a bare document. */
    readonly position: Position | undefined
    readonly code: string
    readonly issues: readonly Issue[]
  }
  /**
   * A look that failed, a release that cannot be used, a participant or listener that threw. The
   * client goes on.
   */
  error: NoticeboardError
}

/** The events of a client. */
export type ClientEventName = keyof ClientEvents<unknown>

/**
 * An emitter whose listeners cannot hurt each other or the client: a throw or a rejection is logged
 * by name, and the next one runs.
 */
export interface GuardedEmitter<Value> {
  on<Name extends ClientEventName>(
    name: Name,
    listener: (event: ClientEvents<Value>[Name]) => unknown,
  ): () => void
  emit<Name extends ClientEventName>(name: Name, event: ClientEvents<Value>[Name]): void
  removeAll(): void
}

/** Makes a {@link GuardedEmitter}. */
export function createEmitter<Value>(logger: Logger): GuardedEmitter<Value> {
  return new Emitter<Value>(logger)
}

/** A class, and nothing of it before the first listener, since every client has one. */
class Emitter<Value> implements GuardedEmitter<Value> {
  readonly #logger: Logger
  #emitter: EventEmitter | undefined

  constructor(logger: Logger) {
    this.#logger = logger
  }

  on<Name extends ClientEventName>(
    name: Name,
    listener: (event: ClientEvents<Value>[Name]) => unknown,
  ): () => void {
    let listening = true
    const guarded = (event: ClientEvents<Value>[Name]): void => {
      // An emission under way still calls who left during it.
      if (listening) callGuarded(() => listener(event), this.#logger, `a listener of "${name}"`)
    }
    this.#emitter ??= new EventEmitter()
    this.#emitter.on(name, guarded)
    return () => {
      listening = false
      this.#emitter?.off(name, guarded)
    }
  }

  emit<Name extends ClientEventName>(name: Name, event: ClientEvents<Value>[Name]): void {
    this.#emitter?.emit(name, event)
  }

  removeAll(): void {
    this.#emitter?.removeAllListeners()
  }
}

/**
 * Calls code that is not ours. What it throws or rejects with is logged without its text, which may
 * quote a value.
 */
export function callGuarded(call: () => unknown, logger: Logger, who: string): void {
  const complain = (error: unknown): void =>
    logger.error(`${who} failed`, { error: isError(error) ? error.name : typeof error })
  try {
    const result = call()
    if (isThenable(result)) result.then(undefined, complain)
  } catch (error) {
    complain(error)
  }
}
