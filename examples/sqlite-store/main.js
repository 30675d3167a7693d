// A publisher and a client that share a file, each with a connection of its own: `node main.js`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { createClient, createPublisher, everyone, hybrid } from 'noticeboard'
import { z } from 'zod'
import { sqliteStore } from './sqlite-store.js'

const namespace = 'checkout/prod'
const schema = z.object({ pool: z.object({ size: z.number().int() }) })
const folder = mkdtempSync(join(tmpdir(), 'sqlite-store-'))

/** A connection whose commits survive a power cut; in WAL mode readers do not wait for writers. */
const connect = () => {
  const database = new Database(join(folder, 'board.db'))
  database.pragma('journal_mode = WAL')
  database.pragma('synchronous = FULL')
  return database
}

const writing = connect()
const publisher = createPublisher({ namespace, schema, store: sqliteStore(writing) })
await publisher.publish({ pool: { size: 10 } }, { reason: 'the first version' })

const reading = connect()
const strategy = hybrid(sqliteStore(reading, { checkIntervalMs: 200 }))
const config = await createClient({ namespace, schema, strategy }).ready()
console.log(`the pool has ${config.current.pool.size} connections`)

const changed = new Promise(resolve => config.on('change', ({ current }) => resolve(current.pool.size)))
await publisher.publish({ pool: { size: 80 } }, { rollout: everyone(), reason: 'a busy day' })
console.log(`now it has ${await changed}`)

await config.close()
await publisher.close()
reading.close()
writing.close()
rmSync(folder, { recursive: true })
