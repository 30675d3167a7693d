import { fileURLToPath } from 'node:url'
import { startServer } from '../../../src/compare/run/server-process.js'
import { childrenOf, isRunning } from '../../support/children-of.js'
import { pauseFor } from './fault-proxy.js'
import type { ServerProcess } from './processes.js'

const cli = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))

/** How long a worker may take to be started again, or processes to be gone: for what hangs. */
const LIMIT_MS = 60_000

/** The processes of servers that were started and may not be gone. */
const started = new Set<number>()

/** How many processes of these servers are left. */
export function workersLeft(): number {
  return started.size
}

/** Starts `noticeboard serve --workers`; resolves when it listens. */
export async function startWorkedServer(settings: {
  readonly folder: string
  readonly heartbeatMs: number
  readonly workers: number
}): Promise<ServerProcess> {
  const { workers, ...options } = settings
  const server = await startServer(cli, { ...options, workers })
  const [first = 0] = server.pids
  for (const pid of server.pids) started.add(pid)

  const pids = (): Promise<readonly number[]> => childrenOf(first)
  const signal = async (name: NodeJS.Signals): Promise<void> => {
    for (const pid of [first, ...(await pids())]) signalTo(pid, name)
  }
  return {
    port: Number(new URL(server.url).port),
    async kill() {
      const all = [...server.pids, ...(await pids().catch(() => []))]
      for (const pid of all) started.add(pid)
      await server[Symbol.asyncDispose]()
      for (const pid of all) signalTo(pid, 'SIGKILL')
      for (const pid of all) {
        await until(async () => !(await isRunning(pid)), `process ${pid} does not end`)
        started.delete(pid)
      }
    },
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    workers: {
      pids,
      whole: () =>
        until(async () => (await pids()).length === workers, 'a worker that ended is not started again'),
    },
  }
}

/** Signals a process, or nobody where it has ended meanwhile. */
export function signalTo(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It was faster.
  }
}

async function until(holds: () => Promise<boolean>, otherwise: string): Promise<void> {
  const endMs = performance.now() + LIMIT_MS
  while (!(await holds())) {
    if (performance.now() > endMs) throw new Error(otherwise)
    await pauseFor(20)
  }
}
