import { createLinkedAbortController } from '../../async/signals.js'
import { NoticeboardError } from '../../contracts/errors.js'
import type { Position } from '../../contracts/position.js'
import type { ClientReport } from '../../contracts/report.js'
import type { Clock } from '../../contracts/system.js'
import { defaultPeriods } from '../../core/defaults.js'
import type { Tag } from '../../contracts/transport.js'
import { createPublisher, type Publisher } from '../../publisher/index.js'
import { everyone } from '../../rollouts/index.js'
import { http, httpStore, type HttpOptions } from '../../transports/http/index.js'
import { ANY_DOCUMENT, documentOf, NAMESPACE } from '../board.js'
import type { Cost } from '../costs/costs.js'
import { patienceOf, thisMachine } from './busy-machine.js'
import { median, round, trimmedMean } from './figures.js'
import { manyTimes } from './many-times.js'
import { plainFetch } from './plain-fetch.js'
import { readStream } from './read-stream.js'
import { unkeptHttp } from './unkept-http.js'
import { workOfSeconds } from './work-of-seconds.js'
import type { ServerProcess } from './server-process.js'
import type { WireBytes } from './wire-bytes.js'

/** The two sizes of a document whose difference says what a kilobyte costs. */
export const SMALL_BYTES = 1_000
export const LARGE_BYTES = 101_000

/** Of how many streams the opening is measured. */
const MEASURED_STREAMS = 200

/** How long a server has nothing to do before it is asked again, in milliseconds. */
const APART_MS = 25

/** So many requests that come apart are looked at together. */
const LOOKED_AT = 10

/** How long an answer may take on a machine that has little else to do, in milliseconds. */
const ANSWER_MS = 30_000

/** What was asked is done with so soon, in milliseconds. */
const RECKONED_MS = 100

/** How long answers may take at this moment. */
function patience(): Pick<HttpOptions, 'timeoutMs' | 'firstEventTimeoutMs'> {
  const ms = ANSWER_MS * patienceOf(thisMachine())
  return { timeoutMs: ms, firstEventTimeoutMs: ms }
}

/** Streams that are open, and what it cost to open one. */
export interface Streams {
  readonly cost: Cost
  close(): void
}

/** What stands on the board. */
interface Newest {
  readonly digest: string
  readonly tag: Tag
  readonly position: Position
}

/** What is measured with, and until when. */
export interface BenchOptions {
  readonly wire: WireBytes
  readonly clock: Clock
  readonly signal: AbortSignal
}

/** Something that is done to a server. */
type Act = () => Promise<unknown>

type CostsOf<Acts extends readonly Act[]> = { readonly [K in keyof Acts]: Cost }

/** What is done to a server, and what that took. */
export interface ServerBench {
  many(times: number, act: Act): Promise<void>
  unchanged(this: void): Promise<unknown>
  release(this: void): Promise<unknown>
  log(this: void): Promise<unknown>
  snapshot(this: void): Promise<unknown>
  report(this: void): Promise<unknown>
  /** What one of many costs: the median of three rounds. */
  cost(times: number, act: Act): Promise<Cost>
  /**
   * The same of several acts, which take turns: code gets faster the longer a server runs, and would
   * make what is measured last the cheapest.
   */
  costs<const Acts extends readonly Act[]>(times: number, acts: Acts): Promise<CostsOf<Acts>>
  /**
   * What one of several costs that come with a rest between them, and what the server does
   * meanwhile; and how long each took with its rest, in seconds: of most of them, as
   * {@link trimmedMean} has it.
   */
  apart(times: number, act: Act): Promise<{ readonly serverMs: number; readonly s: number }>
  /** What a change costs the server, in milliseconds: the median of several. */
  changes(bytes: number, times: number): Promise<number>
  /** What a change moves on all streams: the median of three, since marks may meet one of them. */
  changeBytes(bytes: number): Promise<number>
  /**
   * What a heartbeat takes in which nothing happens: the median of several, as long as that each.
   */
  heartbeat(times: number): Promise<{ readonly serverMs: number; readonly bytes: number }>
  /**
   * What the server takes while nothing happens, in milliseconds of processor time a second: most
   * of so many seconds, as {@link trimmedMean} has it.
   */
  idleMsPerSecond(seconds: number): Promise<number>
  open(count: number, inline: boolean): Promise<Streams>
}

