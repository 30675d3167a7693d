import { cpus, release as kernelRelease, type } from 'node:os'
import { defaultPeriods } from '../../core/defaults.js'
import { readSystem } from '../../system/system.js'
import type { Costs } from '../costs/costs.js'
import { blamingMachine, sayBusy, thisMachine } from './busy-machine.js'
import { round } from './figures.js'
import { measureMaking } from './measure-making.js'
import { measureMemory } from './measure-memory.js'
import { measureSharing } from './measure-sharing.js'
import { LARGE_BYTES, openBench, SMALL_BYTES } from './server-bench.js'
import { startServer } from './server-process.js'
import { WARM_AFTER } from './warm-up.js'
import { countWireBytes } from './wire-bytes.js'

/** How the costs of a server are measured. */
export interface MeasureOptions {
  /** The file of the command line, which the server is started from. */
  readonly cli: string
  readonly signal: AbortSignal
  /** Called with what is measured next. Default: nothing is called. */
  readonly onProgress?: ((text: string) => void) | undefined
  /** How many times as much is done; 1 takes some four minutes. Default 1. */
  readonly scale?: number
}

/**
 * Measures what a server costs on this machine: a process of its own on an empty board, and
 * requests and streams over loopback, counted at both ends. Uses one folder for temporary files,
 * and leaves nothing running. On a busy machine it says so, and waits longer for answers. Throws
 * `unsupported` on systems without `/proc`, and `unavailable` where an answer did not come, with the
 * load of a machine that is busy.
 *
 * ```ts
 * const costs = await measureCosts({ cli: 'node_modules/noticeboard/dist/cli/main.js', signal })
 * ```
 */
export async function measureCosts(options: MeasureOptions): Promise<Costs> {
  try {
    return await measure(options)
  } catch (error) {
    throw blamingMachine(error, thisMachine())
  }
}

async function measure({ cli, signal, onProgress = () => {}, scale = 1 }: MeasureOptions): Promise<Costs> {
  const { clock } = readSystem('measureCosts()', undefined)
  signal.throwIfAborted()
  const busy = sayBusy(thisMachine())
  if (busy !== undefined) onProgress(`${busy}: it takes longer, and processor time may be somewhat too high`)
  const server = await startServer(cli)
  const wire = countWireBytes()
  try {
    const bench = await openBench(server, { wire, clock, signal })
    const rounds = Math.max(1, Math.round(400 * scale))
    const warmAfter = Math.max(1, Math.round(WARM_AFTER * scale))
    const rest = (): Promise<void> => clock.sleep(1_000, signal)
    const heartbeatS = defaultPeriods.heartbeatMs / 1_000
    onProgress('requests')
    const asked = [bench.unchanged, bench.release, bench.log, bench.report, bench.snapshot] as const
    // The first requests run code that was never run before.
    for (const warm of asked) await bench.many(warmAfter, warm)
    const [unchanged, release, log, report, small] = await bench.costs(rounds, asked)
    const kinds = { unchanged, release, log, report }
    onProgress('requests that come alone')
    // A fleet that asks keeps the code of its requests warm, and one that follows the board's.
    const follower = await bench.open(1, false)
    const lonely = await bench.apart(Math.max(20, Math.round(400 * scale)), bench.unchanged)
    onProgress('half a minute in which hardly anybody is there')
    const idleMsPerSecond = await bench.idleMsPerSecond(2 * heartbeatS)
    const streams = Math.round(1_500 * scale)
    const changes = Math.ceil(20 * scale)
    onProgress(`${streams} streams`)
    const warm = await bench.open(streams, false)
    await bench.changes(SMALL_BYTES, 2 * changes)
    warm.close()
    await rest()
    const changeMs = await bench.changes(SMALL_BYTES, changes)
    const changeBytes = await bench.changeBytes(SMALL_BYTES)
    const notices = await bench.open(streams, false)
    const noticeMs = Math.max(0, (await bench.changes(SMALL_BYTES, changes)) - changeMs) / streams
    const noticeBytes = ((await bench.changeBytes(SMALL_BYTES)) - changeBytes) / streams
    onProgress('a minute in which nothing happens')
    const idle = await bench.heartbeat(4)
    notices.close()
    follower.close()
    await bench.changes(LARGE_BYTES, 3)
    const largeChangeMs = await bench.changes(LARGE_BYTES, 8)
    const large = await bench.cost(Math.ceil(rounds / 4), bench.snapshot)
    onProgress(`${streams} streams that bring the document`)
    const deliveries = await bench.open(streams, true)
    await bench.changes(LARGE_BYTES, 3)
    const largeMs = Math.max(0, (await bench.changes(LARGE_BYTES, 8)) - largeChangeMs) / streams
    deliveries.close()
    onProgress('deltas and encodings')
    const making = await measureMaking({ rounds: Math.max(5, Math.round(40 * scale)), signal })
    onProgress('memory')
    const memory = await measureMemory({ cli, wire, clock, signal, streams })
    onProgress('workers')
    const one = { requestMs: kinds.unchanged.serverMs, changeMs, idleMsPerSecond }
    const sharing = await measureSharing(one, {
      cli,
      wire,
      clock,
      signal,
      warmAfter,
      rounds,
      changes,
    })

    const apartKB = (LARGE_BYTES - SMALL_BYTES) / 1_000
    const snapshotPerKB = Math.max(0, large.serverMs - small.serverMs) / apartKB
    const deliveryPerKB = Math.max(0, largeMs - noticeMs) / (LARGE_BYTES / 1_000)
    return {
      v: 1,
      measured: {
        on: new Date(clock.now()).toISOString().slice(0, 10),
        machine: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, ${type()} ${kernelRelease()}, Node ${process.versions.node}`,
        command: 'noticeboard compare --calibrate',
      },
      kinds: {
        ...kinds,
        snapshot: {
          serverMs: round(small.serverMs - (snapshotPerKB * SMALL_BYTES) / 1_000),
          serverMsPerKB: round(snapshotPerKB),
          bytes: Math.round(small.bytes - SMALL_BYTES),
        },
        connect: notices.cost,
        mark: {
          serverMs: round(Math.max(0, idle.serverMs - idleMsPerSecond * heartbeatS) / streams),
          bytes: Math.round(idle.bytes / streams),
        },
        notice: { serverMs: round(noticeMs), bytes: Math.round(noticeBytes) },
        delivery: {
          serverMs: round(noticeMs),
          serverMsPerKB: round(deliveryPerKB),
          // The digest, a space and the framing of one more line.
          bytes: Math.round(noticeBytes) + 64 + 1 + 'data: \n'.length,
        },
      },
      ...(making !== undefined && { making }),
      sharing,
      idleMsPerSecond: round(idleMsPerSecond),
      wakeMs: round(Math.max(0, lonely.serverMs - idleMsPerSecond * lonely.s - kinds.unchanged.serverMs)),
      changeMs: round(changeMs),
      streamMsPerSecond: 0,
      memory,
    }
  } finally {
    wire.stop()
    await server[Symbol.asyncDispose]()
  }
}
