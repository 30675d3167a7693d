// A server in a process of its own, which says what it costs. Its settings come as JSON in the
// first argument.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { fileStore } from 'noticeboard/node'
import { createHandler } from 'noticeboard/server'
import { measure } from './measure.js'

/** @type {import('./run-soak.js').ServerSettings} */
const { folder } = JSON.parse(process.argv[2] ?? '{}')
process.on('disconnect', () => process.exit())

// A small cache is full before the first measure.
const handler = createHandler(fileStore(folder), { heartbeatMs: 10_000, cacheBytes: 16_384, write: false })
const server = createServer(handler.node)
server.listen(0, '127.0.0.1')
await once(server, 'listening')

process.on('message', () => {
  // How many connections wait for another request is chance.
  server.closeIdleConnections()
  void measure().then(answer => process.send?.(answer))
})
const { port } = /** @type {import('node:net').AddressInfo} */ (server.address())
process.send?.({ type: 'ready', url: `http://127.0.0.1:${port}` })
