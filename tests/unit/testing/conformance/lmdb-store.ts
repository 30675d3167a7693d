import { open, type RootDatabase } from 'lmdb'
import { prefixEnd, storeFrom } from '../../../../src/core.js'
import type { CompleteStore, Condition, StoreEngine, StoreOptions } from '../../../../src/core.js'

/** A store in a file, for all processes of one machine. Close it when it is no longer needed. */
export function lmdbStore(
  path: string,
  options: StoreOptions = {},
): CompleteStore & { close(): Promise<void> } {
  const database = openDatabase(path)
  return Object.assign(storeFrom(lmdbEngine(database), options), { close: () => database.close() })
}

type Database = RootDatabase<Uint8Array, string>

export const openDatabase = (path: string): Database => open({ path, encoding: 'binary', useVersions: true })

export function lmdbEngine(database: Database): StoreEngine {
  const holds = (condition: Condition): boolean => {
    const version = database.getEntry(condition.key)?.version
    if (condition.type === 'unchanged') return String(version) === condition.version
    return (version === undefined) === (condition.type === 'absent')
  }

  return {
    name: 'lmdb',
    durability: 'single',
    atomic: 'batch',

    async read(keys) {
      // A look at the database is kept for a moment, and passes over what others wrote since.
      database.resetReadTxn()
      return keys.map(key => {
        const entry = database.getEntry(key)
        return entry && { value: entry.value, version: String(entry.version) }
      })
    },

    async write(batch) {
      const outcome = await database.transaction(() => {
        if (!batch.if.every(holds)) return 'refused'
        // Counted over all keys, so that a key that was removed never gets an old version again.
        const version = (database.getEntry('batches')?.version ?? 0) + 1
        database.putSync('batches', new Uint8Array(), version)
        for (const { key, value } of batch.put) database.putSync(key, value, version)
        for (const key of batch.remove) database.removeSync(key)
        return 'written'
      })
      await database.flushed
      return outcome
    },

    async list({ prefix, before, limit }) {
      database.resetReadTxn()
      const start = before ?? prefixEnd(prefix)
      const keys = [...database.getKeys({ start, reverse: true, limit: limit + 1 })]
      return keys.filter(key => key.startsWith(prefix) && key !== before).slice(0, limit)
    },
  }
}
