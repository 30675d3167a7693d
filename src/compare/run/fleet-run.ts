import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createPublisher } from '../../publisher/index.js'
import { everyone } from '../../rollouts/index.js'
import { systemClock } from '../../system/system.js'
import { httpStore } from '../../transports/http/index.js'
import { ANY_DOCUMENT, documentOf, NAMESPACE } from '../board.js'
import { countsBy } from '../costs/costs.js'
import type { Shape } from '../shape.js'
import { followServers } from './follow-servers.js'
import type { FollowOptions, PartCalls, PartSeen } from './part-calls.js'
import { startPart, type Part } from './part-process.js'
import { memoryBytes, processorMs } from './process-usage.js'
import { startServer } from './server-process.js'
import { standIn, standInsOf } from './stand-ins.js'
import { warmUp } from './warm-up.js'

/** Servers and clients in processes of their own, over loopback. */
export interface FleetRun {
  /** How many clients there are. */
  readonly clients: number
  /** Publishes the next document through the first server; resolves to its round. */
  publish(): Promise<number>
  startClients(overMs: number): Promise<void>
  /** Ends every client in order, and starts all of them at once. */
  restartClients(): Promise<void>
  /** Takes every server down as a crash does, or brings all of them back at their addresses. */
  stopServers(): Promise<void>
  startServers(): Promise<void>
  /**
   * Opens a stream to each server, or two to each worker, for nobody; resolves to what closes them.
   */
  follow(signal: AbortSignal): Promise<() => void>
  /**
   * Stands in for clients that are not run, as {@link standIn} does; resolves to how many, and what
   * ends it.
   */
  standIn(signal: AbortSignal): Promise<{ readonly count: number; leave(): void }>
  /**
   * Asks the servers until they are as fast as those that have run for days; something must have
   * been published.
   */
  warmUp(signal: AbortSignal, times: number): Promise<void>
  /** Ends every process, and removes the board. */
  close(): Promise<void>
  /** Processor time of the servers that run now, in milliseconds. */
  serverMs(): number
  /** What all of them have done until now; clients must have been started. */
  look(round: number): Promise<FleetSeen>
}

/** What a fleet and its servers have done since they were started. */
export interface FleetSeen extends PartSeen {
  /** As {@link FleetRun.serverMs}. */
  readonly serverMs: number
  /** Memory of one of them, in bytes. */
  readonly memoryBytes: number
}

/** What a fleet is made of. */
export interface FleetRunOptions {
  /** The file of the command line, which the processes are started from. */
  readonly cli: string
  readonly shape: Shape
  readonly documentBytes: number
  readonly clients: number
  /** How many clients the fleet has beside them. */
  readonly notRun: number
  readonly servers: number
  /** How many workers each server has; 0 for one process that does it all. */
  readonly workers: number
  readonly heartbeatMs: number
  readonly keepsState: boolean
  readonly soakMs: number
}

/** More clients than that in a process would make each of them wait for the others. */
const CLIENTS_OF_PROCESS = 1_250

/**
 * Starts the processes; no client runs yet, and nothing was published. Dispose of it in any case.
 */
