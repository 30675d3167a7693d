import type { Logger } from '../contracts/system.js'
import { onAbort } from '../async/signals.js'
import { checkOptions } from '../core/options.js'
import { isEqual } from '../core/equal.js'
import { callGuarded } from './events.js'

/** How a part is compared with the one before. */
export interface SelectOptions<Part> {
  /**
   * Whether two parts count as the same. Default: objects, lists, sets, maps, dates, URLs, regular
   * expressions and bytes are compared by their content. Instances of classes that a schema makes
   * are the same by identity alone: give this for them.
   */
  readonly equal?: (a: Part, b: Part) => boolean
}

/** When a subscription ends. */
export interface SubscribeOptions {
  /** Ends the subscription when it aborts. Default: none; what `subscribe()` returns ends it. */
  readonly signal?: AbortSignal
}

/**
 * A part of the configuration that can be followed. Neither method nor property needs to be called
 * on its object.
 */
export interface Selected<Part> {
  /**
   * The part as it is now: the same reference for as long as it counts as the same. Throws
   * `not-ready` before the first value.
   */
  readonly current: Part
  /**
   * Calls back with the part now, if there is a value, and whenever it changes (by `equal`, not by
   * identity). Returns what ends it; so does the signal. Works without its object, so it fits
   * `useSyncExternalStore(pool.subscribe, () => pool.current)`.
   */
  subscribe(this: void, listener: (part: Part) => unknown, options?: SubscribeOptions): () => void
}

/** What a part is picked from, and how. */
export interface SelectedOptions<Value, Part> {
  readonly pick: (value: Value) => Part
  readonly equal?: ((a: Part, b: Part) => boolean) | undefined
  /** Has the value now; throws before the first. */
  readonly of: { readonly current: Value }
  /** The same, or undefined before the first. */
  readonly running: () => { readonly value: Value } | undefined
  readonly onChange: (listener: (value: Value) => void) => () => void
  readonly logger: Logger
}

/** Makes a {@link Selected} over a client's value and its changes. */
export function createSelected<Value, Part>(options: SelectedOptions<Value, Part>): Selected<Part> {
  return new Selection(options)
}

/** Of what nothing was picked yet; no value is this. */
const NOTHING: unique symbol = Symbol('nothing')

/** A class, since its reads are hot: a read of the same value is two comparisons and no call. */
class Selection<Value, Part> implements Selected<Part> {
  readonly #options: SelectedOptions<Value, Part>
  readonly #of: { readonly current: Value }
  /** What was picked from last, and what that gave. */
  #value: Value | typeof NOTHING = NOTHING
  #part: Part | undefined

  constructor(options: SelectedOptions<Value, Part>) {
    this.#options = options
    this.#of = options.of
  }

  get current(): Part {
    const value = this.#of.current
    return value === this.#value ? (this.#part as Part) : this.#partOf(value)
  }

  readonly subscribe: Selected<Part>['subscribe'] = (listener, options = {}) => {
    checkOptions('subscribe()', options, { signal: true })
    const { signal } = options
    if (signal?.aborted === true) return () => {}
    const { running, onChange, logger } = this.#options
    let told: { readonly part: Part } | undefined
    const tell = (value: Value): void =>
      callGuarded(
        () => {
          const part = this.#partOf(value)
          if (told !== undefined && Object.is(told.part, part)) return undefined
          told = { part }
          return listener(part)
        },
        logger,
        'a subscriber',
      )
    const off = onChange(tell)
    const end = (): void => {
      off()
      offSignal()
    }
    // Many subscriptions end with one signal; it gets one listener.
    const offSignal = signal === undefined ? () => {} : onAbort(signal, end)
    const now = running()
    if (now !== undefined) tell(now.value)
    return end
  }

  /** The part of a value; the one before where they count as the same. */
  #partOf(value: Value): Part {
    if (value === this.#value) return this.#part as Part
    const { pick, equal = isEqual } = this.#options
    const part = pick(value)
    const isSame = this.#value !== NOTHING && equal(this.#part as Part, part)
    if (!isSame) this.#part = part
    this.#value = value
    return this.#part as Part
  }
}
