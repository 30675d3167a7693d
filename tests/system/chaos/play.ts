import type { Position } from '../../../src/contracts/position.js'
import type { Chance } from '../../support/chance.js'
import type { ChaosBoard } from './board.js'
import { pauseFor, type FaultProxy, type Injury } from './fault-proxy.js'
import {
  startClient,
  startServer,
  type ClientProcess,
  type ServerProcess,
  type Workers,
} from './processes.js'
import { signalTo, startWorkedServer } from './worked-server.js'

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
  /** One of the workers of a server ends, which starts another one. */
  | 'kill-worker'
  /** One of them stands still, with the connections that it has. */
  | 'stop-worker'

/** What may happen to a server of one process, and all that is around it. */
export const FAULTS: readonly Fault[] = [
  'none', 'half-open', 'reset', 'truncate', 'bytewise', 'delay', 'refuse', 'hang-up', 'kill-server', 'stop-server', 'kill-client', 'stop-client', 'epoch', 'restored', 'old-copy',
] // prettier-ignore

/** What may happen to one of several processes as well. */
export const FAULTS_OF_WORKERS: readonly Fault[] = [...FAULTS, 'kill-worker', 'stop-worker']

/** The server, what leads to it, and what it serves; rounds put others in their place. */
export interface Fleet {
  board: ChaosBoard
  server: ServerProcess
  readonly proxy: FaultProxy
  readonly clients: ClientProcess[]
  /** Those that were killed, whose places others have. */
  readonly killed: ClientProcess[]
  readonly heartbeatMs: number
  /** How many workers a server has; 0 for a server of one process. */
  readonly workers: number
}

/**
 * Does one fault, publishes before it ends, after it, or in its middle, and ends it. Gives the
 * newest release.
 */
export async function play(fault: Fault, fleet: Fleet, chance: Chance): Promise<Position> {
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
          fleet.server = await serverOver(fleet.board, fleet)
          proxy.lead(fleet.server.port)
        },
      )
    case 'stop-server':
      return during(fleet.server.pause, fleet.server.resume)
    case 'stop-client':
      return during(clients[victim]!.pause, clients[victim]!.resume)
    case 'kill-client': {
      const client = clients[victim]!
      return during(client.kill, () => {
        fleet.killed.push(client)
        clients[victim] = startClient(client.settings)
      })
    }
    case 'kill-worker': {
      const { pid, whole } = await drawnWorker(fleet, chance)
      return during(() => signalTo(pid, 'SIGKILL'), whole)
    }
    case 'stop-worker': {
      const { pid } = await drawnWorker(fleet, chance)
      return during(
        () => signalTo(pid, 'SIGSTOP'),
        () => signalTo(pid, 'SIGCONT'),
      )
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
      fleet.server = await serverOver(restored, fleet)
      proxy.lead(fleet.server.port)
      await pauseFor(holdMs)
      await old.close()
      return restored.openEpoch()
    }
    case 'old-copy': {
      const copy = await fleet.board.copy()
      const other = await serverOver(copy, fleet)
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

/** Starts a server on a board; resolves when it listens. */
export function serverOver(
  { folder }: ChaosBoard,
  { heartbeatMs, workers }: Pick<Fleet, 'heartbeatMs' | 'workers'>,
): Promise<ServerProcess> {
  return workers === 0
    ? startServer({ folder, heartbeatMs, pollIntervalMs: 100 })
    : startWorkedServer({ folder, heartbeatMs, workers })
}

/** One worker of the server. */
async function drawnWorker(
  { server: { workers } }: Fleet,
  chance: Chance,
): Promise<{ readonly pid: number; readonly whole: Workers['whole'] }> {
  if (workers === undefined) throw new Error('this server has no workers: pass `workers`')
  return { pid: chance.pick(await workers.pids()), whole: workers.whole }
}
