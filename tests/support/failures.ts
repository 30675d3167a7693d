import { NoticeboardError, type ErrorCode } from '../../src/contracts/errors.js'
import type { VirtualClock } from '../../src/sim/virtual-clock.js'
import type { Happen } from './at-each-step.js'
import { instead, type Instead } from './steps.js'

/**
 * How a request can go wrong for a while: it fails once, or its answer comes late. Names are parts
 * of test titles.
 */
export const PASSING_FAILURES: Readonly<Record<string, Happen<{ readonly clock: VirtualClock }>>> = {
  'a loss': failing('unavailable'),
  'a Retry-After': failing('rate-limited', 2_000),
  'a late answer': ({ clock }, _place, over) => clock.sleep(5_000, over),
}

/**
 * A request that fails with a code. What the program itself gives (`a validator`, `a participant`)
 * does not: its throw is a verdict, and no failure.
 */
export function failing(
  code: ErrorCode,
  retryAfterMs?: number,
): (scene: unknown, place: string) => Promise<void> {
  return async (_scene, place) => {
    if (place.startsWith('a ')) return
    throw new NoticeboardError(code, 'told to fail', retryAfterMs === undefined ? {} : { retryAfterMs })
  }
}

/** A call that fails with an error of the system, or of a driver. */
export function failingAs(code: string): (scene: unknown, place: string) => Promise<void> {
  return async (_scene, place) => {
    throw Object.assign(new Error(`told to fail at ${place}`), { code })
  }
}

/** An answer all of whose bytes end in the middle. */
export function damaged(): Instead {
  return instead(halved)
}

function halved(value: unknown): unknown {
  if (value instanceof Uint8Array) return value.slice(0, value.length >> 1)
  if (Array.isArray(value)) return value.map(halved)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, member]) => [key, halved(member)]))
}
