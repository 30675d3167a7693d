import { bytesOf, REQUESTS, serverMsOf, type Costs, type Kind, type Making } from '../costs/costs.js'
import { recordedMaking } from '../costs/recorded.js'
import { sharingOf } from '../costs/sharing.js'
import { MIN_ENCODED_BYTES } from '../../server/encodings/snapshot-form.js'
import type { Shape } from '../shape.js'
import type { Workload } from '../workload.js'
import { isInline, REQUEST_TRIPS, sendsDeltas } from './counts.js'
import { onlineOf, processesOf, serversOf } from './processes.js'
import { BUSIEST, steadyOf, type Steady } from './steady.js'

/** What occupies a server for one event: the slower of its processor and its line. */
export interface Service {
  /** Processor time, in milliseconds. */
  cpuMs(kind: Kind): number
  /** Bytes on the wire, wherever they come from. */
  bytes(kind: Kind): number
  /** Whether a content delivery network sends it in the server's place. */
  isCached(kind: Kind): boolean
  /**
   * How long the process that serves is occupied, in milliseconds; none where somebody else answers.
   * Workers share the line of their server. What open streams cost leaves it less of a processor,
   * and a change that is written to all streams gives way to its other work.
   */
  occupiedMs(kind: Kind): number
  /** What a process that holds streams does although nothing changes. */
  steady(): Steady
  /**
   * How long a client receives what the server, or who stands in for it, has sent, in milliseconds:
   * what its own line takes longer than that of the server.
   */
  transferMs(kind: Kind): number
  /**
   * How long a content delivery network fetches a document from the server before it has it at all
   * of its places, in milliseconds; 0 where there is none.
   */
  readonly fillMs: number
  /**
   * What it fetches for that takes of the server's processor, in milliseconds a change; whole
   * documents beside deltas where clients start without one.
   */
  readonly fillCpuMs: number
  /**
   * How long the process that shares connections out is occupied, in milliseconds; none without
   * workers.
   */
  sharedMs(kind: Kind): number
  /**
   * How long each process takes that reads a change from the folder which another one wrote, in
   * milliseconds; 0 without workers.
   */
  readonly readMs: number
  /**
   * What workers and what shares out take of a server's processors although nothing happens, beyond
   * what one process does, in milliseconds a second.
   */
  readonly looksMsPerSecond: number
  /**
   * What all servers take although nothing happens, in milliseconds a second, the servers that
   * relays follow among them; 0 where a folder is served, which nobody looks at.
   */
  readonly idleMsPerSecondOfAll: number
  /**
   * For how long a change occupies a server besides, in milliseconds: with the delta or the encoding
   * that is made for all.
   */
  readonly changeMs: number
  /**
   * What a change takes of the processors of all processes together, in milliseconds: one writes it,
   * every other one reads it, and each makes its own delta or encoding. A relay takes the delta of
   * the server that it follows, which serves the relay as well.
   */
  readonly changeMsOfAll: number
  /** What a client needs to make the document of a delta, in milliseconds; 0 without deltas. */
  readonly appliedMs: number
}

/** How often a cache asks the server for one snapshot: once for each of its places. */
export const CACHE_PLACES = 10

/** What brings a change on a stream: it is written to all of them in slices, between other work. */
const FAN_OUT: ReadonlySet<Kind> = new Set<Kind>(['notice', 'delivery', 'deltaDelivery'])

/** What a frame is longer by in a compressed stream that is stored in it as it is, in bytes. */
const BLOCK_BYTES = 5

/**
 * What events cost with a model: with deltas only what changed travels to who runs a document, and
 * what is fetched whole from a server comes encoded, as does what a compressed stream brings.
 *
 * ```ts
 * serviceOf(shape, { workload, costs }).cpuMs('unchanged')
 * ```
 */
