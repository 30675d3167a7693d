import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, test } from 'vitest'
import { storeCases } from '../../../../src/testing/index.js'
import { lmdbStore } from './lmdb-store.js'

const cases = storeCases(
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'lmdb-store-'))
    const stores: ReturnType<typeof lmdbStore>[] = []
    const handle = () => {
      const store = lmdbStore(join(folder, 'board'), { checkIntervalMs: 20 })
      stores.push(store)
      return store
    }
    return {
      store: handle(),
      another: async () => handle(),
      // A handle that is not closed is like a process that was killed: only the file counts.
      reopen: async () => handle(),
      async close() {
        for (const store of stores) await store.close()
        await rm(folder, { recursive: true })
      },
    }
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
  for (const { name, skip, run } of cases) {
    if (skip === undefined) test(name, run, 60_000)
    else test.skip(`${name} (${skip})`)
  }
})
