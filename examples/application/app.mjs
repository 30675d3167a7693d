// A small service with live configuration: `node app.mjs hybrid`, or push, pull, on-demand.
// Nothing in this file knows which strategy it runs under; that is one line in `strategies/`.
import { createServer } from 'node:http'
import { createClient } from 'noticeboard'
import { stateFolder } from 'noticeboard/node'
import { serviceSchema } from '../configs/schemas.mjs'

const { STATE_FOLDER = './state', PORT = '0' } = process.env
const { strategy } = await import(`./strategies/${process.argv[2] ?? 'hybrid'}.mjs`)

const config = await createClient({
  namespace: 'checkout/prod',
  schema: serviceSchema,
  strategy,
  state: stateFolder(STATE_FOLDER),
}).ready()

config.select(({ pool }) => pool.size).subscribe(size => console.log(`the pool has ${size} connections`))

/** @param {import('node:http').ServerResponse} response */
async function answer(response) {
  // Returns at once while the configuration is known to be current; only on-demand has to look now
  // and then.
  const { current, running } = await config.ready({ timeoutMs: 200 })
  response.setHeader('content-type', 'application/json')
  response.end(JSON.stringify({ pool: current.pool.size, version: running.version }))
}

const server = createServer((_request, response) => void answer(response))

server.listen(Number(PORT), '127.0.0.1', () => {
  const address = server.address()
  console.log(`listening on ${typeof address === 'object' ? address?.port : address}`)
})

process.once('SIGTERM', () => {
  server.close()
  server.closeIdleConnections()
  void config.close()
})
