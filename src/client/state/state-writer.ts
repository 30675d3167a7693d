import type { Namespace } from '../../contracts/names.js'
import type { Logger } from '../../contracts/system.js'
import type { Digest } from '../../contracts/names.js'
import type { SavedSnapshot, SavedState, StateStorage } from '../../contracts/state.js'

/** How many last-known-good snapshots are kept. */
const GENERATIONS = 3

/** Keeps a client's state on disk, one write at a time; trouble with the disk is a warning and never stops a client. */
export interface Keeper {
  /** What is known now. */
  readonly state: SavedState
  /** Changes what is known and writes it; resolves when this change, or a later one, is durable or has failed. */
  update(change: Partial<SavedState>): Promise<void>
  /** Writes a snapshot, so that a state may name it. */
  writeSnapshot(digest: Digest, bytes: Uint8Array): Promise<void>
  /** Whether the last write succeeded: whether a restart would find what ran. */
  readonly protects: boolean
}

export interface KeeperOptions {
  readonly folder: StateStorage | undefined
  readonly namespace: Namespace
  readonly instanceId: string
  readonly logger: Logger
}

/** Makes a {@link Keeper}, starting from what the folder holds. Without a folder it keeps in memory only. */
export async function openKeeper({ folder, namespace, instanceId, logger }: KeeperOptions): Promise<Keeper> {
  let state: SavedState = { good: [], refused: [] }
  let protects = false
  let writing: Promise<void> | undefined
  let again = false

  const complain = (what: string, error: unknown): void => {
    protects = false
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
    logger.warn(`${what}; the client goes on, but a restart may not find what runs now`, { namespace, code })
  }
  if (folder !== undefined) {
    try {
      const loaded = await folder.load({ namespace })
      state = loaded.state
      protects = true
      for (const warning of loaded.warnings) logger.warn(`state folder: ${warning}`, { namespace })
    } catch (error) {
      complain('the state folder cannot be read', error)
    }
  }

  const writeAll = async (): Promise<void> => {
    do {
      again = false
      try {
        await folder?.save({ namespace, instanceId, state })
        protects = folder !== undefined
      } catch (error) {
        complain('the state folder cannot be written', error)
      }
    } while (again)
    writing = undefined
  }

  return {
    get state() {
      return state
    },
    get protects() {
      return protects
    },
    update(change) {
      state = { ...state, ...change }
      if (folder === undefined) return Promise.resolve()
      if (writing !== undefined) again = true
      else writing = writeAll()
      return writing
    },
    async writeSnapshot(digest, bytes) {
      try {
        await folder?.writeSnapshot({ namespace, digest, bytes })
      } catch (error) {
        complain('the state folder cannot keep a snapshot', error)
      }
    },
  }
}

/** Last-known-good with one more generation in front, each digest once. */
export function withGood(good: readonly SavedSnapshot[], earned: SavedSnapshot): readonly SavedSnapshot[] {
  return [earned, ...good.filter(({ digest }) => digest !== earned.digest)].slice(0, GENERATIONS)
}