export function serviceOf(
  shape: Shape | undefined,
  { workload, costs }: { readonly workload: Workload; readonly costs: Costs },
): Service {
  const { documentBytes, encodedBytes, changedBytes, serverMbps, clientMbps, rttMs } = workload
  const { delta, applied, encoding } = costs.making ?? recordedMaking
  const deltas = sendsDeltas(shape, workload)
  // The files of a folder are what they are.
  const fetched = shape?.answers === 'static' ? documentBytes : Math.min(documentBytes, encodedBytes)
  const base64Bytes = Math.ceil(changedBytes / 3) * 4
  const takesGzip = shape?.type === 'stream' && shape.compressed
  /** Whether a frame with so many bytes of a document is long enough to be compressed. */
  const isCompressed = (carriedBytes: number): boolean =>
    takesGzip && costs.kinds.delivery.bytes + carriedBytes >= MIN_ENCODED_BYTES
  const carried: { readonly [K in Kind]?: number } = {
    snapshot: fetched,
    delta: changedBytes,
    delivery: isCompressed(documentBytes) ? Math.min(documentBytes, encodedBytes) : documentBytes,
    // Of base64, which it is for a stream is text, a compressor leaves about what the delta was.
    deltaDelivery: isCompressed(base64Bytes) ? changedBytes : base64Bytes,
  }
  const about = (kind: Kind) => ({ costs, documentBytes: carried[kind] ?? 0 })
  const sharing = sharingOf(costs)
  const workers = shape?.workers ?? 0
  const isCached = (kind: Kind): boolean =>
    shape?.snapshots === 'cache' && (kind === 'snapshot' || kind === 'delta')
  const inline = shape !== undefined && isInline(shape, documentBytes)
  const madeMs = (making: Making, bytes = documentBytes): number =>
    making.ms + (making.msPerKB * bytes) / 1_000
  /** What is compressed once for a change: what comes along, or what is fetched. */
  const compressedBytes = inline
    ? [deltas ? base64Bytes : documentBytes].find(isCompressed)
    : !deltas && fetched < documentBytes
      ? documentBytes
      : undefined
  const elsewhere = (kind: Kind): boolean => shape?.answers === 'static' || isCached(kind)
  const isShared = (kind: Kind): boolean => workers > 0 && REQUESTS.has(kind) && !elsewhere(kind)
  const cpuMs = (kind: Kind): number =>
    isCached(kind) ? 0 : serverMsOf(kind, about(kind)) + (isShared(kind) ? sharing.takenMs : 0)
  const bytes = (kind: Kind): number =>
    bytesOf(kind, about(kind)) + (takesGzip && !REQUESTS.has(kind) ? BLOCK_BYTES : 0)
  const deltaMs = deltas ? madeMs(delta) : 0
  const encodedMs = compressedBytes === undefined ? 0 : madeMs(encoding, compressedBytes)
  const lineMbps = serverMbps / Math.max(1, workers)
  const onLineMs = (kind: Kind, mbps: number): number => (bytes(kind) * 8) / (mbps * 1_000)
  const fetchedKind = deltas ? 'delta' : 'snapshot'
  const isFilled = shape?.snapshots === 'cache'
  const filledMs = (kind: Kind): number => serverMsOf(kind, about(kind))
  // Who starts without a document has nothing that a delta could lead from.
  const fillsWhole = deltas && !workload.keepsState && workload.restartsPerDay > 0

  const processes = processesOf(shape, workload)
  const streams = shape?.type === 'stream' ? onlineOf(workload) / processes : 0
  /** By how much a process is slower whose open streams take their share of its processor. */
  const slower = 1 / (1 - Math.min(BUSIEST, (streams * costs.streamMsPerSecond) / 1_000))
  const workedMs = (kind: Kind): number => slower * cpuMs(kind)
  const servedMs = (kind: Kind): number =>
    elsewhere(kind) ? 0 : Math.max(workedMs(kind), onLineMs(kind, lineMbps))
  let known: Steady | undefined
  const steady = (): Steady => {
    known ??= steadyOf(shape, { workload, workedMs, servedMs, sentMs: kind => onLineMs(kind, lineMbps) })
    return known
  }
  /**
   * What is written to all streams has what other work leaves of the processor, and of the line.
   */
  const fannedMs = (kind: Kind): number =>
    Math.max(workedMs(kind) / (1 - steady().working), onLineMs(kind, lineMbps) / (1 - steady().sending))

  // A folder is written once, whoever serves it.
  const serve = shape?.answers === 'static' ? 1 : processes
  // The servers that relays follow encode for them, and one of these writes the change.
  const origins = shape !== undefined && shape.relays > 0 ? workload.servers : 0
  const sharers = workers > 0 ? serversOf(shape, workload) : 0
  const writeMsOfAll = costs.changeMs + (serve + origins - 1 + sharers) * sharing.changeMs
  return {
    cpuMs,
    bytes,
    isCached,
    steady,
    changeMs: slower * (costs.changeMs + deltaMs + encodedMs),
    changeMsOfAll: writeMsOfAll + (origins > 0 ? origins : serve) * deltaMs + (serve + origins) * encodedMs,
    readMs: workers === 0 ? 0 : sharing.changeMs,
    looksMsPerSecond: workers * sharing.lookMsPerSecond,
    idleMsPerSecondOfAll:
      shape?.answers === 'static' ? 0 : (serversOf(shape, workload) + origins) * (costs.idleMsPerSecond ?? 0),
    sharedMs: kind =>
      isShared(kind) ? sharing.connectionMs + (kind === 'report' ? sharing.reportMs : 0) : 0,
    appliedMs: deltas ? madeMs(applied) : 0,
    occupiedMs: kind => (FAN_OUT.has(kind) ? fannedMs(kind) : servedMs(kind)),
    transferMs: kind =>
      Math.max(0, onLineMs(kind, clientMbps) - (elsewhere(kind) ? 0 : onLineMs(kind, lineMbps))),
    fillMs: isFilled
      ? REQUEST_TRIPS * rttMs +
        CACHE_PLACES * Math.max(slower * filledMs(fetchedKind), onLineMs(fetchedKind, lineMbps))
      : 0,
    fillCpuMs: isFilled
      ? CACHE_PLACES * (filledMs(fetchedKind) + (fillsWhole ? filledMs('snapshot') : 0))
      : 0,
  }
}
