import { createSaver, type Saver } from '../../async/saver.js'
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
  const { storage, before } = options
  if (storage === undefined) return new Memory(before ?? NOTHING_KEPT)
  const keeper = new Keeper(storage, options)
  if (before === undefined) await keeper.load()
  return keeper
}

const NOTHING_KEPT: SavedState = { good: [], refused: [] }

/** Without a storage. */
class Memory implements StateWriter {
  state: SavedState
  readonly protects = false

  constructor(state: SavedState) {
    this.state = state
  }

  update(change: Partial<SavedState>): void {
    this.state = { ...this.state, ...change }
  }

  async flush(): Promise<void> {}
}

class Keeper implements StateWriter {
  state: SavedState
  protects = false
  readonly #storage: StateStorage
  readonly #options: StateWriterOptions
  /** Snapshots that the state names and that are not on disk yet. */
  readonly #unwritten = new Map<Digest, Uint8Array>()
  readonly #saver: Saver = createSaver(() => this.#write())

  constructor(storage: StateStorage, options: StateWriterOptions) {
    this.#storage = storage
    this.#options = options
    this.state = options.before ?? NOTHING_KEPT
  }

  async load(): Promise<void> {
    const { namespace, logger } = this.#options
    try {
      const { state, warnings } = await this.#storage.load({ namespace })
      this.state = state
      this.protects = true
      for (const warning of warnings) logger.warn(`state folder: ${warning}`, { namespace })
    } catch (error) {
      this.#complain('the state folder cannot be read', error)
    }
  }

  update(change: Partial<SavedState>, snapshot?: SnapshotBytes): void {
    this.state = { ...this.state, ...change }
    if (snapshot !== undefined) this.#unwritten.set(snapshot.digest, snapshot.bytes)
    this.#forgetUnnamed()
    this.#saver.soon()
  }

  flush(): Promise<void> {
    return this.#saver.settled()
  }

  async #write(): Promise<void> {
    const { namespace, instanceId } = this.#options
    // A state is written with the snapshots that it names, whatever becomes known meanwhile.
    const saving = this.state
    const kept = await this.#writeSnapshots([...this.#unwritten])
    try {
      await this.#storage.save({ namespace, instanceId, state: saving })
      this.protects = kept
    } catch (error) {
      this.#complain('the state folder cannot be written', error)
    }
  }

  /** Whether all could be written. */
  async #writeSnapshots(snapshots: readonly (readonly [Digest, Uint8Array])[]): Promise<boolean> {
    const { namespace } = this.#options
    let all = true
    for (const [digest, bytes] of snapshots) {
      try {
        await this.#storage.writeSnapshot({ namespace, digest, bytes })
        this.#unwritten.delete(digest)
      } catch (error) {
        // It is tried again with the next write, for as long as the state names it.
        this.#complain('the state folder cannot keep a snapshot', error)
        all = false
      }
    }
    return all
  }

  #forgetUnnamed(): void {
    const named = new Set([this.state.current, ...this.state.good].map(saved => saved?.digest))
    for (const digest of this.#unwritten.keys()) if (!named.has(digest)) this.#unwritten.delete(digest)
  }

  #complain(what: string, error: unknown): void {
    const { namespace, logger } = this.#options
    this.protects = false
    logger.warn(`${what}; the client goes on, but a restart may not find what runs now`, {
      namespace,
      code: codeOf(error),
    })
  }
}
