import { NoticeboardError } from '../../contracts/errors.js'
import { defaultPeriods } from '../../core/defaults.js'
import { isInline } from '../formula/counts.js'
import { estimate, type ShapedModel } from '../formula/estimate.js'
import { OUTAGE_MS } from '../formula/return.js'
import { onlineOf } from '../formula/processes.js'
import type { Basis } from '../row-of.js'
import type { Row } from '../row.js'
import { wholeIntervals } from '../whole-intervals.js'
import { openFleetRun } from './fleet-run.js'
import { rowOfRun } from './row-of-run.js'
import { runFleet, type RunWindows } from './run-fleet.js'
import { whyNotRun } from './runnable.js'
import { WARM_AFTER } from './warm-up.js'

/** How much is run, and who is told. */
export interface RunModelOptions extends Basis {
  /** The file of the command line, which the processes are started from. */
  readonly cli: string
  /** The most clients that are run. */
  readonly mostClients: number
  readonly signal: AbortSignal
  readonly onStep: (text: string) => void
  readonly windows: RunWindowsOf
}

/** The windows of a run, but for those that follow from the model. */
export interface RunWindowsOf extends Omit<RunWindows, 'changeMs' | 'isTold'> {
  /** A document has soaked so soon: what is reported is the same. */
  readonly soakMs: number
  /** And so long after that everybody has reported it. */
  readonly reportsMs: number
}

/**
 *  A run of five to six minutes for each model, and seven intervals more where it polls; a minute
 * less and an interval or two where all clients are run.
 */
export const FULL_WINDOWS: RunWindowsOf = {
  startsOverMs: 10_000,
  settlesMs: 12_000,
  idleMs: 60_000,
  aloneMs: 10_000,
  // Clients begin to report half of a second after a change.
  writtenMs: defaultPeriods.reports.batchMs / 2 - 50,
  apartMs: 2_000,
  outageMs: OUTAGE_MS,
  patienceMs: 60_000,
  warmAfter: WARM_AFTER,
  soakMs: 4_000,
  reportsMs: 6_000,
}

/**
 * A run of some three minutes for each model, and six intervals more where it polls: what an outage
 * does is computed.
 */
export const QUICK_WINDOWS: RunWindowsOf = { ...FULL_WINDOWS, idleMs: 30_000, outageMs: 0 }

/**
 * What a model comes to, with real processes and sockets over loopback. What this machine cannot
 * show is computed: its row says so by its depth. Memory is that of a server with the clients that
 * are run; a sample of the fleet adds what the others hold.
 */
export async function runModel(model: ShapedModel, options: RunModelOptions): Promise<Row> {
  const { workload, costs, cli, mostClients, signal, onStep, windows } = options
  const basis = { workload, costs }
  const { shape } = model
  const whyNot = whyNotRun(shape)
  if (whyNot !== undefined) {
    onStep(`computed, since ${whyNot}`)
    return estimate(model, basis)
  }
  if (workload.servers > mostClients)
    throw new NoticeboardError('invalid-option', 'compare(): a run needs at least as many clients as servers')
  signal.throwIfAborted()
  const clients = Math.min(onlineOf(workload), mostClients)
  const fleet = await openFleetRun({
    cli,
    shape,
    // What is fetched comes as long as it is encoded, and is written once for all: so long is the
    // document that is run.
    documentBytes: isInline(shape, workload.documentBytes)
      ? workload.documentBytes
      : Math.min(workload.documentBytes, workload.encodedBytes),
    clients,
    notRun: onlineOf(workload) - clients,
    servers: workload.servers,
    workers: shape.workers,
    heartbeatMs: shape.type === 'stream' ? shape.heartbeatMs : defaultPeriods.heartbeatMs,
    keepsState: workload.keepsState,
    soakMs: windows.soakMs,
  })
  try {
    const looksMs = shape.type === 'poll' ? 1.2 * shape.pollIntervalMs : 0
    const seen = await runFleet(fleet, {
      windows: {
        ...windows,
        // Of marks and of polls it has as many, whenever they begin.
        idleMs: wholeIntervals(
          windows.idleMs,
          shape.type === 'stream' ? shape.heartbeatMs : shape.pollIntervalMs,
        ),
        changeMs: looksMs + windows.soakMs + windows.reportsMs,
        isTold: shape.type === 'stream',
      },
      signal,
      onStep,
    })
    return rowOfRun(model, { seen, clients, basis })
  } catch (error) {
    // What an interruption breaks off fails in ways of its own.
    signal.throwIfAborted()
    throw error
  } finally {
    await fleet.close()
  }
}
