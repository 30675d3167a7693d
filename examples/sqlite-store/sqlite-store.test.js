// The kit, run with node:test; docs/writing-a-transport.md shows it with vitest as well.
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import Database from 'better-sqlite3'
import { engineCases, storeCases } from 'noticeboard/testing'
import { sqliteEngine, sqliteStore } from './sqlite-store.js'

/**
 * Handles on one database, each with a connection of its own.
 *
 * @template Handle
 * @param {(database: Database) => Handle} over
 */
async function connect(over) {
  const folder = await mkdtemp(join(tmpdir(), 'sqlite-store-'))
  const path = join(folder, 'board.db')
  /** @type {Database[]} */
  const databases = []
  const handle = (options = {}) => {
    const database = new Database(path, options)
    databases.push(database)
    return over(database)
  }
  return {
    first: handle(),
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

async function openEngine() {
  const { first, another, reopen, close } = await connect(sqliteEngine)
  return { engine: first, another, reopen, close }
}

async function openStore() {
  const { first, ...hooks } = await connect(database => sqliteStore(database, { checkIntervalMs: 20 }))
  return { store: first, ...hooks }
}

const mute = 'SQLite does not notify; the database is looked at'
const without = {
  cut: 'a file has no connection to lose',
  freeze: 'there is no server that could go silent',
  silence: mute,
  marks: 'the store sends none',
}

void describe('sqliteEngine()', () => {
  for (const { name, skip, run } of engineCases(openEngine, { without: { listen: mute } }))
    void test(name, { skip: skip ?? false }, () => run())
})

void describe('sqliteStore()', () => {
  for (const { name, skip, run } of storeCases(openStore, { without }))
    void test(name, { skip: skip ?? false }, () => run())
})
