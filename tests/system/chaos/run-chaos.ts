import { createHash } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Position } from '../../../src/contracts/position.js'
import { chanceOf } from '../../support/chance.js'
import { NAMESPACE, openBoard } from './board.js'
import { faultProxy } from './fault-proxy.js'
import { FAULTS, FAULTS_OF_WORKERS, play, serverOver, type Fault, type Fleet } from './play.js'
import {
  isCurrent,
  startClient,
  type ClientProcess,
  type ClientSettings,
  type ClientTimes,
} from './processes.js'

export interface ChaosOptions {
  readonly rounds: number
  readonly seed: number
  /** The first round's number, which its draws depend on; 0 unless given. */
  readonly from?: number
  /**
   * How many workers each server has: then it is `noticeboard serve --workers` of the built command
   * line. Not given, a server is one process.
   */
  readonly workers?: number
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
  /** How many of the documents that clients ran a delta made. */
  readonly deltas: number
  /** How many answers came encoded to clients. */
  readonly encoded: number
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

/**
 * What each document says beside its number: some 6,000 bytes that do not compress to nothing, so
 * that a delta is worth its name, and an encoding too.
 */
const FILLING = Object.fromEntries(
  Array.from({ length: 100 }, (_, index) => [
    `setting-${index}`,
    createHash('sha256').update(`${index}`).digest('base64'),
  ]),
)

/** How long the first processes may take to start, in milliseconds, beside everything else. */
const START_MS = 30_000

/**
 * Runs rounds of faults over real processes. Everything that it started is gone when it resolves.
 */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const {
    rounds,
    from = 0,
    seed,
    workers = 0,
    faults = workers === 0 ? FAULTS : FAULTS_OF_WORKERS,
    graceMs = 20_000,
    withoutWatchdog = false,
    onProgress,
  } = options
  const { withinMs = BOUND_MS + graceMs } = options
  const { strategies = ['pull', 'push', 'hybrid', 'on-demand'] } = options
  const root = await mkdtemp(join(tmpdir(), 'noticeboard-chaos-'))
  const heartbeatMs = withoutWatchdog ? DAY_MS : HEARTBEAT_MS
  const proxy = await faultProxy()
  const board = await openBoard(join(root, 'board'), { filling: FILLING })
  const results: ChaosRound[] = []
  const fleet: Fleet = {
    board,
    proxy,
    heartbeatMs,
    workers,
    clients: [],
    killed: [],
    server: await serverOver(board, { heartbeatMs, workers }),
  }

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
    await Promise.all([...fleet.clients.map(client => client.kill()), fleet.server.kill()])
    await proxy.close()
    await fleet.board.close()
    await rm(root, { recursive: true, force: true })
  }
  const sumOf = (of: (client: ClientProcess) => number): number =>
    [...fleet.clients, ...fleet.killed].reduce((sum, client) => sum + of(client), 0)
  return {
    rounds: results,
    stuck: results.filter(({ stuck }) => stuck.length > 0).length,
    regressions: sumOf(client => client.regressions),
    deltas: sumOf(client => client.deltas),
    encoded: sumOf(client => client.encoded),
    boundMs: BOUND_MS,
  }
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
