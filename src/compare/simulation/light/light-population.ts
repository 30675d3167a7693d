import { phaseOf } from '../../../async/jitter.js'
import { defaultPeriods } from '../../../core/defaults.js'
import { DEAD_AFTER_HEARTBEATS } from '../../../core/limits.js'
import { seededDice } from '../../../sim/index.js'
import { markPatienceMs } from '../../../strategies/watch/mark-patience.js'
import { BESIDE_MS, BESIDE_SPREAD_MS } from '../../../strategies/watch/watch-loop.js'
import { systemClock } from '../../../system/system.js'
import { NAMESPACE } from '../../board.js'
import type { Costs, Kind } from '../../costs/costs.js'
import { isInline, REQUEST_TRIPS, sendsDeltas, SOAK_MS } from '../../formula/counts.js'
import { adaptedMs } from '../../formula/intervals.js'
import { serviceOf } from '../../formula/service.js'
import { processesOf } from '../../formula/processes.js'
import { FRESH_MS } from '../../formula/times.js'
import type { Shape } from '../../shape.js'
import type { Workload } from '../../workload.js'
import { isOneIn, type Population } from '../population.js'
import { createLightServers } from './light-servers.js'
import { createTimerWheel } from './timer-wheel.js'

/** What a light population is made of. */
export interface LightOptions {
  readonly shape: Shape
  readonly workload: Workload
  readonly costs: Costs
  readonly size: number
  /** For how many clients each of them stands. */
  readonly weight: number
  readonly seed: number
}

// What a client does at once, each with a timer and a stage of its own.
/** Asks for the newest release: polls and sweeps. */
const LOOK = 0
/** Holds a stream open. */
const STREAM = 1
/** Fetches a snapshot, or waits for one that comes along. */
const FETCH = 2
/** Reports. */
const REPORT = 3
/** Waits until a document has soaked. */
const SOAK = 4
const LANES = 5

// Where such a thing stands.
const IDLE = 0
/** Waits for its time. */
const WAITS = 1
/** A request is on its way to the server. */
const ASKS = 2
/** An answer is on its way back. */
const HEARS = 3
/**
 * A stream is open; a report gathers what there is to say; a frame is on its way; the client has
 * not been started yet.
 */
const OPEN = 4

/** Which question a look asks. */
const POLL = 0
const SWEEP = 1
const LOG = 2

const { sweepIntervalMs: STREAM_SWEEP_MS, backoff: BACKOFF, reports: REPORTS } = defaultPeriods
const MOST_FAILURES = Math.ceil(Math.log2(BACKOFF.capMs / BACKOFF.baseMs))

/**
 * Makes clients that are numbers in typed arrays, and do in virtual time what the library's clients
 * do that poll or hold a stream: up to a million of them. It knows strategies by their shape alone,
 * takes failures at their simplest, and renews no streams; what it counts is held against the
 * library's own clients.
 *
 * ```ts
 * const population = openLightPopulation({ shape, workload, costs, size: 1_000_000, seed: 1, weight: 1 })
 * ```
 */
