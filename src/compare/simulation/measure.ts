import { countsBy, type Counts } from '../costs/costs.js'
import { defaultPeriods } from '../../core/defaults.js'
import { OUTAGE_MS, RESTART_MS } from '../formula/return.js'
import type { Population } from './population.js'

/** What a fleet was seen to do. Counts are per simulated client. */
export interface Seen {
  /** In a day in which nothing happens. */
  readonly day: Counts
  /** More for each change. */
  readonly change: Counts
  /** More for each start. */
  readonly start: Counts
  /** How long a change took to each client, in milliseconds, ascending. */
  readonly delaysMs: ArrayLike<number>
  /**
   * Requests of all simulated clients in the busiest second after a server was gone for two
   * seconds.
   */
  readonly peakAfterRestart: number
  /** The same when all clients start at once. */
  readonly peakOfStart: number
  /** How long the servers were occupied then, in milliseconds. */
  readonly drainMs: number
  /** Requests of all simulated clients in each second of the first minute after that. */
  readonly loadAfterOutage: readonly number[]
  /** How long clients took to be back when a server was away for a minute, ascending. */
  readonly recoveredMs: ArrayLike<number>
  /**
   * How long the slowest client took whose stream was dead when a change came; Infinity where it
   * did not come.
   */
  readonly halfOpenMs: number
  /** Clients that a change never reached. */
  readonly missed: number
}

/** How long the parts of a simulation last, in milliseconds of virtual time. */
export interface Windows {
  /** A fleet that starts does so over this long. */
  readonly startsOverMs: number
  /** Then it is left alone for so long. */
  readonly settlesMs: number
  /** Nothing happens for so long. */
  readonly idleMs: number
  /** A change and what follows from it, to the last report. */
  readonly changeMs: number
  /** Until everybody has looked by itself, and was answered. */
  readonly lookMs: number
  /** Until a stream that died unnoticed is noticed, and its client has looked. */
  readonly deadMs: number
}

const DAY_MS = 86_400_000

/** Within so long a client that starts asks for everything, and reports, in milliseconds. */
const START_MS = 1_500

/** How much virtual time passes between two looks at the signal, in milliseconds. */
const SLICE_MS = 1_000

/** For how long clients that have not come are waited for, in milliseconds. */
const PATIENCE_MS = 1_800_000

/** For how long the load after an outage is looked at, in milliseconds. */
const LOAD_MS = 60_000

/** How many clients are on dead links when a change comes: one in ten. */
const DEAD_EVERY = 10

/** Runs a fleet through what happens to fleets, and counts. */
export async function measureFleet(
  fleet: Population,
  {
    windows,
    signal,
    onStep,
  }: { readonly windows: Windows; readonly signal: AbortSignal; readonly onStep: (text: string) => void },
): Promise<Seen> {
  const { startsOverMs, settlesMs, idleMs, changeMs, lookMs, deadMs } = windows
  /** Lets time pass, in slices, so that an interruption is heard. */
  const pass = async (ms: number): Promise<void> => {
    for (let leftMs = ms; leftMs > 0; leftMs -= SLICE_MS) {
      signal.throwIfAborted()
      await fleet.pass(Math.min(SLICE_MS, leftMs))
    }
  }
  const counted = async (
    act: () => Promise<void>,
  ): Promise<{ readonly counts: Counts; readonly ms: number }> => {
    const before = fleet.counts()
    const fromMs = fleet.nowMs()
    await act()
    const after = fleet.counts()
    const counts = countsBy(kind => ((after[kind] ?? 0) - (before[kind] ?? 0)) / fleet.size)
    return { counts, ms: fleet.nowMs() - fromMs }
  }

  onStep('the fleet starts')
  await fleet.publish()
  await fleet.startOver(startsOverMs, signal)
  await pass(settlesMs)

  onStep('nothing happens')
  const idle = await counted(() => pass(idleMs))
  const beyondIdle = ({ counts, ms }: { readonly counts: Counts; readonly ms: number }): Counts =>
    countsBy(kind => (counts[kind] ?? 0) - ((idle.counts[kind] ?? 0) * ms) / idle.ms)

  onStep('a change')
  const publishedMs = fleet.nowMs()
  let round = 0
  const change = await counted(async () => {
    round = await fleet.publish()
    await pass(changeMs)
  })
  const delaysMs = fleet.delaysOf(round, publishedMs)

  onStep('a server restarts')
  fleet.stopServers()
  await pass(RESTART_MS)
  fleet.startServers()
  const restartedMs = fleet.nowMs()
  await pass(lookMs)
  const { busiestSecond: peakAfterRestart } = fleet.requestsSince(restartedMs)

  onStep('a server is away for a minute')
  fleet.stopServers()
  await pass(OUTAGE_MS)
  fleet.startServers()
  const backMs = fleet.nowMs()
  const after = await fleet.publish()
  await pass(Math.max(LOAD_MS, lookMs + defaultPeriods.backoff.capMs))
  const recoveredMs = fleet.delaysOf(after, backMs)
  const { eachSecond: loadAfterOutage } = fleet.requestsSince(backMs)

  onStep('dead links')
  fleet.cut(DEAD_EVERY)
  const cutMs = fleet.nowMs()
  const last = await fleet.publish()
  // The way is open again at once, and a stream that lost a frame does not know.
  await pass(1_000)
  fleet.mend()
  await pass(deadMs)
  const halfOpenMs = fleet.slowestCut(last, cutMs)

  onStep('every client starts at once')
  fleet.killAll(last)
  const startedAtMs = fleet.nowMs()
  let drainMs = 0
  const start = await counted(async () => {
    fleet.startAll()
    // By then everybody has asked and reported.
    await pass(START_MS)
    drainMs = fleet.freeAtMs() - startedAtMs
    await pass(changeMs - START_MS)
  })
  // Servers that are overrun by all at once take their time; who is not there by then never comes.
  for (let waited = 0; waited < PATIENCE_MS && fleet.delaysOf(last, startedAtMs).length < fleet.size;) {
    await pass(changeMs)
    waited += changeMs
  }

  return {
    day: countsBy(kind => ((idle.counts[kind] ?? 0) * DAY_MS) / idle.ms),
    change: beyondIdle(change),
    start: beyondIdle(start),
    delaysMs,
    peakAfterRestart,
    peakOfStart: fleet.requestsSince(startedAtMs).busiestSecond,
    drainMs,
    recoveredMs,
    loadAfterOutage,
    halfOpenMs,
    missed: fleet.size - fleet.delaysOf(last, startedAtMs).length,
  }
}
