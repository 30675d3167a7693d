import type { Clock } from '../../contracts/system.js'
import { systemClock } from '../../system/system.js'
import { countsBy, type Counts } from '../costs/costs.js'
import { busiestSecond, eachSecond, RESTART_MS } from '../formula/return.js'
import { count } from '../words.js'
import { median } from './figures.js'
import type { FleetRun, FleetSeen } from './fleet-run.js'
import { machineTimes } from './process-usage.js'
import { workOfSeconds } from './work-of-seconds.js'

/**
 * What some time came to: for one client, in the counts, the bytes and the servers' processor time.
 */
export interface Span {
  readonly counts: Counts
  readonly bytes: number
  readonly serverMs: number
  readonly ms: number
}

/** What servers do with hardly anybody there, all of them together. */
export interface Alone {
  /** Processor time, in milliseconds a second. */
  readonly msPerSecond: number
  /** More of it for a change, in milliseconds. */
  readonly changeMs: number
}

/** What servers took while they had more to answer than the clients that are run. */
export interface Crowd {
  /** For how many clients something stood in. */
  readonly standIns: number
  /** Processor time of all servers, for all clients and stand-ins together. */
  readonly serverMs: number
  readonly ms: number
}

/** What a real run was seen to do. */
export interface SeenInRun {
  readonly alone: Alone
  /** Nothing happened. */
  readonly idle: Span
  /**
   * Nothing happened either, while something stood in for clients that are not run; undefined where
   * all of them are.
   */
  readonly crowd: Crowd | undefined
  /** A change, and a start, beyond what happens anyway. */
  readonly change: Span
  readonly start: Span
  /**
   * What the servers do of a change before clients begin to report that they have it, in
   * milliseconds of their processors, all of them together: the median of several. 0 where nobody
   * is told.
   */
  readonly toldMs: number
  /** How long a change took to each client, in milliseconds, ascending. */
  readonly delaysMs: readonly number[]
  /**
   * Requests of all clients in the busiest second after the servers were gone for two seconds, and
   * when all clients start.
   */
  readonly peakAfterRestart: number
  readonly peakOfStart: number
  /**
   * Requests in each second after an outage of a minute, and how long clients took to be back;
   * undefined where there was none.
   */
  readonly outage:
    | { readonly loadAfter: readonly number[]; readonly recoveredMs: readonly number[] }
    | undefined
  /** Memory of a server with all clients there, in bytes. */
  readonly memoryBytes: number
  /** The most clients that one of the changes of the run never reached. */
  readonly missed: number
  /** How idle the processors were that the run may use while the change travelled, from 0 to 1. */
  readonly machineIdle: number
}

/** How long the parts of a run last, in milliseconds. */
export interface RunWindows {
  readonly startsOverMs: number
  readonly settlesMs: number
  readonly idleMs: number
  /** How long servers are looked at while hardly anybody is there, in whole seconds. */
  readonly aloneMs: number
  /** What a change takes at most until servers have written it, and told those who follow it. */
  readonly writtenMs: number
  /** How long clients have to report that they have a change, before the next one comes. */
  readonly apartMs: number
  /** Whether a change comes to all clients at once, on their streams. */
  readonly isTold: boolean
  /** A change and what follows from it. */
  readonly changeMs: number
  /** How long the servers are away; 0 for no outage. */
  readonly outageMs: number
  /** For how long clients are waited for that a change has not reached by then. */
  readonly patienceMs: number
  /** How many requests of a kind each server answers before it is looked at. */
  readonly warmAfter: number
}

/** How often it looks whether clients that have not come are there, in milliseconds. */
const LOOK_MS = 1_000

/** How long servers have to notice that streams ended, in milliseconds. */
const LEAVES_MS = 1_000

/** How many changes are written before they are measured, and how many are. */
const WARM_CHANGES = 10
const MEASURED_CHANGES = 5

