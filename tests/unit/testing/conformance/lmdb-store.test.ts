import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { engineCases, storeCases } from '../../../../src/testing/index.js'
import { lmdbEngine, lmdbStore, openDatabase } from './lmdb-store.js'

/**
 * Handles on one file. One that is not closed is like a process that was killed: only the file
 * counts.
 */
async function file<Handle>(open: (path: string) => { handle: Handle; close(): Promise<void> }) {
  const folder = await mkdtemp(join(tmpdir(), 'lmdb-store-'))
  const ends: (() => Promise<void>)[] = []
  const handle = () => {
    const opened = open(join(folder, 'board'))
    ends.push(opened.close)
    return opened.handle
  }
  return {
    first: handle(),
    another: async () => handle(),
    reopen: async () => handle(),
    async close() {
      for (const end of ends) await end()
      await rm(folder, { recursive: true })
    },
  }
}

const engines = engineCases(
  async () => {
    const { first, ...hooks } = await file(path => {
      const database = openDatabase(path)
      return { handle: lmdbEngine(database), close: () => database.close() }
    })
    return { engine: first, ...hooks }
  },
  { without: { listen: 'a file does not notify; it is looked at' } },
)

const stores = storeCases(
  async () => {
    const { first, ...hooks } = await file(path => {
      const store = lmdbStore(path, { checkIntervalMs: 20 })
      return { handle: store, close: () => store.close() }
    })
    return { store: first, ...hooks }
  },
  {
    without: {
      cut: 'a file has no connection to lose',
      freeze: 'there is no server that could go silent',
      silence: 'a file does not notify; it is looked at',
      damage: 'tried with another store',
      stranger: 'the modes of the file decide who may write',
      marks: 'the store sends none',
    },
  },
)

describe('lmdbStore()', () => {
  for (const { name, skip, run } of [...engines, ...stores]) {
    if (skip === undefined) test(name, run, 60_000)
    else test.skip(`${name} (${skip})`)
  }
})
