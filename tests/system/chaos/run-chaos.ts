import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Position } from '../../../src/contracts/position.js'
import { chanceOf, type Chance } from '../../support/chance.js'
import { NAMESPACE, openBoard, type ChaosBoard } from './board.js'
import { faultProxy, pauseFor, type FaultProxy, type Injury } from './fault-proxy.js'
import {
  isCurrent,
  startClient,
  startServer,
  type ClientProcess,
  type ClientSettings,
  type ClientTimes,
  type ServerProcess,
} from './processes.js'

/** What a round does to the way between clients and server, or to one of them. */
export type Fault =
  | Injury['type']
  | 'kill-server'
  | 'stop-server'
  | 'kill-client'
  | 'stop-client'
  /** The operator opens a new epoch. */
  | 'epoch'
  /**
   * Another server on a restored backup, which goes on in a new epoch, takes the place of the one
   * before.
   */
  | 'restored'
  /** For a while another server answers, on an old copy of the board. */
  | 'old-copy'

const FAULTS: readonly Fault[] = [
  'none', 'half-open', 'reset', 'truncate', 'bytewise', 'delay', 'refuse', 'hang-up', 'kill-server', 'stop-server', 'kill-client', 'stop-client', 'epoch', 'restored', 'old-copy',
] // prettier-ignore

export interface ChaosOptions {
  readonly rounds: number
  readonly seed: number
  /** The first round's number, which its draws depend on; 0 unless given. */
  readonly from?: number
  /** The faults to choose from, in turn; all of them unless given. */
  readonly faults?: readonly Fault[]
  /** The strategies of the clients, one client each; all four unless given. */
  readonly strategies?: readonly ClientSettings['strategy'][]
  /**
   * Takes away what notices a dead connection and a lost notice: heartbeats, sweeps and polls are a
   * day apart. Then rounds get stuck.
   */
  readonly withoutWatchdog?: boolean
  /** What a busy machine may add to the bound, in milliseconds; 20,000 unless given. */
  readonly graceMs?: number
  /** How long everybody has in a round, in milliseconds; the bound and the grace unless given. */
  readonly withinMs?: number
  readonly onProgress?: (round: ChaosRound, rounds: number) => void
}

/** What came of one round. */
export interface ChaosRound {
  readonly round: number
  readonly fault: Fault
  /** Clients that were not current within the bound. */
  readonly stuck: readonly string[]
  /**
   * From the end of the fault, or of the publish where that came later, until everybody was
   * current. A figure for people.
   */
  readonly convergedMs: number
  /** Connections that were made in the round. */
  readonly connections: number
}

export interface ChaosResult {
  readonly rounds: readonly ChaosRound[]
  /** Rounds in which somebody was stuck. */
  readonly stuck: number
  /** How often a client went back to an older release. */
  readonly regressions: number
  /** How long everybody may take after the last fault, in milliseconds; without the grace. */
  readonly boundMs: number
}

const HEARTBEAT_MS = 200
const TIMES: ClientTimes = {
  intervalMs: 400,
  sweepIntervalMs: 2_000,
  timeoutMs: 1_000,
  retryBaseMs: 50,
  retryCapMs: 500,
}
const DAY_MS = 86_400_000
const SLEEPY: ClientTimes = {
  intervalMs: DAY_MS,
  sweepIntervalMs: DAY_MS,
  timeoutMs: DAY_MS,
  retryBaseMs: 50,
  retryCapMs: 500,
}

/**
 * Backoffs that no option shortens, of snapshots and of on-demand, reach 30 s; where a strategy has
 * no stream its clock runs so much faster.
 */
const SPEED = 20

/**
 * One look and two backoff caps, as the guarantee says; a request that hangs in between; and what
 * the retries of a snapshot, which start at half a second, have grown to in a fault of at most 1.2
 * s.
 */
const BOUND_MS = TIMES.sweepIntervalMs * 1.2 + 2 * TIMES.retryCapMs + 2 * TIMES.timeoutMs + 2_000

/** How long the first processes may take to start, in milliseconds, beside everything else. */
const START_MS = 30_000

/** The server, what leads to it, and what it serves; rounds put others in their place. */
interface Fleet {
  board: ChaosBoard
  server: ServerProcess
  readonly proxy: FaultProxy
  readonly clients: ClientProcess[]
  readonly heartbeatMs: number
}

