import { createServer } from 'node:net'
import { once } from 'node:events'

// An address at which nobody listens: what node-config read is what runs.
const server = createServer().listen(0, '127.0.0.1')
await once(server, 'listening')
const { port } = server.address()
server.close()
// A runner of tests sets it, and node-config warns of an environment without a file.
delete process.env['NODE_ENV']
process.env['NODE_CONFIG'] = JSON.stringify({ noticeboard: { url: `http://127.0.0.1:${port}` } })

const { config, port: own } = await import('./node-config.mjs')
await config.ready()
console.log(own, config.current.pool.size, config.running.origin)
await config.close()
