import { createSaver } from '../../async/saver.js'
import type { Digest, Namespace } from '../../contracts/names.js'
import type { Logger } from '../../contracts/system.js'
import type { SavedState, StateStorage } from '../../contracts/state.js'
import { codeOf } from '../../core/code-of.js'

/**
 * Keeps a client's state on disk, one write at a time and only the newest. Trouble with the disk is
 * a warning and never stops a client.
 */
export interface StateWriter {
  /** What is known now. */
  readonly state: SavedState
  /** Changes what is known, and writes it: first the snapshot that it names, if one is given. */
  update(change: Partial<SavedState>, snapshot?: SnapshotBytes): void
  /** Resolves when all that is known is written, or could not be. */
  flush(): Promise<void>
  /** Whether the last write succeeded: whether a restart would find what runs. */
  readonly protects: boolean
}

/** A snapshot as it travels. */
export interface SnapshotBytes {
  readonly digest: Digest
  readonly bytes: Uint8Array
}

export interface StateWriterOptions {
  readonly storage: StateStorage | undefined
  readonly namespace: Namespace
  readonly instanceId: string
  readonly logger: Logger
  /** What is known already, newer than what the storage holds. */
  readonly before?: SavedState | undefined
}

/**
 * Makes a {@link StateWriter}, starting from what the storage holds. Without one it keeps in memory
 * only.
 */
export async function openStateWriter(options: StateWriterOptions): Promise<StateWriter> {
  const { storage, namespace, instanceId, logger, before } = options
  /** Snapshots that the state names and that are not on disk yet. */
  const unwritten = new Map<Digest, Uint8Array>()
  let state: SavedState = before ?? { good: [], refused: [] }
  let protects = false

  const complain = (what: string, error: unknown): void => {
    protects = false
    logger.warn(`${what}; the client goes on, but a restart may not find what runs now`, {
      namespace,
      code: codeOf(error),
    })
  }
  if (storage !== undefined && before === undefined) {
    try {
      const loaded = await storage.load({ namespace })
      state = loaded.state
      protects = true
      for (const warning of loaded.warnings) logger.warn(`state folder: ${warning}`, { namespace })
    } catch (error) {
      complain('the state folder cannot be read', error)
    }
  }

  const write = async (to: StateStorage): Promise<void> => {
    // A state is written with the snapshots that it names, whatever becomes known meanwhile.
    const saving = state
    const kept = await writeSnapshots([...unwritten], to)
    try {
      await to.save({ namespace, instanceId, state: saving })
      protects = kept
    } catch (error) {
      complain('the state folder cannot be written', error)
    }
  }

  /** Whether all could be written. */
  const writeSnapshots = async (
    snapshots: readonly (readonly [Digest, Uint8Array])[],
    to: StateStorage,
  ): Promise<boolean> => {
    let all = true
    for (const [digest, bytes] of snapshots) {
      try {
        await to.writeSnapshot({ namespace, digest, bytes })
        unwritten.delete(digest)
      } catch (error) {
        // It is tried again with the next write, for as long as the state names it.
        complain('the state folder cannot keep a snapshot', error)
        all = false
      }
    }
    return all
  }

  const forgetUnnamed = (): void => {
    const named = new Set([state.current, ...state.good].map(saved => saved?.digest))
    for (const digest of unwritten.keys()) if (!named.has(digest)) unwritten.delete(digest)
  }

  const saver = storage && createSaver(() => write(storage))

  return {
    get state() {
      return state
    },
    get protects() {
      return protects
    },
    update(change, snapshot) {
      state = { ...state, ...change }
      if (storage === undefined) return
      if (snapshot !== undefined) unwritten.set(snapshot.digest, snapshot.bytes)
      forgetUnnamed()
      saver?.soon()
    },
    flush: () => saver?.settled() ?? Promise.resolve(),
  }
}
