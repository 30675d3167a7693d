import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { guardLoops } from '../../../src/sim/loop-guard.js'
import { isAllowed } from './allowed.js'
import { watchMarks, type Marks } from './marks.js'
import { createReportBook, type ReportBook } from './oracles/reports.js'
import { createTrace, type Trace } from '../../../src/sim/trace.js'
import { createTruth, type Truth } from './truth.js'

/** What all actors of one history share. */
export interface World {
  readonly seed: number
  readonly clock: VirtualClock
  readonly trace: Trace
  readonly truth: Truth
  readonly marks: Marks
  readonly reports: ReportBook
  /** What is true of the second namespace. */
  readonly side: Truth
  /** Whether the wall clock of a server, a relay or a publisher ever jumped. */
  clocksJumped: boolean
  /** Whether something was ever held up on its way, or at a server. */
  slowed: boolean
  /**
   * Things that happened; a run over many seeds in which one of the expected never did has not
   * tested it.
   */
  readonly sometimes: Set<string>
}

/** Makes a world in which nothing happened yet. */
export function createWorld(seed: number): World {
  const bare = virtualClock({ turns: 1 })
  const truth = createTruth(() => bare.monotonic(), isAllowed)
  const side = createTruth(() => bare.monotonic(), isAllowed, truth.violations)
  const clock = guardLoops(bare, timers =>
    truth.violate('livelock', `${timers} timers were set within one instant`),
  )
  const sometimes = new Set<string>()
  return {
    seed,
    clock,
    trace: createTrace(() => clock.monotonic()),
    truth,
    side,
    marks: watchMarks(truth.violate),
    reports: createReportBook({ clock, truth, sometimes }),
    clocksJumped: false,
    slowed: false,
    sometimes,
  }
}