/** Makes a bench for a server, and publishes there. */
export async function openBench(
  server: Pick<ServerProcess, 'url' | 'token' | 'processorMs'>,
  { wire, clock, signal }: BenchOptions,
): Promise<ServerBench> {
  const transport = unkeptHttp(server.url, patience())
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
  const many = (times: number, act: Act): Promise<void> => manyTimes(times, act, signal)
  const used = async (act: () => Promise<void>): Promise<{ serverMs: number; bytes: number }> => {
    const [ms, bytes] = [server.processorMs(), wire.read()]
    await act()
    await rest(RECKONED_MS)
    return { serverMs: server.processorMs() - ms, bytes: wire.read() - bytes }
  }

  const costs = async <const Acts extends readonly Act[]>(
    times: number,
    acts: Acts,
  ): Promise<CostsOf<Acts>> => {
    const found = acts.map((): { readonly serverMs: number; readonly bytes: number }[] => [])
    for (let turn = 0; turn < 3; turn += 1)
      for (const [index, act] of acts.entries()) found[index]?.push(await used(() => many(times, act)))
    return found.map(rounds => ({
      serverMs: round(median(rounds.map(({ serverMs }) => serverMs)) / times),
      bytes: Math.round(median(rounds.map(({ bytes }) => bytes)) / times),
    })) as unknown as CostsOf<Acts>
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
    cost: async (times, act) => (await costs(times, [act]))[0],
    costs,
    async apart(times, act) {
      const found: { readonly serverMs: number; readonly s: number }[] = []
      for (let turn = 0; turn < times; turn += LOOKED_AT) {
        const [fromMs, before] = [clock.monotonic(), server.processorMs()]
        for (let asked = 0; asked < LOOKED_AT; asked += 1) {
          signal.throwIfAborted()
          await act()
          await rest(APART_MS)
        }
        found.push({
          serverMs: (server.processorMs() - before) / LOOKED_AT,
          s: (clock.monotonic() - fromMs) / 1_000 / LOOKED_AT,
        })
      }
      return {
        serverMs: trimmedMean(found.map(({ serverMs }) => serverMs)),
        s: trimmedMean(found.map(({ s }) => s)),
      }
    },
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
    async changeBytes(bytes: number): Promise<number> {
      const found: number[] = []
      for (let turn = 0; turn < 3; turn += 1) {
        const moved = await used(async () => {
          await publish(bytes)
          await rest(1_000)
        })
        found.push(moved.bytes)
      }
      known = await newest()
      return median(found)
    },
    async heartbeat(times: number) {
      const found: { readonly serverMs: number; readonly bytes: number }[] = []
      for (let turn = 0; turn < times; turn += 1)
        found.push(await used(() => rest(defaultPeriods.heartbeatMs - RECKONED_MS)))
      return {
        serverMs: median(found.map(({ serverMs }) => serverMs)),
        bytes: median(found.map(({ bytes }) => bytes)),
      }
    },
    idleMsPerSecond: seconds => workOfSeconds(seconds, { workMs: server.processorMs, rest }),
    async open(count: number, inline: boolean): Promise<Streams> {
      const end = createLinkedAbortController(signal)
      let index = 0
      const openOne = (): Promise<void> => {
        index += 1
        const clientId = `client-${index}`
        const identity = { clientId, instanceId: `i${index}`, ephemeral: false, labels: {} }
        const have = { [NAMESPACE]: known.digest }
        const from = http(server.url, { fetch: plainFetch, ...patience() })
        return readStream(
          from.watch({ namespaces: [NAMESPACE], inline, ...(inline && { identity }), have }, end.signal),
        )
      }
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
