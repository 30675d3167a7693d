import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { comparePositions, type Position } from '../../../src/contracts/position.js'
import { workersLeft } from './worked-server.js'

/** Times of the clients, in milliseconds. */
export interface ClientTimes {
  /** Between two looks, where nothing is heard. */
  readonly intervalMs: number
  readonly sweepIntervalMs: number
  readonly timeoutMs: number
  readonly retryBaseMs: number
  readonly retryCapMs: number
}

export interface ClientSettings {
  readonly strategy: 'pull' | 'push' | 'hybrid' | 'on-demand'
  readonly url: string
  readonly namespace: string
  readonly clientId: string
  readonly folder: string
  readonly times: ClientTimes
  /** How many times faster its time goes. */
  readonly speed: number
}

export interface ServerSettings {
  readonly folder: string
  readonly heartbeatMs: number
  readonly pollIntervalMs: number
}

/** A child process that speaks in lines of JSON. */
interface Worker {
  readonly child: ChildProcess
  /** Ends it for certain, also one that is stopped. Resolves when it is gone. */
  kill(): Promise<void>
  pause(): void
  resume(): void
}

/** Every process that was started and is not gone. */
const running = new Set<ChildProcess>()

function start(worker: string, settings: object, onLine: (line: unknown) => void): Worker {
  const script = fileURLToPath(new URL(worker, import.meta.url))
  const child = spawn(process.execPath, [script, JSON.stringify(settings)], {
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  running.add(child)
  const gone = once(child, 'exit').then(() => void running.delete(child))
  // One that was killed does not read what is still on its way.
  child.stdin.on('error', () => {})
  createInterface({ input: child.stdout }).on('line', line => onLine(JSON.parse(line)))
  return {
    child,
    async kill() {
      child.kill('SIGKILL')
      await gone
    },
    pause: () => void child.kill('SIGSTOP'),
    resume: () => void child.kill('SIGCONT'),
  }
}

/** How many processes of ours are left. */
export function processesLeft(): number {
  return running.size + workersLeft()
}

/** A server, of one process or several. */
export interface ServerProcess {
  readonly port: number
  /** Ends it for certain, also one that is stopped. Resolves when it is gone. */
  kill(): Promise<void>
  pause(): void | Promise<void>
  resume(): void | Promise<void>
  /** Its workers; a server of one process has none. */
  readonly workers?: Workers
}

/** The processes that share a server's connections. */
export interface Workers {
  /** Those that run now. */
  pids(): Promise<readonly number[]>
  /** Resolves when there are as many as the server has to have. */
  whole(): Promise<void>
}

/** Starts a server; resolves when it listens. */
export async function startServer(settings: ServerSettings): Promise<ServerProcess> {
  let told: (port: number) => void
  const port = new Promise<number>(resolve => (told = resolve))
  const worker = start('./server.worker.js', settings, line => told((line as { port: number }).port))
  const ended = once(worker.child, 'exit').then(() => {
    throw new Error('a server ended before it listened')
  })
  // Whoever waits for the port hears of it; later it is no news.
  ended.catch(() => {})
  return { ...worker, port: await Promise.race([port, ended]) }
}

/** What a client says with each change. */
interface Said {
  readonly position: Position
  /** Whether a delta made what it runs now. */
  readonly byDelta: boolean
  /** How many answers came encoded to it until now. */
  readonly encoded: number
}

export interface ClientProcess extends Worker {
  readonly settings: ClientSettings
  /** The release that it runs, as it said last. */
  readonly position: Position | undefined
  /** How often it went from one release to an older one, which it never may. */
  readonly regressions: number
  /** How many of the documents that it ran a delta made. */
  readonly deltas: number
  /** How many answers came encoded to it. */
  readonly encoded: number
  /** Resolves when it runs this release or a newer one, or at the signal. */
  reaches(position: Position, signal: AbortSignal): Promise<void>
  readonly ready: Promise<void>
}

/** Starts a client. */
export function startClient(settings: ClientSettings): ClientProcess {
  let position: Position | undefined
  let regressions = 0
  let deltas = 0
  let encoded = 0
  let tell: () => void
  const ready = new Promise<void>(resolve => (tell = resolve))
  const listeners = new Set<() => void>()
  const worker = start('./client.worker.js', settings, line => {
    if (line === 'ready') return tell()
    const said = line as Said
    const next = said.position
    if (position !== undefined && ['older', 'fork'].includes(comparePositions(next, position)))
      regressions += 1
    position = next
    if (said.byDelta) deltas += 1
    encoded = said.encoded
    for (const listener of listeners) listener()
  })
  const isAt = (wanted: Position): boolean =>
    position !== undefined && ['same', 'newer'].includes(comparePositions(position, wanted))

  return {
    ...worker,
    settings,
    ready,
    get position() {
      return position
    },
    get regressions() {
      return regressions
    },
    get deltas() {
      return deltas
    },
    get encoded() {
      return encoded
    },
    reaches: (wanted, signal) =>
      new Promise(resolve => {
        const look = (): void => {
          if (!isAt(wanted) && !signal.aborted) return
          listeners.delete(look)
          signal.removeEventListener('abort', look)
          resolve()
        }
        listeners.add(look)
        signal.addEventListener('abort', look)
        look()
      }),
  }
}

/** Whether a client runs a release or a newer one. */
export function isCurrent(client: ClientProcess, wanted: Position): boolean {
  return (
    client.position !== undefined && ['same', 'newer'].includes(comparePositions(client.position, wanted))
  )
}