/** Runs a fleet through what happens to fleets, and counts. */
export async function runFleet(
  fleet: FleetRun,
  {
    windows,
    signal,
    onStep,
    clock = systemClock,
  }: {
    readonly windows: RunWindows
    readonly signal: AbortSignal
    readonly onStep: (text: string) => void
    readonly clock?: Pick<Clock, 'now' | 'monotonic' | 'sleep'>
  },
): Promise<SeenInRun> {
  const { startsOverMs, settlesMs, idleMs, changeMs, outageMs, patienceMs, warmAfter } = windows
  const { aloneMs, writtenMs, apartMs, isTold } = windows
  const pass = (ms: number): Promise<void> => clock.sleep(ms, signal)
  const step = (text: string): void => {
    signal.throwIfAborted()
    doing = text
    onStep(text)
  }
  const during = async (act: () => Promise<void>): Promise<Span> => {
    const [before, fromMs] = [await fleet.look(0), clock.monotonic()]
    await act()
    return spanOf({
      before,
      after: await fleet.look(0),
      clients: fleet.clients,
      ms: clock.monotonic() - fromMs,
    })
  }
  const workOf = async (act: () => Promise<void>): Promise<number> => {
    const beforeMs = fleet.serverMs()
    await act()
    return fleet.serverMs() - beforeMs
  }
  let newest = 0
  const workOfChange = (): Promise<number> =>
    workOf(async () => {
      newest = await fleet.publish()
      await pass(writtenMs)
    })
  const measureAlone = async (): Promise<Alone> => {
    // They look at the board, and read what others wrote, for those who follow it.
    const leave = await fleet.follow(signal)
    try {
      const written: number[] = []
      for (let turn = 0; turn < WARM_CHANGES + MEASURED_CHANGES; turn += 1) {
        signal.throwIfAborted()
        const workMs = await workOfChange()
        if (turn >= WARM_CHANGES) written.push(workMs)
      }
      const msPerSecond = await workOfSeconds(aloneMs / 1_000, { workMs: () => fleet.serverMs(), rest: pass })
      const changeMs = Math.max(0, median(written) - (msPerSecond * writtenMs) / 1_000)
      return { msPerSecond, changeMs }
    } finally {
      leave()
    }
  }
  const measureCrowd = async (): Promise<Crowd | undefined> => {
    const { count: standIns, leave } = await fleet.standIn(signal)
    if (standIns === 0) return undefined
    try {
      step(`something stands in for ${count(standIns)} clients more`)
      await pass(settlesMs)
      const fromMs = clock.monotonic()
      const serverMs = await workOf(() => pass(idleMs))
      return { standIns, serverMs, ms: clock.monotonic() - fromMs }
    } finally {
      leave()
      await pass(LEAVES_MS)
    }
  }
  const askedSince = async (fromMs: number): Promise<readonly number[]> =>
    (await fleet.look(0)).askedAtMs.filter(atMs => atMs >= fromMs)
  let doing = ''
  let missed = 0
  /** Waits until every client runs a round; those that never do have missed it. */
  const until = async (round: number, overMs = 0): Promise<FleetSeen> => {
    let told = -1
    for (let looks = 0; ; looks += 1) {
      const seen = await fleet.look(round)
      const { running } = seen
      if (running >= fleet.clients || looks >= (patienceMs + overMs) / LOOK_MS) {
        missed = Math.max(missed, fleet.clients - running)
        return seen
      }
      if (running !== told) onStep(`${doing}: ${count(running)} of ${count(fleet.clients)} clients`)
      told = running
      await pass(LOOK_MS)
    }
  }

  step('servers are asked until they are as fast as they get')
  await fleet.publish()
  await fleet.warmUp(signal, warmAfter)
  step('hardly anybody is there')
  const alone = await measureAlone()
  step('the fleet starts')
  await Promise.all([fleet.startClients(startsOverMs), until(newest, startsOverMs)])
  await pass(settlesMs)

  step('nothing happens')
  const idle = await during(() => pass(idleMs))
  const { memoryBytes } = await fleet.look(0)
  const crowd = await measureCrowd()

  step('a change')
  const machineBefore = machineTimes()
  const publishedMs = clock.now()
  let ranAtMs: readonly number[] = []
  const changed = await during(async () => {
    const round = await fleet.publish()
    await pass(changeMs)
    ranAtMs = (await until(round)).ranAtMs
  })
  const machineAfter = machineTimes()

  let toldMs = 0
  if (isTold) {
    step('changes one after another')
    const told: number[] = []
    for (let turn = 0; turn < MEASURED_CHANGES; turn += 1) {
      signal.throwIfAborted()
      told.push(await workOfChange())
      await pass(apartMs)
    }
    toldMs = Math.max(0, median(told) - (alone.msPerSecond * writtenMs) / 1_000)
  }

  step('the servers restart')
  await fleet.stopServers()
  await pass(RESTART_MS)
  const restartedMs = clock.now()
  await fleet.startServers()
  await pass(changeMs)
  const peakAfterRestart = busiestSecond(await askedSince(restartedMs))

  let outage: SeenInRun['outage']
  if (outageMs > 0) {
    step('the servers are away for a minute')
    await fleet.stopServers()
    await pass(outageMs)
    await fleet.startServers()
    const backMs = clock.now()
    const { ranAtMs: backAtMs } = await until(await fleet.publish(), changeMs)
    await pass(changeMs)
    const asked = await askedSince(backMs)
    outage = {
      loadAfter: eachSecond(asked.map(atMs => atMs - backMs)),
      recoveredMs: backAtMs.map(atMs => Math.max(0, atMs - backMs)),
    }
  }

  step('every client starts at once')
  const last = await fleet.publish()
  await until(last, changeMs)
  await fleet.warmUp(signal, warmAfter)
  await pass(changeMs)
  const startedMs = clock.now()
  const started = await during(async () => {
    await fleet.restartClients()
    await pass(changeMs)
  })
  await until(last)

  return {
    alone,
    idle,
    crowd,
    change: beyond(changed, idle),
    toldMs,
    start: beyond(started, idle),
    delaysMs: ranAtMs.map(atMs => atMs - publishedMs),
    peakAfterRestart,
    peakOfStart: busiestSecond(await askedSince(startedMs)),
    outage,
    memoryBytes,
    missed,
    machineIdle:
      (machineAfter.idle - machineBefore.idle) / Math.max(1, machineAfter.total - machineBefore.total),
  }
}

function spanOf({
  before,
  after,
  clients,
  ms,
}: {
  readonly before: FleetSeen
  readonly after: FleetSeen
  readonly clients: number
  readonly ms: number
}): Span {
  return {
    counts: countsBy(kind => ((after.counts[kind] ?? 0) - (before.counts[kind] ?? 0)) / clients),
    bytes: (after.bytes - before.bytes) / clients,
    serverMs: (after.serverMs - before.serverMs) / clients,
    ms,
  }
}

/** What came on top of what comes anyway. */
function beyond({ counts, bytes, serverMs, ms }: Span, idle: Span): Span {
  const share = ms / idle.ms
  return {
    counts: countsBy(kind => (counts[kind] ?? 0) - (idle.counts[kind] ?? 0) * share),
    bytes: bytes - idle.bytes * share,
    serverMs: serverMs - idle.serverMs * share,
    ms,
  }
}
