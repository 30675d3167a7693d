import { bytesOf, serverMsOf, type Costs, type Kind } from '../costs/costs.js'
import type { Shape } from '../shape.js'
import type { Workload } from '../workload.js'

/** What occupies a server for one event: the slower of its processor and its line. */
export interface Service {
  /** Processor time, in milliseconds. */
  cpuMs(kind: Kind): number
  /** Bytes on the wire, wherever they come from. */
  bytes(kind: Kind): number
  /** How long the server is occupied, in milliseconds; none where somebody else answers. */
  occupiedMs(kind: Kind): number
}

/**
 * What events cost with a model: with deltas only what changed travels, and what is fetched from a
 * server comes encoded.
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
  const plain = shape?.deltas === true ? Math.min(documentBytes, changedBytes) : documentBytes
  // The files of a folder are what they are.
  const fetched = shape?.answers === 'static' ? plain : Math.min(plain, encodedBytes)
  const about = (kind: Kind) => ({ costs, documentBytes: kind === 'snapshot' ? fetched : plain })
  const elsewhere = (kind: Kind): boolean =>
    shape?.answers === 'static' || (shape?.snapshots === 'cache' && kind === 'snapshot')
  const cpuMs = (kind: Kind): number =>
    shape?.snapshots === 'cache' && kind === 'snapshot' ? 0 : serverMsOf(kind, about(kind))
  const bytes = (kind: Kind): number => bytesOf(kind, about(kind))
  return {
    cpuMs,
    bytes,
    occupiedMs: kind =>
      elsewhere(kind) ? 0 : Math.max(cpuMs(kind), (bytes(kind) * 8) / (serverMbps * 1_000)),
  }
}
