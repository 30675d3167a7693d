import { cpus, release, type } from 'node:os'
import { createLinkedAbortController } from '../../async/signals.js'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Position } from '../../contracts/position.js'
import type { ClientReport } from '../../contracts/report.js'
import type { Clock } from '../../contracts/system.js'
import type { Tag } from '../../contracts/transport.js'
import { defaultPeriods } from '../../core/defaults.js'
import { createPublisher, type Publisher } from '../../publisher/index.js'
import { everyone } from '../../rollouts/index.js'
import { readSystem } from '../../system/system.js'
import { http, httpStore, type HttpOptions, type HttpTransport } from '../../transports/http/index.js'
import { ANY_DOCUMENT, documentOf, NAMESPACE } from '../board.js'
import type { Cost, Costs } from '../costs/costs.js'
import { blamingMachine, patienceOf, sayBusy, thisMachine } from './busy-machine.js'
import { median, round } from './figures.js'
import { measureMaking } from './measure-making.js'
import { manyTimes } from './many-times.js'
import { plainFetch } from './plain-fetch.js'
import { startServer, type ServerProcess } from './server-process.js'
import { countWireBytes, type WireBytes } from './wire-bytes.js'
import { isError } from '../../core/built-ins.js'

/** How the costs of a server are measured. */
export interface MeasureOptions {
  /** The file of the command line, which the server is started from. */
  readonly cli: string
  readonly signal: AbortSignal
  /** Called with what is measured next. Default: nothing is called. */
  readonly onProgress?: ((text: string) => void) | undefined
  /** How many times as much is done; 1 takes some three minutes. Default 1. */
  readonly scale?: number
}

/** The two sizes of a document whose difference says what a kilobyte costs. */
const SMALL_BYTES = 1_000
const LARGE_BYTES = 101_000

/** Of how many streams the opening is measured. */
const MEASURED_STREAMS = 200

/** How long an answer may take on a machine that has little else to do, in milliseconds. */
const ANSWER_MS = 30_000

/** A client that asks once in a while finds its connection closed: each request opens one. */
const HEADERS = { connection: 'close' }

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
    const base = server.memoryBytes()
    onProgress('requests')
    // The first requests run code that was never run before.
    for (const warm of [bench.unchanged, bench.release, bench.log, bench.snapshot, bench.report])
      await bench.many(rounds, warm)
    const kinds = {
      unchanged: await bench.cost(rounds, bench.unchanged),
      release: await bench.cost(rounds, bench.release),
      log: await bench.cost(rounds, bench.log),
      report: await bench.cost(rounds, bench.report),
    }
    const small = await bench.cost(rounds, bench.snapshot)
    onProgress('changes that nobody follows')
    const changeMs = await bench.changes(SMALL_BYTES, 20)
    const changeBytes = await bench.changeBytes(SMALL_BYTES)
    const alone = await bench.idle(defaultPeriods.heartbeatMs)
    const streams = Math.round(1_500 * scale)
    onProgress(`${streams} streams`)
    const notices = await bench.open(streams, false)
    // At most: what the requests before it left behind is in it.
    const perStream = Math.max(0, (server.memoryBytes() - base) / streams)
    const noticeMs = Math.max(0, (await bench.changes(SMALL_BYTES, 20)) - changeMs) / streams
    const noticeBytes = ((await bench.changeBytes(SMALL_BYTES)) - changeBytes) / streams
    onProgress('a minute in which nothing happens')
    const idle = await bench.idle(4 * defaultPeriods.heartbeatMs)
    notices.close()
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

    const apartKB = (LARGE_BYTES - SMALL_BYTES) / 1_000
    const snapshotPerKB = Math.max(0, large.serverMs - small.serverMs) / apartKB
    const deliveryPerKB = Math.max(0, largeMs - noticeMs) / (LARGE_BYTES / 1_000)
    return {
      v: 1,
      measured: {
        on: new Date(clock.now()).toISOString().slice(0, 10),
        machine: `${cpus().length} x ${cpus()[0]?.model.trim() ?? 'unknown'}, ${type()} ${release()}, Node ${process.versions.node}`,
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
          serverMs: round(Math.max(0, idle.serverMs / 4 - alone.serverMs) / streams),
          bytes: Math.round(idle.bytes / (4 * streams)),
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
      changeMs: round(changeMs),
      streamMsPerSecond: 0,
      memory: { base, perStream: Math.round(perStream), perClient: 2_000 },
    }
  } finally {
    wire.stop()
    await server[Symbol.asyncDispose]()
  }
}

/** How long answers may take at this moment. */
function patience(): Pick<HttpOptions, 'timeoutMs' | 'firstEventTimeoutMs'> {
  const ms = ANSWER_MS * patienceOf(thisMachine())
  return { timeoutMs: ms, firstEventTimeoutMs: ms }
}

/** Streams that are open, and what it cost to open one. */
interface Streams {
  readonly cost: Cost
  close(): void
}

/** What stands on the board. */
interface Newest {
  readonly digest: string
  readonly tag: Tag
  readonly position: Position
}

