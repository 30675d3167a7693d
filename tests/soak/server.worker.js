// A server in a process of its own, which publishes when it is told to, and says what it costs.
import { createPublisher, everyone } from 'noticeboard'
import { fileStore } from 'noticeboard/node'
import { serve } from 'noticeboard/server'
import { measure } from './measure.js'

/** @type {import('./run-soak.js').ServerSettings} */
const { folder, namespace } = JSON.parse(process.argv[2] ?? '{}')
process.on('disconnect', () => process.exit())

const schema = /** @type {const} */ ({
  '~standard': { version: 1, vendor: 'soak', validate: (/** @type {unknown} */ value) => ({ value }) },
})
const store = fileStore(folder)
const publisher = createPublisher({ namespace, schema, store })
const server = await serve(store, { heartbeatMs: 1_000, cacheBytes: 65_536, write: false })

process.on('message', async (/** @type {{ type: 'publish', n: number } | { type: 'measure' }} */ question) => {
  if (question.type === 'publish') {
    const document = { n: question.n, padding: 'x'.repeat(2_000) }
    await publisher.publish(document, { rollout: everyone(), reason: 'soak' })
    process.send?.({ type: 'published' })
  } else {
    process.send?.({ ...(await measure()), connections: server.handler.connections })
  }
})
process.send?.({ type: 'ready', url: server.url })