export function openLightPopulation({
  shape,
  workload,
  costs,
  size,
  weight,
  seed,
}: LightOptions): Population {
  const { rttMs, keepsState, documentBytes } = workload
  const streams = shape.type === 'stream'
  const inline = isInline(shape, documentBytes)
  const deltas = sendsDeltas(shape, workload)
  const reports = Number.isFinite(shape.reportIntervalMs)
  const heartbeatMs = shape.type === 'stream' ? shape.heartbeatMs : Number.POSITIVE_INFINITY
  const sweepMs = shape.type === 'stream' ? STREAM_SWEEP_MS : shape.sweepIntervalMs
  const allServers = processesOf(shape, workload)
  const serverCount = Math.min(allServers, size)
  const service = serviceOf(shape, { workload, costs })
  const servers = createLightServers(serverCount, {
    service,
    // Servers that are not simulated are those of clients that are not.
    weight: (weight * serverCount) / allServers,
    workers: shape.workers,
  })
  const wheel = createTimerWheel(size * LANES + servers.count)
  const beatOf = (server: number): number => size * LANES + server
  const dice = seededDice(seed, 'light population')
  const chance = dice.number
  const spread = (ms: number, share: number): number => ms * (1 + share * (2 * chance() - 1))
  // A way takes a millisecond, and up to so much more.
  const slowestMs = Math.max(0, rttMs - 2)
  const way = (): number => 1 + chance() * slowestMs
  const openingMs = (REQUEST_TRIPS - 1) * rttMs

  const stage = new Uint8Array(size * LANES)
  const asks = new Uint8Array(size)
  /**
   * What a client has of what the fleet is given, by the round: heard of, running, and on its disk;
   * and what an answer brings.
   */
  const known = new Int32Array(size)
  const running = new Int32Array(size)
  const onDisk = new Int32Array(size)
  const coming = new Int32Array(size)
  const fetching = new Int32Array(size)
  /** The newest that a client was answered when it asked, which is what its next question names. */
  const answered = new Int32Array(size)
  const ranAtMs = new Float64Array(size)
  const sweepAtMs = new Float64Array(size)
  const changedAtMs = shape.type === 'poll' && shape.adapts !== undefined ? new Float64Array(size) : undefined
  const failures = new Uint8Array(size * LANES)
  /**
   * Whether it has met a failure that it has not told; whether it has polled; whether there is more
   * to report.
   */
  const failed = new Uint8Array(size)
  const placed = new Uint8Array(size)
  /** Whether it has looked beside a stream that opens. */
  const besidePlaced = new Uint8Array(size)
  /** Whether its stream brought a mark, and when it looks unless one comes before. */
  const heardMark = new Uint8Array(size)
  const unmarkedLookAtMs = new Float64Array(size)
  const unsaid = new Uint8Array(size)
  /** Whether a server holds its stream, and whether what is sent on that is lost. */
  const held = new Uint8Array(size)
  const dead = new Uint8Array(size)

  /** When each server learns of the newest round. */
  const learnsAtMs = new Float64Array(servers.count)
  const lastBeatMs = new Float64Array(servers.count)
  /** Whether a mark was made since the newest round, which every stream begins with. */
  const marked = new Uint8Array(servers.count)
  /** When a content delivery network has the document of a round, once somebody asked for it. */
  const cachedAtMs = new Map<number, number>()
  let round = 0
  let cutEvery = 0

  const serverOf = (client: number): number => client % servers.count
  const isCut = (client: number): boolean => cutEvery > 0 && isOneIn(cutEvery, client)
  const wait = (client: number, lane: number, ms: number, as = WAITS): void => {
    stage[client * LANES + lane] = as
    wheel.set(client * LANES + lane, wheel.nowMs + ms)
  }
  const rest = (client: number, lane: number): void => {
    stage[client * LANES + lane] = IDLE
    wheel.cancel(client * LANES + lane)
  }
  const ask = (client: number, lane: number): void => wait(client, lane, openingMs + way(), ASKS)
  const newestAt = (server: number): number =>
    streams || wheel.nowMs >= (learnsAtMs[server] as number) ? round : round - 1
  const backoffMs = (client: number, lane: number): number => {
    const at = client * LANES + lane
    const times = failures[at] as number
    const least = BACKOFF.baseMs / 10
    const bound = Math.min(BACKOFF.capMs, BACKOFF.baseMs * 2 ** times)
    if (times < MOST_FAILURES) failures[at] = times + 1
    failed[client] = 1
    return least + chance() * (bound - least)
  }
  const placeMs = (client: number, intervalMs: number): number =>
    phaseOf(`${NAMESPACE} client-${client}`, intervalMs)

  /**
   * After how long a request that comes to a server now is known to have failed, in milliseconds:
   * at once where none is there, and where its way is cut when nobody has answered for too long;
   * undefined where it is answered.
   */
  const failsMs = (client: number): number | undefined =>
    isCut(client) ? defaultPeriods.timeoutMs : servers.up ? undefined : 0

  const cachedMs = (of: number): number => {
    const atMs = cachedAtMs.get(of) ?? wheel.nowMs + service.fillMs
    cachedAtMs.set(of, atMs)
    return atMs
  }

  /** A delta leads from what a client runs. */
  const canTakeDelta = (client: number): boolean => deltas && (running[client] as number) > 0
  const broughtTo = (client: number): Kind => (canTakeDelta(client) ? 'deltaDelivery' : 'delivery')

  const start = (client: number): void => {
    known[client] = 0
    answered[client] = 0
    running[client] = 0
    failed[client] = 0
    placed[client] = 0
    unsaid[client] = 0
    failures.fill(0, client * LANES, (client + 1) * LANES)
    for (let lane = 0; lane < LANES; lane += 1) rest(client, lane)
    sweepAtMs[client] = wheel.nowMs + spread(sweepMs, 0.2)
    if (changedAtMs !== undefined) changedAtMs[client] = wheel.nowMs
    if (reports) gather(client)
    if ((onDisk[client] as number) > 0) run(client, onDisk[client] as number)
    if (streams) {
      ask(client, STREAM)
      besidePlaced[client] = 0
      // Whose stream has brought nothing by then looks beside it.
      lookNext(client, BESIDE_MS + placeMs(client, BESIDE_SPREAD_MS))
    } else look(client)
  }

  /** The next look is due in so long, or when a sweep is. */
  const lookNext = (client: number, ms: number): void =>
    wait(client, LOOK, streams ? Math.min(ms, Math.max(0, (sweepAtMs[client] as number) - wheel.nowMs)) : ms)

  const look = (client: number): void => {
    asks[client] = wheel.nowMs >= (sweepAtMs[client] as number) ? SWEEP : POLL
    ask(client, LOOK)
  }

  const pollMs = (client: number): number => {
    const { pollIntervalMs } = shape
    const first = placed[client] === 0
    placed[client] = 1
    if (changedAtMs === undefined || shape.type !== 'poll' || shape.adapts === undefined)
      return first ? placeMs(client, pollIntervalMs) : spread(pollIntervalMs, 0.1)
    const { share, leastMs } = shape.adapts
    const ageMs = wheel.nowMs - (changedAtMs[client] as number)
    const intervalMs = adaptedMs({ share, leastMs, mostMs: pollIntervalMs }, ageMs)
    return first ? placeMs(client, intervalMs) : spread(intervalMs, 0.1)
  }

  /** A stream without marks says nothing of being current, so its client looks once a heartbeat. */
  const unlessMarked = (client: number): number => {
    if (heardMark[client] === 1) return Number.POSITIVE_INFINITY
    const ms = spread(heartbeatMs, 0.1)
    unmarkedLookAtMs[client] = wheel.nowMs + ms
    return ms
  }

  /** Until the next look: none while a stream brings marks; once a heartbeat while one opens. */
  const paceMs = (client: number): number => {
    const at = stage[client * LANES + STREAM]
    if (!streams || at === WAITS) return pollMs(client)
    if (at === OPEN) return unlessMarked(client)
    const first = besidePlaced[client] === 0
    besidePlaced[client] = 1
    return first ? placeMs(client, heartbeatMs) : spread(heartbeatMs, 0.1)
  }

  const onLook = (client: number): void => {
    const lane = client * LANES + LOOK
    if (stage[lane] === WAITS) return look(client)
    if (stage[lane] === ASKS) {
      const failedMs = failsMs(client)
      if (failedMs !== undefined) {
        const delayMs = failedMs + backoffMs(client, LOOK)
        return lookNext(
          client,
          streams ? Math.max(delayMs, held[client] === 1 ? 0 : pollMs(client)) : delayMs,
        )
      }
      const server = serverOf(client)
      const newest = newestAt(server)
      const kind =
        asks[client] === LOG
          ? 'log'
          : asks[client] === SWEEP || newest > (answered[client] as number)
            ? 'release'
            : 'unchanged'
      const doneMs = servers.serve(server, kind, wheel.nowMs)
      if (asks[client] !== LOG) coming[client] = newest
      const waysMs = kind === 'release' ? way() + way() : way()
      return wait(client, LOOK, doneMs - wheel.nowMs + waysMs + service.transferMs(kind), HEARS)
    }
    failures[lane] = 0
    if (asks[client] === SWEEP) {
      asks[client] = LOG
      return ask(client, LOOK)
    }
    if (asks[client] === LOG) sweepAtMs[client] = wheel.nowMs + spread(sweepMs, 0.2)
    answered[client] = Math.max(answered[client] as number, coming[client] as number)
    const isNew = (coming[client] as number) > (known[client] as number)
    if (changedAtMs !== undefined && isNew && placed[client] === 1) changedAtMs[client] = wheel.nowMs
    recovered(client)
    lookNext(client, paceMs(client))
    hear(client, coming[client] as number)
  }

  const onStream = (client: number): void => {
    const lane = client * LANES + STREAM
    const server = serverOf(client)
    if (stage[lane] === WAITS) return ask(client, STREAM)
    if (stage[lane] === ASKS) {
      const failedMs = failsMs(client)
      if (failedMs !== undefined) return wait(client, STREAM, failedMs + backoffMs(client, STREAM))
      held[client] = 1
      dead[client] = 0
      coming[client] = round
      let doneMs = servers.serve(server, 'connect', wheel.nowMs)
      if (inline && running[client] !== round) {
        const kind = broughtTo(client)
        doneMs = servers.serve(server, kind, wheel.nowMs) + service.transferMs(kind)
      }
      heardMark[client] = marked[server] as number
      if (marked[server] === 1) servers.serve(server, 'mark', wheel.nowMs)
      return wait(client, STREAM, doneMs - wheel.nowMs + way() + way(), HEARS)
    }
    // A stream that has gone silent.
    if (stage[lane] === OPEN) return lose(client)
    rest(client, STREAM)
    stage[lane] = OPEN
    failures[lane] = 0
    recovered(client)
    // A question that is under way is answered all the same.
    const looking = stage[client * LANES + LOOK]
    if (looking !== ASKS && looking !== HEARS) lookNext(client, unlessMarked(client))
    if (inline) {
      known[client] = coming[client] as number
      if (running[client] !== coming[client]) run(client, coming[client] as number)
    } else hear(client, coming[client] as number)
  }

  /** A stream that was open is gone. */
  const lose = (client: number): void => {
    held[client] = 0
    wait(client, STREAM, backoffMs(client, STREAM))
    placed[client] = 1
    lookNext(client, placeMs(client, shape.pollIntervalMs))
  }

  /** A client hears of a round, and fetches what it does not have. */
  const hear = (client: number, newest: number): void => {
    known[client] = Math.max(known[client] as number, newest)
    const wanted = known[client] as number
    if (wanted === running[client] || wanted === 0) return
    if (stage[client * LANES + FETCH] !== IDLE) return
    fetching[client] = wanted
    ask(client, FETCH)
  }

  const onFetch = (client: number): void => {
    const lane = client * LANES + FETCH
    if (stage[lane] === OPEN) {
      // A frame has come.
      rest(client, FETCH)
      const brought = fetching[client] as number
      if (!inline) return hear(client, brought)
      known[client] = Math.max(known[client] as number, brought)
      return run(client, brought)
    }
    if (stage[lane] === WAITS) return ask(client, FETCH)
    if (stage[lane] === ASKS) {
      const failedMs = failsMs(client)
      if (failedMs !== undefined) return wait(client, FETCH, failedMs + backoffMs(client, FETCH))
      const kind = canTakeDelta(client) ? 'delta' : 'snapshot'
      const sentMs = servers.serve(serverOf(client), kind, wheel.nowMs)
      const doneMs = service.isCached(kind) ? Math.max(sentMs, cachedMs(fetching[client] as number)) : sentMs
      const ownMs = service.transferMs(kind) + (kind === 'delta' ? service.appliedMs : 0)
      return wait(client, FETCH, doneMs - wheel.nowMs + way() + way() + ownMs, HEARS)
    }
    failures[lane] = 0
    rest(client, FETCH)
    run(client, fetching[client] as number)
    hear(client, known[client] as number)
  }

  const run = (client: number, which: number): void => {
    if (running[client] === which) return
    running[client] = which
    ranAtMs[client] = wheel.nowMs
    if (keepsState) onDisk[client] = which
    touch(client)
    wait(client, SOAK, SOAK_MS)
  }

  /** There is something to report. */
  const touch = (client: number): void => {
    if (!reports) return
    const at = stage[client * LANES + REPORT]
    if (at === ASKS || at === HEARS) unsaid[client] = 1
    else if (at !== OPEN) gather(client)
  }

  const gather = (client: number): void => wait(client, REPORT, REPORTS.batchMs * (0.5 + chance() / 2), OPEN)

  const onReport = (client: number): void => {
    const lane = client * LANES + REPORT
    if (stage[lane] === WAITS) return gather(client)
    if (stage[lane] === OPEN) return ask(client, REPORT)
    if (stage[lane] === ASKS) {
      const failedMs = failsMs(client)
      if (failedMs !== undefined) return wait(client, REPORT, failedMs + backoffMs(client, REPORT))
      const doneMs = servers.serve(serverOf(client), 'report', wheel.nowMs)
      return wait(client, REPORT, doneMs - wheel.nowMs + way(), HEARS)
    }
    failures[lane] = 0
    if (unsaid[client] === 1) {
      unsaid[client] = 0
      return gather(client)
    }
    wait(client, REPORT, spread(shape.reportIntervalMs, 0.2))
  }

  /** Who met failures says that it is back. */
  const recovered = (client: number): void => {
    if (failed[client] === 0) return
    failed[client] = 0
    touch(client)
  }

  /**
   * A server beats while it is there: also where all of these clients start at once, others hold
   * streams.
   */
  const startBeats = (): void => {
    if (!streams) return
    for (let server = 0; server < servers.count; server += 1) beatNext(server)
  }

  const stopBeats = (): void => {
    lastBeatMs.fill(0)
    marked.fill(0)
    for (let server = 0; server < servers.count; server += 1) wheel.cancel(beatOf(server))
  }

  const beatNext = (server: number): void => {
    lastBeatMs[server] = wheel.nowMs
    wheel.set(beatOf(server), wheel.nowMs + heartbeatMs)
  }

  /**
   * From its first mark on a stream says that its client is current; who is to look before that
   * comes does.
   */
  const firstMark = (client: number, comesAtMs: number): void => {
    heardMark[client] = 1
    const lane = client * LANES
    if (stage[lane + STREAM] !== OPEN || stage[lane + LOOK] !== WAITS) return
    if ((unmarkedLookAtMs[client] as number) > comesAtMs) lookNext(client, Number.POSITIVE_INFINITY)
  }

  const onBeat = (server: number): void => {
    if (!servers.up) return
    marked[server] = 1
    let streamsHeld = 0
    for (let client = server; client < size; client += servers.count) {
      if (held[client] === 0) continue
      if (heardMark[client] === 1 || dead[client] === 1) streamsHeld += 1
      else firstMark(client, servers.serve(server, 'mark', wheel.nowMs) + way())
    }
    servers.serveMany(server, 'mark', wheel.nowMs, streamsHeld)
    beatNext(server)
  }

  const ring = (timer: number): void => {
    const client = Math.floor(timer / LANES)
    if (client >= size) return onBeat(timer - size * LANES)
    const lane = timer - client * LANES
    if (lane === LOOK) return stage[timer] === OPEN ? start(client) : onLook(client)
    if (lane === STREAM) return onStream(client)
    if (lane === FETCH) return onFetch(client)
    if (lane === REPORT) return onReport(client)
    stage[timer] = IDLE
    touch(client)
  }

  /** Writes the newest round to every stream, one after another. */
  const fanOut = (): void => {
    for (let client = 0; client < size; client += 1) {
      if (held[client] === 0) continue
      const server = serverOf(client)
      const kind = inline ? broughtTo(client) : 'notice'
      const doneMs = servers.serve(server, kind, wheel.nowMs) + service.transferMs(kind)
      if (isCut(client)) {
        dead[client] = 1
        const sinceBeatMs = wheel.nowMs - (lastBeatMs[server] as number)
        wait(client, STREAM, DEAD_AFTER_HEARTBEATS * heartbeatMs - sinceBeatMs, OPEN)
        // And when a mark is missing it looks beside it.
        if (heardMark[client] === 1 && stage[client * LANES + LOOK] === WAITS)
          lookNext(client, markPatienceMs(heartbeatMs, dice) - sinceBeatMs)
      }
      if (dead[client] === 1) continue
      fetching[client] = round
      wait(client, FETCH, doneMs - wheel.nowMs + way(), OPEN)
    }
  }

  const pass = async (ms: number): Promise<void> => {
    wheel.advance(ms, ring)
    // So that an interruption is heard.
    await systemClock.turn?.()
  }

  startBeats()
  return {
    size,
    nowMs: () => wheel.nowMs,
    pass,
    counts: servers.counts,
    async publish() {
      round += 1
      servers.change(wheel.nowMs)
      marked.fill(0)
      for (let server = 0; server < servers.count; server += 1)
        learnsAtMs[server] = wheel.nowMs + (server === 0 ? 0 : chance() * FRESH_MS)
      if (servers.up) fanOut()
      return round
    },
    async startOver(ms, signal) {
      for (let client = 0; client < size; client += 1) wait(client, LOOK, (ms * client) / size, OPEN)
      for (let leftMs = ms; leftMs > 0; leftMs -= 1_000) {
        signal.throwIfAborted()
        await pass(Math.min(1_000, leftMs))
      }
    },
    kill(every) {
      for (let client = 0; client < size; client += 1) {
        if (!isOneIn(every, client)) continue
        for (let lane = 0; lane < LANES; lane += 1) rest(client, lane)
        held[client] = 0
        running[client] = 0
      }
    },
    start(every) {
      for (let client = 0; client < size; client += 1) if (isOneIn(every, client)) start(client)
    },
    cut(every) {
      cutEvery = every
    },
    mend() {
      cutEvery = 0
    },
    stopServers() {
      servers.up = false
      stopBeats()
      for (let client = 0; client < size; client += 1) if (held[client] === 1) lose(client)
    },
    startServers() {
      servers.up = true
      startBeats()
    },
    lacking(asked) {
      let count = 0
      for (let client = 0; client < size; client += 1) if (running[client] !== asked) count += 1
      return count
    },
    delaysOf(asked, { sinceMs, every = 1 }) {
      const delaysMs = new Float64Array(size)
      let count = 0
      for (let client = 0; client < size; client += 1) {
        if (running[client] !== asked || !isOneIn(every, client)) continue
        delaysMs[count] = (ranAtMs[client] as number) - sinceMs
        count += 1
      }
      return delaysMs.subarray(0, count).sort()
    },
    requestsSince: servers.requestsSince,
    freeAtMs: servers.freeAtMs,
    close: () => {},
  }
}