/** What is done to the server. */
async function openBench(
  server: ServerProcess,
  { wire, clock, signal }: { readonly wire: WireBytes; readonly clock: Clock; readonly signal: AbortSignal },
) {
  const transport = http(server.url, { headers: HEADERS, fetch: plainFetch, ...patience() })
  const publisher: Publisher = createPublisher({
    namespace: NAMESPACE,
    schema: ANY_DOCUMENT,
    keepSchema: false,
    store: httpStore(server.url, { token: server.token }),
  })
  let published = 0
  let heard = 0
  const publish = async (bytes: number): Promise<void> => {
    signal.throwIfAborted()
    published += 1
    await publisher.publish(documentOf(bytes, published), { rollout: everyone(), reason: 'measured' })
  }
  await publish(SMALL_BYTES)

  const newest = async (): Promise<Newest> => {
    const current = await publisher.current()
    const answer = await transport.latest({ namespace: NAMESPACE }, signal)
    if (current === undefined || answer.type !== 'release' || answer.tag === undefined)
      throw new NoticeboardError('internal', 'the board that was just written to has no release with a tag')
    const { digest, position } = current
    return { digest, tag: answer.tag, position }
  }
  const rest = (ms: number): Promise<void> => clock.sleep(ms, signal)
  const many = (times: number, act: () => Promise<unknown>): Promise<void> => manyTimes(times, act, signal)
  const used = async (act: () => Promise<void>): Promise<{ serverMs: number; bytes: number }> => {
    const [ms, bytes] = [server.processorMs(), wire.read()]
    await act()
    await rest(100)
    return { serverMs: server.processorMs() - ms, bytes: wire.read() - bytes }
  }

  let known = await newest()

  return {
    many,
    unchanged: () => transport.latest({ namespace: NAMESPACE, tag: known.tag }, signal),
    release: () => transport.latest({ namespace: NAMESPACE }, signal),
    log: () => transport.next?.({ namespace: NAMESPACE, after: known.position }, signal) ?? Promise.resolve(),
    snapshot: () =>
      transport.snapshot(
        { namespace: NAMESPACE, digest: known.digest, maxSnapshotBytes: 2 * LARGE_BYTES },
        signal,
      ),
    report: () => transport.report([reportOf((heard += 1), known)], signal),
    /** What one of many costs: the median of three rounds. */
    async cost(times: number, act: () => Promise<unknown>): Promise<Cost> {
      const found: { readonly serverMs: number; readonly bytes: number }[] = []
      for (let turn = 0; turn < 3; turn += 1) found.push(await used(() => many(times, act)))
      return {
        serverMs: round(median(found.map(({ serverMs }) => serverMs)) / times),
        bytes: Math.round(median(found.map(({ bytes }) => bytes)) / times),
      }
    },
    /** What a change costs the server: the median of several. */
    async changes(bytes: number, times: number): Promise<number> {
      const found: number[] = []
      for (let turn = 0; turn < times; turn += 1) {
        const { serverMs } = await used(async () => {
          await publish(bytes)
          await rest(400)
        })
        found.push(serverMs)
      }
      known = await newest()
      return median(found)
    },
    /** What a change moves on all streams. */
    async changeBytes(bytes: number): Promise<number> {
      const moved = await used(async () => {
        await publish(bytes)
        await rest(1_000)
      })
      known = await newest()
      return moved.bytes
    },
    idle: (ms: number) => used(() => rest(ms)),
    async open(count: number, inline: boolean): Promise<Streams> {
      const end = createLinkedAbortController(signal)
      let index = 0
      const openOne = (): Promise<void> =>
        openStream(http(server.url, { fetch: plainFetch, ...patience() }), {
          index: (index += 1),
          inline,
          signal: end.signal,
        })
      // The first ones are measured alone: by the time all of them are open, marks came on many.
      const measured = Math.min(count, MEASURED_STREAMS)
      const opened = await used(() => many(measured, openOne))
      await many(count - measured, openOne)
      return {
        cost: { serverMs: round(opened.serverMs / measured), bytes: Math.round(opened.bytes / measured) },
        close: () => end.abort(),
      }
    },
  }

  /** Resolves once the stream brought its release, and goes on reading. */
  async function openStream(
    from: HttpTransport,
    {
      index,
      inline,
      signal: own,
    }: { readonly index: number; readonly inline: boolean; readonly signal: AbortSignal },
  ): Promise<void> {
    const identity = { clientId: `client-${index}`, instanceId: `i${index}`, ephemeral: false, labels: {} }
    const watched = from.watch(
      {
        namespaces: [NAMESPACE],
        inline,
        ...(inline && { identity }),
        have: { [NAMESPACE]: known.digest },
      },
      own,
    )
    await new Promise<void>((resolve, reject) => {
      void (async () => {
        try {
          for await (const delivery of watched) if (delivery.type === 'release') resolve()
        } catch (error) {
          reject(isError(error) ? error : new Error('a stream broke'))
        }
      })()
    })
  }
}

function reportOf(index: number, { digest, position }: Newest): ClientReport {
  return {
    v: 1,
    namespace: NAMESPACE,
    clientId: `client-${index % 1_000}`,
    instanceId: `0123456789abcdef${index % 1_000}`,
    ephemeral: false,
    labels: { region: 'eu-west-1' },
    strategy: 'hybrid',
    lookMs: 360_000,
    count: index,
    upMs: 86_400_000,
    phase: 'healthy',
    sinceMs: 3_600_000,
    seen: position,
    applied: position,
    digest,
    version: 1,
    protection: 'disk',
    nextReportWithinMs: 300_000,
  }
}
