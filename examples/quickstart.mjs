// A configuration that changes while the program runs: `node examples/quickstart.mjs`.
import { createClient, createPublisher, everyone, http, httpStore, hybrid } from 'noticeboard'
import { fileStore } from 'noticeboard/node'
import { serve } from 'noticeboard/server'
import * as z from 'zod'

const namespace = 'checkout/prod'
const schema = z.object({ pool: z.object({ size: z.number().int().min(1).max(1000) }) })
const server = await serve(fileStore('board'), { tokenFile: 'board/private/token' })

const store = httpStore(server.url, { token: server.token })
const publisher = createPublisher({ namespace, schema, store })
await publisher.publish({ pool: { size: 10 } }, { rollout: everyone(), reason: 'the first version' })

const config = await createClient({ namespace, schema, strategy: hybrid(http(server.url)) }).ready()
config.select(({ pool }) => pool.size).subscribe(size => console.log(`the pool has ${size} connections`))

await publisher.publish({ pool: { size: 200 } }, { rollout: everyone(), reason: 'the sale begins' })
