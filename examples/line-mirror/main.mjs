// A publisher whose truth is a folder, a line server that follows it, and a client that reads
// there: `node main.mjs`.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClient, createPublisher, everyone, hybrid } from 'noticeboard'
import { fileStore } from 'noticeboard/node'
import { z } from 'zod'
import { boardServer } from './board-server.mjs'
import { lineMirror } from './line-mirror.mjs'

const namespace = 'checkout/prod'
const schema = z.object({ pool: z.object({ size: z.number().int() }) })
const folder = mkdtempSync(join(tmpdir(), 'line-mirror-'))
const store = fileStore(folder)
const server = await boardServer({ token: 'secret' })

const mirrors = [lineMirror({ port: server.port, token: 'secret' })]
const publisher = createPublisher({ namespace, schema, store, mirrors })
await publisher.publish({ pool: { size: 10 } }, { reason: 'the first version' })

const strategy = hybrid(lineMirror({ port: server.port }))
const config = await createClient({ namespace, schema, strategy }).ready()
console.log(`the pool has ${config.current.pool.size} connections`)

const changed = new Promise(resolve => config.on('change', ({ current }) => resolve(current.pool.size)))
await publisher.publish({ pool: { size: 80 } }, { rollout: everyone(), reason: 'a busy day' })
console.log(`now it has ${await changed}`)

await config.close()
await publisher.close()
await store.close()
await server.close()
rmSync(folder, { recursive: true })
