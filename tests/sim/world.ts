import { virtualClock, type VirtualClock } from '../../src/testing/virtual-clock.js'
import { isAllowed } from './allowed.js'
import { createTrace, type Trace } from './trace.js'
import { createTruth, type Truth } from './truth.js'

/** What all actors of one history share. */
export interface World {
  readonly seed: number
  readonly clock: VirtualClock
  readonly trace: Trace
  readonly truth: Truth
  /** Things that happened; a run over many seeds in which one of the expected never did has not tested it. */
  readonly sometimes: Set<string>
}

/** Makes a world in which nothing happened yet. */
export function createWorld(seed: number): World {
  const clock = virtualClock({ turns: 2 })
  return {
    seed,
    clock,
    trace: createTrace(() => clock.monotonic()),
    truth: createTruth(() => clock.monotonic(), isAllowed),
    sometimes: new Set(),
  }
}
