// A board whose truth is a folder, followed into a key-value store that the clients read:
// `node main.mjs`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, createPublisher, everyone, hybrid } from 'noticeboard'
import { fileStore } from 'noticeboard/node'
import { readService, withPoolSize } from '../configs/documents.mjs'
import { serviceSchema as schema } from '../configs/schemas.mjs'
import { kv } from './kv.mjs'
import { kvInMemory } from './kv-in-memory.mjs'

const namespace = 'checkout/prod'
const folder = mkdtempSync(join(tmpdir(), 'own-transport-'))
const store = fileStore(folder)
const connection = kvInMemory()

const publisher = createPublisher({ namespace, schema, store, mirrors: [kv(connection)] })
await publisher.publish(readService(), { reason: 'the first version' })

const config = await createClient({ namespace, schema, strategy: hybrid(kv(connection)) }).ready()
console.log(`the pool has ${config.current.pool.size} connections`)

const changed = new Promise(resolve => config.on('change', ({ current }) => resolve(current.pool.size)))
await publisher.publish(withPoolSize(readService(), 80), { rollout: everyone(), reason: 'a busy day' })
console.log(`now it has ${await changed}`)

await config.close()
await publisher.close()
await store.close()
rmSync(folder, { recursive: true })
