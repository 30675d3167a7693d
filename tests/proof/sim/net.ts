import type { Fetch } from '../../../src/contracts/system.js'
import { copyBytes } from '../../../src/core/json/text.js'
import { simFetch, type NetworkContext, type SimServer } from '../../../src/sim/network.js'

/** The largest snapshot that readers of the simulation take, in bytes. */
export const MAX_SNAPSHOT_BYTES = 65_536

/** A server of the simulated fleet. */
export interface Host extends SimServer {
  /** Whether it passes on what another server gives. */
  readonly relay: boolean
  readonly close: () => Promise<void>
}

/**
 * The `fetch` of one process, over a link whose mangling proxy knows the documents of the
 * simulation.
 */
export function fetchOver(context: NetworkContext<Host>): Fetch {
  return simFetch({ ...context, damage: mangled })
}

/** Damage that only a digest shows where there is one, and that nobody can read elsewhere. */
function mangled(bytes: Uint8Array): Uint8Array {
  const copy = copyBytes(bytes)
  const filler = copy.lastIndexOf(120)
  const at = copy[0] === 123 && copy[1] === 34 && copy[2] === 110 && filler > 0 ? filler : 0
  copy[at] = at === 0 ? 33 : 121
  return copy
}
