import { countsBy, type Counts } from '../costs/costs.js'
import { defaultPeriods } from '../../core/defaults.js'
import { CUT_MS, ONE_IN } from '../formula/recovery.js'
import { OUTAGE_MS, RESTART_MS } from '../formula/return.js'
import type { Population } from './population.js'
import { quantile } from './quantiles.js'

/** What a fleet was seen to do. Counts are per simulated client. */
export interface Seen {
  /** In a day in which nothing happens. */
  readonly day: Counts
  /** More for each change. */
  readonly change: Counts
  /** More for each start. */
  readonly start: Counts
  /** For how long it was looked at after a change, and after a start, in milliseconds. */
  readonly changeMs: number
  readonly startMs: number
  /** How long a change took to each client, in milliseconds, ascending. */
  readonly delaysMs: ArrayLike<number>
  /**
   * Requests of all simulated clients in the busiest second after all servers were gone for two
   * seconds.
   */
  readonly peakAfterRestart: number
  /** The same when all clients start at once. */
  readonly peakOfStart: number
  /** How long the servers were occupied then, in milliseconds. */
  readonly drainMs: number
  /** Requests of all simulated clients in each second of the first minute after that. */
  readonly loadAfterOutage: readonly number[]
  /** How long clients took to be back when all servers were away for a minute, ascending. */
  readonly recoveredMs: ArrayLike<number>
  /** How long a change took to clients that were away when it came, from their start on. */
  readonly startedMs: ArrayLike<number>
  /** How long it took to clients whose link died just as it came, after a mark if there are any. */
  readonly linkMs: ArrayLike<number>
  /** The most clients that one of the changes of the simulation never reached. */
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
  /** How often streams bring a mark. */
  readonly heartbeatMs: number
  /** For how long clients are waited for that a change has not reached. */
  readonly patienceMs: number
}

const DAY_MS = 86_400_000

/** After a change clients report that they run it, and a minute later that they are healthy. */
export const REPORTS_MS = 75_000

/** Within so long a client that starts asks for everything, and reports, in milliseconds. */
const START_MS = 1_500

/** How much virtual time passes between two looks at the signal, in milliseconds. */
const SLICE_MS = 1_000

/** How often it looks whether a mark was made, in milliseconds. */
const MARK_LOOK_MS = 100

/** Which part of a heartbeat a mark has to reach everybody. */
const MARK_TRAVELS = 1 / 16

/** For how long the load after an outage is looked at, in milliseconds. */
const LOAD_MS = 60_000

/** Runs a fleet through what happens to fleets, and counts. */
export async function measureFleet(
  fleet: Population,
  {
    windows,
    signal,
    onStep,
  }: { readonly windows: Windows; readonly signal: AbortSignal; readonly onStep: (text: string) => void },
): Promise<Seen> {
  const { startsOverMs, settlesMs, idleMs, changeMs, lookMs, deadMs, heartbeatMs } = windows
  let { patienceMs } = windows
  let missed = 0
  /** Lets time pass, in slices, so that an interruption is heard. */
  const pass = async (ms: number): Promise<void> => {
    for (let leftMs = ms; leftMs > 0; leftMs -= SLICE_MS) {
      signal.throwIfAborted()
      await fleet.pass(Math.min(SLICE_MS, leftMs))
    }
  }
  /**
   * Lets time pass until every client runs the newest round; those that never do have missed it.
   */
  const reachAll = async (round: number): Promise<void> => {
    for (let waitedMs = 0; waitedMs < patienceMs && fleet.lacking(round) > 0; waitedMs += SLICE_MS)
      await pass(SLICE_MS)
    const lacking = fleet.lacking(round)
    missed = Math.max(missed, lacking)
    // Who was waited for in vain once is not waited for again.
    if (lacking > 0) patienceMs = 0
  }
  /** The same, until the last one has reported it as well. */
  const reportAll = async (round: number, sinceMs: number): Promise<void> => {
    await reachAll(round)
    const delaysMs = fleet.delaysOf(round, { sinceMs })
    const lastMs = delaysMs.length === 0 ? 0 : quantile(delaysMs, 1)
    await pass(sinceMs + lastMs + REPORTS_MS - fleet.nowMs())
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
  const marksOf = (): number => fleet.counts().mark ?? 0
  /** Lets time pass until a mark was made, and is with everybody. */
  const passMark = async (): Promise<void> => {
    const before = marksOf()
    for (let waitedMs = 0; waitedMs < heartbeatMs && marksOf() === before; waitedMs += MARK_LOOK_MS)
      await pass(MARK_LOOK_MS)
    await pass(heartbeatMs * MARK_TRAVELS)
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
    await reportAll(round, publishedMs)
  })
  const delaysMs = fleet.delaysOf(round, { sinceMs: publishedMs })

  onStep('the servers restart')
  fleet.stopServers()
  await pass(RESTART_MS)
  fleet.startServers()
  const restartedMs = fleet.nowMs()
  await pass(lookMs)
  const { busiestSecond: peakAfterRestart } = fleet.requestsSince(restartedMs)

  onStep('the servers are away for a minute')
  fleet.stopServers()
  await pass(OUTAGE_MS)
  fleet.startServers()
  const backMs = fleet.nowMs()
  round = await fleet.publish()
  await pass(Math.max(LOAD_MS, lookMs + defaultPeriods.backoff.capMs))
  await reachAll(round)
  const recoveredMs = fleet.delaysOf(round, { sinceMs: backMs })
  const { eachSecond: loadAfterOutage } = fleet.requestsSince(backMs)

  onStep('a tenth of the clients is away for a minute')
  fleet.kill(ONE_IN, round)
  round = await fleet.publish()
  await pass(OUTAGE_MS)
  const returnedMs = fleet.nowMs()
  fleet.start(ONE_IN)
  await pass(lookMs)
  await reachAll(round)
  const startedMs = fleet.delaysOf(round, { sinceMs: returnedMs, every: ONE_IN })

  onStep('dead links')
  if ((idle.counts.mark ?? 0) > 0) await passMark()
  fleet.cut(ONE_IN)
  const cutMs = fleet.nowMs()
  round = await fleet.publish()
  // The way is open again at once, and a stream that lost a frame does not know.
  await pass(CUT_MS)
  fleet.mend()
  await pass(deadMs)
  await reachAll(round)
  const linkMs = fleet.delaysOf(round, { sinceMs: cutMs, every: ONE_IN })

  onStep('every client starts at once')
  fleet.kill(1, round)
  const startedAtMs = fleet.nowMs()
  let drainMs = 0
  const start = await counted(async () => {
    fleet.start(1)
    // By then everybody has asked and reported.
    await pass(START_MS)
    drainMs = fleet.freeAtMs() - startedAtMs
    await pass(changeMs - START_MS)
    // Servers that are overrun by all at once take their time.
    await reportAll(round, startedAtMs)
  })

  return {
    day: countsBy(kind => ((idle.counts[kind] ?? 0) * DAY_MS) / idle.ms),
    change: beyondIdle(change),
    start: beyondIdle(start),
    changeMs: change.ms,
    startMs: start.ms,
    delaysMs,
    peakAfterRestart,
    peakOfStart: fleet.requestsSince(startedAtMs).busiestSecond,
    drainMs,
    recoveredMs,
    loadAfterOutage,
    startedMs,
    linkMs,
    missed,
  }
}
