import type { Key, StoreEngine } from '../../src/transports/store/engine.js'
import { memoryEngine } from '../../src/transports/store/memory-engine.js'

/** An engine of which a copy can be taken, and put back under whoever uses it. */
export interface GoingBack extends StoreEngine {
  /** What it holds now. */
  contents(): Promise<ReadonlyMap<Key, Uint8Array>>
  /** Makes it hold that and nothing else. */
  putBack(copied: ReadonlyMap<Key, Uint8Array>): Promise<void>
}

const never = new AbortController().signal

/** Makes one, in memory. */
export function goingBack(): GoingBack {
  const engine = memoryEngine('going back')

  const contents = async (): Promise<Map<Key, Uint8Array>> => {
    const found = new Map<Key, Uint8Array>()
    for (const prefix of ['board/', 'private/', 'reports/'])
      for (const key of await engine.list({ prefix, limit: 10_000 }, never)) {
        const [entry] = await engine.read([key], never)
        if (entry !== undefined) found.set(key, entry.value)
      }
    return found
  }
  return {
    ...engine,
    contents,
    async putBack(copied) {
      for (const key of (await contents()).keys())
        await engine.write({ if: [], put: [], remove: [key] }, never)
      for (const [key, value] of copied)
        await engine.write({ if: [], put: [{ key, value }], remove: [] }, never)
    },
  }
}
