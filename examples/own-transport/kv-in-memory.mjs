// Stands for the driver of a real key-value store, so that the example runs by itself.

/** @returns {import('./kv.mjs').KvConnection} */
export function kvInMemory() {
  /** @type {Map<string, { value: Uint8Array, revision: number }>} */
  const entries = new Map()
  /** @type {Set<(change: { key: string, value: Uint8Array }) => void>} */
  const watchers = new Set()
  let revision = 0

  return {
    get: async key => entries.get(key),
    async put(key, value, expected) {
      if (expected !== undefined && expected !== (entries.get(key)?.revision ?? 0)) return false
      revision += 1
      entries.set(key, { value, revision })
      for (const tell of watchers) tell({ key, value })
      return true
    },
    watch(keys, signal) {
      /** @type {{ key: string, value: Uint8Array }[]} */
      const waiting = []
      let wake = () => {}
      const tell = (/** @type {{ key: string, value: Uint8Array }} */ change) => {
        if (keys.includes(change.key)) waiting.push(change)
        wake()
      }
      watchers.add(tell)
      return (async function* () {
        const end = () => wake()
        signal.addEventListener('abort', end)
        try {
          while (!signal.aborted) {
            const change = waiting.shift()
            if (change !== undefined) yield change
            else await new Promise(resolve => (wake = () => resolve(undefined)))
          }
        } finally {
          signal.removeEventListener('abort', end)
          watchers.delete(tell)
        }
      })()
    },
  }
}
