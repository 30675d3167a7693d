import type { Logger } from '../contracts/ports.js'
import { isEqual } from './equal.js'
import { callGuarded } from './events.js'
import { onAbort } from '../core/on-abort.js'

/** A part of the configuration that can be followed. */
export interface Selected<Part> {
  /** The part as it is now. Throws `not-ready` before the first value. */
  readonly current: Part
  /**
   * Calls back with the part now, if there is a value, and whenever it changes (by content, not by identity).
   * Returns what ends it; so does the signal.
   */
  subscribe(listener: (part: Part) => unknown, options?: { readonly signal?: AbortSignal }): () => void
}

/** Makes a {@link Selected} over a client's value and its changes. */
export function createSelection<Value, Part>({
  pick,
  read,
  onChange,
  logger,
}: {
  readonly pick: (value: Value) => Part
  /** The value, or undefined before the first. */
  readonly read: () => { readonly value: Value } | undefined
  readonly onChange: (listener: (value: Value) => void) => () => void
  readonly logger: Logger
}): Omit<Selected<Part>, 'current'> {
  return {
    subscribe(listener, { signal } = {}) {
      if (signal?.aborted === true) return () => {}
      let told: { readonly part: Part } | undefined
      const tell = (value: Value): void =>
        callGuarded(
          () => {
            const part = pick(value)
            if (told !== undefined && isEqual(told.part, part)) return undefined
            told = { part }
            return listener(part)
          },
          logger,
          'a subscriber of select()',
        )
      const off = onChange(tell)
      const end = (): void => {
        off()
        offSignal()
      }
      // Many selections end with one signal; it gets one listener.
      const offSignal = signal === undefined ? () => {} : onAbort(signal, end)
      const now = read()
      if (now !== undefined) tell(now.value)
      return end
    },
  }
}