/**
 * Runs rounds of faults over real processes. Everything that it started is gone when it resolves.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const {
    rounds,
    from = 0,
    seed,
    faults = FAULTS,
    graceMs = 20_000,
    withoutWatchdog = false,
    onProgress,
  } = options
  const { withinMs = BOUND_MS + graceMs } = options
  const { strategies = ['pull', 'push', 'hybrid', 'on-demand'] } = options
  const root = await mkdtemp(join(tmpdir(), 'noticeboard-chaos-'))
  const heartbeatMs = withoutWatchdog ? DAY_MS : HEARTBEAT_MS
  const proxy = await faultProxy()
  const board = await openBoard(join(root, 'board'))
  const results: ChaosRound[] = []
  const fleet: Fleet = {
    board,
    proxy,
    heartbeatMs,
    clients: [],
    server: await serverOver(board, heartbeatMs),
  }
  let regressions = 0

  try {
    proxy.lead(fleet.server.port)
    let newest = await board.publish()
    for (const strategy of strategies) {
      const speed = strategy === 'pull' || strategy === 'on-demand' ? SPEED : 1
      const times = withoutWatchdog ? SLEEPY : TIMES
      const settings = {
        strategy,
        url: `http://127.0.0.1:${proxy.port}`,
        namespace: NAMESPACE,
        clientId: strategy,
        folder: join(root, strategy),
        times,
        speed,
      }
      fleet.clients.push(startClient(settings))
    }
    await allCurrent(fleet.clients, newest, START_MS)

    for (let round = from; round < from + rounds; round += 1) {
      const chance = chanceOf(seed, 0, round)
      const fault = round < faults.length ? faults[round]! : chance.pick(faults)
      const before = proxy.connections
      newest = await play(fault, fleet, chance)
      const healedMs = performance.now()
      await allCurrent(fleet.clients, newest, withinMs)
      const result: ChaosRound = {
        round,
        fault,
        stuck: fleet.clients
          .filter(client => !isCurrent(client, newest))
          .map(({ settings }) => settings.strategy),
        convergedMs: Math.round(performance.now() - healedMs),
        connections: proxy.connections - before,
      }
      results.push(result)
      onProgress?.(result, rounds)
    }
  } finally {
    regressions = fleet.clients.reduce((sum, client) => sum + client.regressions, 0)
    await Promise.all([...fleet.clients.map(client => client.kill()), fleet.server.kill()])
    await proxy.close()
    await fleet.board.close()
    await rm(root, { recursive: true, force: true })
  }
  return {
    rounds: results,
    stuck: results.filter(({ stuck }) => stuck.length > 0).length,
    regressions,
    boundMs: BOUND_MS,
  }
}

/**
 * Does one fault, publishes before it ends, after it, or in its middle, and ends it. Gives the
 * newest release.
 */
async function play(fault: Fault, fleet: Fleet, chance: Chance): Promise<Position> {
  const { proxy, clients } = fleet
  const moment = chance.pick(['before', 'during', 'after'] as const)
  const holdMs = 100 + chance.below(500)
  const victim = chance.below(clients.length)
  let newest: Position | undefined

  /** What hits everybody hits now and then somebody who is not even running. */
  const stopped = fault.endsWith('client') || !chance.oneIn(3) ? undefined : clients[victim]

  /** Holds a fault, with the publish in its place. */
  const during = async (begin: () => unknown, end: () => unknown): Promise<Position> => {
    if (moment === 'before') newest = await fleet.board.publish()
    await begin()
    stopped?.pause()
    await pauseFor(holdMs)
    if (moment === 'during') newest = await fleet.board.publish()
    await pauseFor(holdMs)
    await end()
    stopped?.resume()
    return newest ?? (await fleet.board.publish())
  }

  switch (fault) {
    case 'none':
      return fleet.board.publish()
    case 'kill-server':
      return during(
        () => fleet.server.kill(),
        async () => {
          fleet.server = await serverOver(fleet.board, fleet.heartbeatMs)
          proxy.lead(fleet.server.port)
        },
      )
    case 'stop-server':
      return during(fleet.server.pause, fleet.server.resume)
    case 'stop-client':
      return during(clients[victim]!.pause, clients[victim]!.resume)
    case 'kill-client': {
      const { settings, kill } = clients[victim]!
      return during(kill, () => {
        clients[victim] = startClient(settings)
      })
    }
    case 'epoch':
      await fleet.board.publish()
      return fleet.board.openEpoch()
    case 'restored': {
      const old = fleet.board
      const restored = await old.copy()
      await old.publish()
      await pauseFor(holdMs)
      await fleet.server.kill()
      fleet.board = restored
      fleet.server = await serverOver(restored, fleet.heartbeatMs)
      proxy.lead(fleet.server.port)
      await pauseFor(holdMs)
      await old.close()
      return restored.openEpoch()
    }
    case 'old-copy': {
      const copy = await fleet.board.copy()
      const other = await serverOver(copy, fleet.heartbeatMs)
      await fleet.board.publish()
      await pauseFor(holdMs)
      await proxy.injure({ type: 'hang-up' })
      proxy.lead(other.port)
      await proxy.heal()
      await pauseFor(2 * holdMs)
      await other.kill()
      proxy.lead(fleet.server.port)
      await copy.close()
      return fleet.board.publish()
    }
    default:
      return during(
        () => proxy.injure(injuryOf(fault)),
        () => proxy.heal(),
      )
  }
}

function injuryOf(type: Injury['type']): Injury {
  switch (type) {
    case 'delay':
      return { type, delayMs: 150 }
    case 'bytewise':
      return { type, everyMs: 2 }
    default:
      return { type }
  }
}

function serverOver({ folder }: ChaosBoard, heartbeatMs: number): Promise<ServerProcess> {
  return startServer({ folder, heartbeatMs, pollIntervalMs: 100 })
}

/** Waits until everybody runs a release or a newer one, and no longer than that. */
async function allCurrent(
  clients: readonly ClientProcess[],
  newest: Position,
  deadlineMs: number,
): Promise<void> {
  const late = new AbortController()
  const timer = setTimeout(() => late.abort(), deadlineMs)
  await Promise.all(clients.map(client => client.reaches(newest, late.signal)))
  clearTimeout(timer)
}
