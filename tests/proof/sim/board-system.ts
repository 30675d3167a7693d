import type { SimProcess, SimSystem } from '../../../src/sim/process.js'

/**
 * The system of a process that keeps a board: what only takes up room is not drawn byte by byte.
 */
export function boardSystem({ system }: SimProcess): SimSystem {
  const { random } = system
  return {
    ...system,
    random: {
      ...random,
      bytes: length => (length > 1_024 ? new Uint8Array(length) : random.bytes(length)),
    },
  }
}
