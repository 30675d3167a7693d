import type { System } from '../contracts/system.js'
import { checkOptions } from '../core/options.js'
import type { CompleteStore } from '../contracts/transport.js'
import { memoryEngine } from './store/memory-engine.js'
import { storeFrom } from './store/store-from.js'

/** Everything has a default. */
export interface MemoryOptions {
  /** For people. Default `memory`. */
  readonly name?: string
  /**
   * How often watches say `alive`, in milliseconds. Default: they say nothing, and strategies ask
   * by themselves.
   */
  readonly heartbeatMs?: number
  /** The largest snapshot that is taken, in bytes. Default 1,048,576. */
  readonly maxSnapshotBytes?: number
  /** Time, chance, hashing and the process, for tests and simulation. Default: the machine's. */
  readonly system?: Partial<System>
}

/** A store in this process: complete, with notifications and reports. */
export interface MemoryStore extends CompleteStore {
  readonly durability: 'may-lose'
  readonly local: true
}

/**
 * A store, a notifier and a place for reports, all in this process's memory: for tests, for
 * demonstrations, and for one process that publishes to itself. What it holds ends with the
 * process. Nothing needs to be closed. Throws `invalid-option`.
 *
 * ```ts
 * const store = memory()
 * const publisher = createPublisher({ namespace: 'checkout/prod', schema, store })
 * ```
 */
export function memory(options: MemoryOptions = {}): MemoryStore {
  checkOptions('memory()', options, { name: true, heartbeatMs: true, maxSnapshotBytes: true, system: true })
  const { name = 'memory', ...rest } = options
  const store = storeFrom(memoryEngine(name), {
    ...rest,
    // Nothing is lost between here and there, and every call is answered.
    timeoutMs: Number.POSITIVE_INFINITY,
    checkIntervalMs: Number.POSITIVE_INFINITY,
    reportTtlMs: Number.MAX_SAFE_INTEGER,
  })
  return { ...store, durability: 'may-lose', local: true }
}
