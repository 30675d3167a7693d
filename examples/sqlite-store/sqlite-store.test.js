// The kit, run with node:test; docs/writing-a-transport.md shows it with vitest as well.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import Database from 'better-sqlite3'
import { storeCases } from 'noticeboard/testing'
import { sqliteStore } from './sqlite-store.js'

async function open() {
  const folder = await mkdtemp(join(tmpdir(), 'sqlite-store-'))
  const path = join(folder, 'board.db')
  /** @type {Database[]} */
  const databases = []
  const handle = (options = {}) => {
    const database = new Database(path, options)
    databases.push(database)
    return sqliteStore(database, { checkIntervalMs: 20 })
  }
  return {
    store: handle(),
    another: async () => handle(),
    reopen: async () => handle(),
    stranger: async () => handle({ readonly: true }),
    async damage({ digest }) {
      const changed = databases[0].prepare('UPDATE noticeboard SET value = ? WHERE key LIKE ?')
      changed.run(Buffer.from('{'), `%${digest}%`)
    },
    async close() {
      for (const database of databases) database.close()
      await rm(folder, { recursive: true })
    },
  }
}

const without = {
  cut: 'a file has no connection to lose',
  freeze: 'there is no server that could go silent',
  silence: 'SQLite does not notify; the database is looked at',
  marks: 'the store sends none',
}

void describe('sqliteStore()', () => {
  for (const { name, skip, run } of storeCases(open, { without }))
    void test(name, { skip: skip ?? false }, () => run())
})
