import { defaultPeriods } from '../../core/defaults.js'
import type { SharingCosts } from '../costs/costs.js'
import { round } from './figures.js'
import { openBench, SMALL_BYTES, type BenchOptions } from './server-bench.js'
import { startServer } from './server-process.js'

/** What one process that does it all was measured to take, in milliseconds. */
export interface OneProcess {
  /** For a question that is answered with "unchanged". */
  readonly requestMs: number
  /** For a change. */
  readonly changeMs: number
  /** A second, while nothing happens. */
  readonly idleMsPerSecond: number
}

/** How workers are measured. */
export interface SharingOptions extends BenchOptions {
  /** The file of the command line, which the server is started from. */
  readonly cli: string
  /** How many requests of a kind each worker answers before it is looked at. */
  readonly warmAfter: number
  /** How many requests and changes are measured. */
  readonly rounds: number
  readonly changes: number
}

/** So many workers, and so many processes beside the one that writes: they, and what shares out. */
const WORKERS = 2

/**
 * Measures what workers cost beside what one process was measured to take: a server with two of
 * them on an empty board. Leaves nothing running.
 *
 * ```ts
 * const sharing = await measureSharing(one, { cli, wire, clock, signal, warmAfter: WARM_AFTER, rounds: 400, changes: 20 })
 * ```
 */
export async function measureSharing(
  one: OneProcess,
  { cli, warmAfter, rounds, changes, ...options }: SharingOptions,
): Promise<SharingCosts> {
  const server = await startServer(cli, { workers: WORKERS })
  try {
    let looked = server.processorMs
    const bench = await openBench({ ...server, processorMs: () => looked() }, options)
    // Of each worker code is run that was never run before.
    for (const warm of [bench.unchanged, bench.report]) await bench.many(WORKERS * warmAfter, warm)
    const asked = await bench.cost(rounds, bench.unchanged)
    looked = server.sharingMs
    const shared = await bench.cost(rounds, bench.unchanged)
    const reported = await bench.cost(rounds, bench.report)
    looked = server.processorMs
    await bench.changes(SMALL_BYTES, 2 * changes)
    const changed = await bench.changes(SMALL_BYTES, changes)
    // One at least for each worker, which looks at the folder for those who follow it.
    const followers = await bench.open(4 * WORKERS, false)
    const idleMsPerSecond = await bench.idleMsPerSecond(defaultPeriods.heartbeatMs / 1_000)
    followers.close()
    const more = (ms: number, less: number): number => round(Math.max(0, ms - less))
    return {
      connectionMs: round(shared.serverMs),
      reportMs: more(reported.serverMs, shared.serverMs),
      takenMs: more(asked.serverMs, shared.serverMs + one.requestMs),
      changeMs: more(changed / WORKERS, one.changeMs / WORKERS),
      lookMsPerSecond: more(idleMsPerSecond / WORKERS, one.idleMsPerSecond / WORKERS),
    }
  } finally {
    await server[Symbol.asyncDispose]()
  }
}
