import type { Clock } from '../contracts/system.js'
import { settlesWithin } from './deadline.js'

/**
 * Runs work, at most so much of it at the same time, in the order of the calls; see
 * {@link createLane}.
 */
export type Lane = <Result>(work: () => Promise<Result>) => Promise<Result>

/**
 * Makes a queue through which work passes that others must not wait for: of any amount of it only
 * `inFlight` pieces are under way, and those that take longer than `patienceMs`, so that what hangs
 * holds up nothing. A failure rejects its own call and frees its place.
 *
 * ```ts
 * const lookUp = createLane({ inFlight: 8, patienceMs: 100, clock })
 * await Promise.all(names.map(name => lookUp(() => store.latest({ namespace: name }, signal))))
 * ```
 */
export function createLane({ inFlight, patienceMs, clock }: LaneOptions): Lane {
  const waiting = new Set<() => void>()
  let running = 0

  const leave = (): void => {
    // A place goes from hand to hand, so that nobody slips in between.
    for (const begin of waiting) {
      waiting.delete(begin)
      return begin()
    }
    running -= 1
  }

  const pass = async <Result>(work: () => Promise<Result>): Promise<Result> => {
    if (running < inFlight) running += 1
    else await new Promise<void>(resolve => waiting.add(resolve))
    // Called by an async function, so that what it throws at once is a rejection as well.
    const mine = (async () => work())()
    void settlesWithin(mine, { clock, timeoutMs: patienceMs }).then(leave)
    return mine
  }
  return pass
}

export interface LaneOptions {
  readonly inFlight: number
  /** After how long a piece of work no longer keeps others waiting, in milliseconds. */
  readonly patienceMs: number
  readonly clock: Clock
}
