import { NoticeboardError, type ErrorCode } from '../../src/contracts/errors.js'
import type { VirtualClock } from '../../src/sim/virtual-clock.js'

/** How a request can go wrong for a while: it fails once, or its answer comes late. Names are parts of test titles. */
export const PASSING_FAILURES: Readonly<
  Record<string, (scene: { readonly clock: VirtualClock }, place: string) => Promise<void>>
> = {
  'a loss': failing('unavailable'),
  'a Retry-After': failing('rate-limited', 2_000),
  'a late answer': ({ clock }) => clock.sleep(5_000, new AbortController().signal),
}

/**
 * A request that fails with a code. What the program itself gives (`a validator`, `a participant`) does not: its throw is a verdict, and
 * no failure.
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
