import { NoticeboardError, prefixEnd, storeFrom } from 'noticeboard/core'

/**
 * What is called of a connection of better-sqlite3.
 *
 * @typedef {object} Database
 * @property {(sql: string) => unknown} exec
 * @property {(sql: string) => Statement} prepare
 * @property {(name: string, options: { simple: true }) => unknown} pragma
 * @property {<T>(work: () => T) => { immediate(): T }} transaction
 */

/**
 * @typedef {object} Statement
 * @property {(...values: unknown[]) => unknown} run
 * @property {(...values: unknown[]) => unknown} get
 * @property {(...values: unknown[]) => unknown[]} all
 */

/**
 * A store in a database of SQLite, for all processes of one machine. The connection is the caller's,
 * and so is closing it. What other connections wrote is seen every `checkIntervalMs`.
 *
 * ```js
 * const store = sqliteStore(new Database('board.db'), { checkIntervalMs: 500 })
 * ```
 *
 * @param {Database} database
 * @param {import('noticeboard/core').StoreOptions} [options]
 */
export function sqliteStore(database, options) {
  return storeFrom(sqliteEngine(database), options)
}

/**
 * What `storeFrom` makes a store of; the kit tries it by itself.
 *
 * @param {Database} database
 * @returns {import('noticeboard/core').StoreEngine}
 */
export function sqliteEngine(database) {
  /** @type {Map<string, Statement>} */
  const prepared = new Map()
  /** @param {string} sql */
  const statement = sql => {
    const found = prepared.get(sql) ?? database.prepare(sql)
    prepared.set(sql, found)
    return found
  }

  /** @param {string} key */
  const entryAt = key => {
    const row = statement('SELECT value, revision FROM noticeboard WHERE key = ?').get(key)
    const { value, revision } = /** @type {{ value?: Uint8Array, revision?: number }} */ (row ?? {})
    return value && { value, version: String(revision) }
  }

  /** @param {import('noticeboard/core').Condition} condition */
  const holds = condition => {
    const entry = entryAt(condition.key)
    if (condition.type === 'unchanged') return entry?.version === condition.version
    return (entry === undefined) === (condition.type === 'absent')
  }

  return {
    name: 'sqlite',
    durability: 'single',
    atomic: 'batch',

    async open() {
      return told(() => {
        // A replaced row gets a new revision, and AUTOINCREMENT never gives one twice.
        database.exec(`CREATE TABLE IF NOT EXISTS noticeboard (
          revision INTEGER PRIMARY KEY AUTOINCREMENT, key TEXT NOT NULL UNIQUE, value BLOB NOT NULL)`)
        const full = Number(database.pragma('synchronous', { simple: true })) >= 2
        const journal = String(database.pragma('journal_mode', { simple: true }))
        return { durability: full && journal !== 'memory' && journal !== 'off' ? 'single' : 'may-lose' }
      })
    },

    async read(keys) {
      return told(() => keys.map(entryAt))
    },

    async write(batch) {
      const transaction = database.transaction(() => {
        if (!batch.if.every(holds)) return 'refused'
        for (const { key, value } of batch.put)
          statement('REPLACE INTO noticeboard (key, value) VALUES (?, ?)').run(key, value)
        for (const key of batch.remove) statement('DELETE FROM noticeboard WHERE key = ?').run(key)
        return 'written'
      })
      // `immediate` takes the lock before the conditions are looked at.
      return told(() => transaction.immediate())
    },

    async list({ prefix, before = prefixEnd(prefix), limit }) {
      const sql = 'SELECT key FROM noticeboard WHERE key >= ? AND key < ? ORDER BY key DESC LIMIT ?'
      const rows = told(() => statement(sql).all(prefix, before, limit))
      return rows.map(row => /** @type {{ key: string }} */ (row).key)
    },
  }
}

/**
 * What SQLite refuses is told from what could not be reached; `storeFrom` does the rest.
 *
 * @template T
 * @param {() => T} work
 * @returns {T}
 */
function told(work) {
  try {
    return work()
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : ''
    if (code.startsWith('SQLITE_READONLY'))
      throw new NoticeboardError('forbidden', 'the database may only be read', { cause: error })
    throw error
  }
}
