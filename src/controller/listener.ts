import { NoticeboardError } from '../contracts/errors.js'
import { isLine } from '../core/json/text.js'
import type { RolloutMove } from '../publisher/index.js'

/** Hears of each move of each rollout: a {@link webhook}, or one of your own. */
export interface RolloutListener {
  /** Names it in the log, with a number where several are called so. Holds no secret. */
  readonly name: string
  /** How long it may take to hear one move, in milliseconds. Default 10,000. */
  readonly timeoutMs?: number
  /**
   * Hears a move. What it throws is tried again, 20 times within ten minutes, unless it is an error
   * of another code than `unavailable`, `rate-limited` and `timeout`; then the move is given up. A
   * move may come more than once, with the same `id`.
   */
  hear(move: RolloutMove, signal: AbortSignal): void | Promise<void>
}

/** How a listener of a controller fares. */
export interface ListenerCounts {
  readonly name: string
  /** How many moves it has heard. */
  readonly heard: number
  /** How many wait for it, one that is being sent among them. */
  readonly waiting: number
  /** How many were given up. */
  readonly lost: number
}

/**
 * Throws `invalid-option` unless each of the listeners has a name and hears.
 *
 * ```ts
 * assertListeners('createController()', options.listeners)
 * ```
 */
export function assertListeners(whose: string, listeners: readonly RolloutListener[]): void {
  if (Array.isArray(listeners) && listeners.every(isListener)) return
  throw new NoticeboardError(
    'invalid-option',
    `${whose}: listeners must be a list of { name, hear }, a name of one line and a function; of addresses webhook({ url }) makes them`,
  )
}

function isListener(listener: unknown): listener is RolloutListener {
  if (typeof listener !== 'object' || listener === null) return false
  const { name, hear, timeoutMs } = listener as Partial<Record<keyof RolloutListener, unknown>>
  const isTime = timeoutMs === undefined || (typeof timeoutMs === 'number' && timeoutMs > 0)
  return isLine(name) && typeof hear === 'function' && isTime
}
