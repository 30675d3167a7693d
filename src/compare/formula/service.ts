import { bytesOf, serverMsOf, type Costs, type Kind, type Making } from '../costs/costs.js'
import { recordedMaking } from '../costs/recorded.js'
import type { Shape } from '../shape.js'
import type { Workload } from '../workload.js'
import { isInline, sendsDeltas } from './counts.js'

/** What occupies a server for one event: the slower of its processor and its line. */
export interface Service {
  /** Processor time, in milliseconds. */
  cpuMs(kind: Kind): number
  /** Bytes on the wire, wherever they come from. */
  bytes(kind: Kind): number
  /** Whether a content delivery network sends it in the server's place. */
  isCached(kind: Kind): boolean
  /** How long the server is occupied, in milliseconds; none where somebody else answers. */
  occupiedMs(kind: Kind): number
  /**
   * What a change costs the server besides, once, in milliseconds: with the delta or the encoding
   * that is made for all.
   */
  readonly changeMs: number
  /** What a client needs to make the document of a delta, in milliseconds; 0 without deltas. */
  readonly appliedMs: number
}

/**
 * What events cost with a model: with deltas only what changed travels to who runs a document, and
 * what is fetched whole from a server comes encoded.
 *
 * ```ts
 * serviceOf(shape, { workload, costs }).cpuMs('unchanged')
 * ```
 */
export function serviceOf(
  shape: Shape | undefined,
  { workload, costs }: { readonly workload: Workload; readonly costs: Costs },
): Service {
  const { documentBytes, encodedBytes, changedBytes, serverMbps } = workload
  const { delta, applied, encoding } = costs.making ?? recordedMaking
  const deltas = sendsDeltas(shape, workload)
  // The files of a folder are what they are.
  const fetched = shape?.answers === 'static' ? documentBytes : Math.min(documentBytes, encodedBytes)
  const carried: { readonly [K in Kind]?: number } = {
    snapshot: fetched,
    delta: changedBytes,
    delivery: documentBytes,
    // As base64, since a stream is text.
    deltaDelivery: Math.ceil(changedBytes / 3) * 4,
  }
  const about = (kind: Kind) => ({ costs, documentBytes: carried[kind] ?? 0 })
  const isCached = (kind: Kind): boolean =>
    shape?.snapshots === 'cache' && (kind === 'snapshot' || kind === 'delta')
  const encodes =
    !deltas && fetched < documentBytes && !(shape !== undefined && isInline(shape, documentBytes))
  const madeMs = (making: Making): number => making.ms + (making.msPerKB * documentBytes) / 1_000
  const elsewhere = (kind: Kind): boolean => shape?.answers === 'static' || isCached(kind)
  const cpuMs = (kind: Kind): number => (isCached(kind) ? 0 : serverMsOf(kind, about(kind)))
  const bytes = (kind: Kind): number => bytesOf(kind, about(kind))
  return {
    cpuMs,
    bytes,
    isCached,
    changeMs: costs.changeMs + (deltas ? madeMs(delta) : encodes ? madeMs(encoding) : 0),
    appliedMs: deltas ? madeMs(applied) : 0,
    occupiedMs: kind =>
      elsewhere(kind) ? 0 : Math.max(cpuMs(kind), (bytes(kind) * 8) / (serverMbps * 1_000)),
  }
}
