import { virtualClock, type VirtualClock } from '../../../src/testing/virtual-clock.js'
import { isAllowed } from './allowed.js'
import { watchMarks, type Marks } from './marks.js'
import { createTrace, type Trace } from './trace.js'
import { createTruth, type Truth } from './truth.js'

/** What all actors of one history share. */
export interface World {
  readonly seed: number
  readonly clock: VirtualClock
  readonly trace: Trace
  readonly truth: Truth
  readonly marks: Marks
  /** Things that happened; a run over many seeds in which one of the expected never did has not tested it. */
  readonly sometimes: Set<string>
}

/** Makes a world in which nothing happened yet. */
export function createWorld(seed: number): World {
  const bare = virtualClock({ turns: 1 })
  const truth = createTruth(() => bare.monotonic(), isAllowed)
  const clock = guarded(bare, () =>
    truth.violate('livelock', `${MOST_TIMERS} timers were set within one instant`),
  )
  return {
    seed,
    clock,
    trace: createTrace(() => clock.monotonic()),
    truth,
    marks: watchMarks(truth.violate),
    sometimes: new Set(),
  }
}

/** More than that in one instant is a loop that does not let time pass. */
const MOST_TIMERS = 20_000

/** A clock on which a loop without delay ends: its timers do not fire any more. */
function guarded(clock: VirtualClock, complain: () => void): VirtualClock {
  let [instantMs, made, over] = [-1, 0, false]
  const after = clock.after.bind(clock)
  clock.after = (delayMs, callback) => {
    const nowMs = clock.monotonic()
    if (nowMs !== instantMs) [instantMs, made] = [nowMs, 0]
    made += 1
    if (made > MOST_TIMERS && !over) {
      over = true
      complain()
    }
    return over ? () => {} : after(delayMs, callback)
  }
  return clock
}
