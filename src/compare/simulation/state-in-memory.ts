import type { SavedState, StateStorage } from '../../contracts/state.js'

/** The disk of one simulated client: what it kept outlives its processes, and takes no time. */
export function stateInMemory(): StateStorage {
  let kept: SavedState = { good: [], refused: [] }
  const snapshots = new Map<string, Uint8Array>()
  return {
    clientId: proposed => Promise.resolve(proposed),
    load: () => Promise.resolve({ state: kept, warnings: [] }),
    async save({ state }) {
      kept = state
    },
    readSnapshot: ({ digest }) => Promise.resolve(snapshots.get(digest)),
    async writeSnapshot({ digest, bytes }) {
      snapshots.set(digest, bytes)
    },
  }
}