export async function openFleetRun(options: FleetRunOptions): Promise<FleetRun> {
  const { cli, shape, documentBytes, clients, notRun, workers, heartbeatMs, keepsState, soakMs } = options
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-compare-'))
  const processes = Math.ceil(clients / CLIENTS_OF_PROCESS)
  const fleets = Array.from({ length: processes }, () => startPart(cli))
  let servers: readonly RunningServer[] = []
  let addresses: readonly PartCalls['serve']['answer'][] = []
  let round = 0

  const startServers = async (): Promise<void> => {
    const opened: PartCalls['serve']['answer'][] = []
    // One after another: the first makes the board.
    for (let index = 0; index < options.servers; index += 1) {
      const given = { folder, port: addresses[index]?.port ?? 0, heartbeatMs }
      const { address, running } =
        workers === 0
          ? await servePart(startPart(cli), given)
          : await serveWithWorkers(cli, { ...given, workers })
      servers = [...servers, running]
      opened.push(address)
    }
    addresses = opened
  }
  const stopServers = async (): Promise<void> => {
    const gone = servers
    servers = []
    await Promise.all(gone.map(({ kill }) => kill()))
  }
  const end = async (): Promise<void> => {
    await Promise.all([stopServers(), ...fleets.map(({ kill }) => kill())])
    await rm(folder, { recursive: true, force: true })
  }
  try {
    await startServers()
  } catch (error) {
    await end()
    throw error
  }
  const [{ url, token }] = addresses as readonly [PartCalls['serve']['answer']]
  const publisher = createPublisher({
    namespace: NAMESPACE,
    schema: ANY_DOCUMENT,
    store: httpStore(url, { token }),
  })
  const followersOf = (index: number, startsOverMs: number): FollowOptions => {
    const first = Math.floor((clients * index) / processes)
    const count = Math.floor((clients * (index + 1)) / processes) - first
    return { urls: urlsOf(), shape, first, count, startsOverMs, keepsState, soakMs }
  }
  const urlsOf = (): readonly string[] => addresses.map(address => address.url)
  const serverMs = (): number => servers.reduce((sum, server) => sum + server.processorMs(), 0)
  return {
    clients,
    serverMs,
    async publish() {
      round += 1
      await publisher.publish(documentOf(documentBytes, round), { rollout: everyone(), reason: 'compared' })
      return round
    },
    async startClients(overMs) {
      await Promise.all(fleets.map((fleet, index) => fleet.ask('follow', followersOf(index, overMs))))
    },
    async restartClients() {
      await Promise.all(fleets.map(fleet => fleet.ask('restart', null)))
    },
    stopServers,
    startServers,
    follow: signal =>
      // Servers take turns, and so do the workers of each.
      followServers(urlsOf(), { count: addresses.length * Math.max(1, 2 * workers), signal }),
    async standIn(signal) {
      const count = standInsOf(shape, notRun)
      const given = { urls: urlsOf(), shape, clock: systemClock, signal }
      const leave = count === 0 ? () => {} : await standIn(count, given)
      return { count, leave }
    },
    async warmUp(signal, times) {
      // Each worker runs the code for itself.
      for (const address of addresses) await warmUp(address.url, signal, times * Math.max(1, workers))
    },
    async look(asked) {
      const usedMs = serverMs()
      const memory = Math.max(0, ...servers.map(server => server.memoryBytes()))
      const seen = await Promise.all(fleets.map(fleet => fleet.ask('look', { round: asked })))
      return { ...together(seen), serverMs: usedMs, memoryBytes: memory }
    },
    close: end,
  }
}

/** A server of the run: one process, or several that share an address. */
interface RunningServer {
  processorMs(): number
  memoryBytes(): number
  kill(): Promise<void>
}

/** A server, and where it serves. */
interface Serving {
  readonly running: RunningServer
  readonly address: PartCalls['serve']['answer']
}

async function servePart(part: Part, given: PartCalls['serve']['given']): Promise<Serving> {
  const { pid, kill } = part
  try {
    const address = await part.ask('serve', given)
    return {
      address,
      running: { processorMs: () => processorMs(pid), memoryBytes: () => memoryBytes(pid), kill },
    }
  } catch (error) {
    await kill()
    throw error
  }
}

async function serveWithWorkers(
  cli: string,
  given: PartCalls['serve']['given'] & { readonly workers: number },
): Promise<Serving> {
  const server = await startServer(cli, given)
  const { url, token, pids } = server
  // The command line does not tell it that this process is gone.
  const guard = startPart(cli)
  const kill = async (): Promise<void> => {
    await guard.kill()
    await server[Symbol.asyncDispose]()
  }
  try {
    await guard.ask('guard', { pids })
  } catch (error) {
    await kill()
    throw error
  }
  return { address: { url, token, port: Number(new URL(url).port) }, running: { ...server, kill } }
}

function together(seen: readonly PartSeen[]): PartSeen {
  return {
    counts: countsBy(kind => seen.reduce((sum, { counts }) => sum + (counts[kind] ?? 0), 0)),
    bytes: seen.reduce((sum, { bytes }) => sum + bytes, 0),
    ranAtMs: ascending(seen.flatMap(({ ranAtMs }) => ranAtMs)),
    running: seen.reduce((sum, { running }) => sum + running, 0),
    askedAtMs: ascending(seen.flatMap(({ askedAtMs }) => askedAtMs)),
  }
}

function ascending(values: readonly number[]): readonly number[] {
  return [...values].sort((a, b) => a - b)
}
