import type { Costs } from '../costs/costs.js'
import { openBench, type BenchOptions } from './server-bench.js'
import { startServer } from './server-process.js'

/** What is measured, and with how many streams. */
export interface MemoryOptions extends BenchOptions {
  /** The file of the command line, which the server is started from. */
  readonly cli: string
  /**
   * How many streams are open at the end; a third of them are opened before anything is measured.
   */
  readonly streams: number
}

/** How long a server has to put what it holds in order, in milliseconds. */
const SETTLES_MS = 2_000

/**
 * What it is taken to keep of a client that reports, in bytes: some twice what its registry takes.
 */
const PER_CLIENT = 2_000

/**
 * Measures what a server that has just started holds: with nobody there, and for each stream beyond
 * the first ones, which fill what it had reserved. A server that has answered thousands of requests
 * holds room for what it forgot, and streams would seem to take nothing. Leaves nothing running.
 *
 * ```ts
 * const { base, perStream } = await measureMemory({ cli, wire, clock, signal, streams: 1_500 })
 * ```
 */
export async function measureMemory({ cli, streams, ...options }: MemoryOptions): Promise<Costs['memory']> {
  const { clock, signal } = options
  const server = await startServer(cli)
  try {
    const bench = await openBench(server, options)
    await clock.sleep(SETTLES_MS, signal)
    const base = server.memoryBytes()
    const first = Math.ceil(streams / 3)
    const opened = [await bench.open(first, false)]
    await clock.sleep(SETTLES_MS, signal)
    const before = server.memoryBytes()
    opened.push(await bench.open(streams - first, false))
    await clock.sleep(SETTLES_MS, signal)
    const perStream = Math.max(0, (server.memoryBytes() - before) / (streams - first))
    for (const { close } of opened) close()
    return { base, perStream: Math.round(perStream), perClient: PER_CLIENT }
  } finally {
    await server[Symbol.asyncDispose]()
  }
}
