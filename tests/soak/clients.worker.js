// Many clients in one process, which says what they cost. Settings come as JSON in the first argument; questions come as messages.
import { connect } from 'node:net'
import { createClient, http, hybrid, pull, push } from 'noticeboard'
import { cached } from 'noticeboard/transports/cached'
import { measure } from './measure.js'

/** @type {import('./run-soak.js').ClientsSettings} */
const { url, namespace, clients: count, separate, stalled } = JSON.parse(process.argv[2] ?? '{}')
process.on('disconnect', () => process.exit())

const schema = /** @type {const} */ ({
  '~standard': {
    version: 1,
    vendor: 'soak',
    validate: (/** @type {unknown} */ value) => ({ value: /** @type {{ n: number }} */ (value) }),
  },
})

/** The releases that those clients run which are told of new ones; the others look now and then. */
/** @type {number[]} */
const sequences = []
let wanted = 0
/** @type {import('noticeboard').Client<{ n: number }>[]} */
const clients = []

const shared = cached(http(url), { maxSnapshots: 4 })

/** @param {number} index */
function strategyOf(index) {
  if (index >= separate) return hybrid(shared, { sweepMs: 86_400_000 })
  const own = http(url)
  return index % 5 === 0 ? pull(own, { intervalMs: 2_000 }) : index % 2 === 0 ? push(own) : hybrid(own)
}

for (let index = 0; index < count; index += 1) {
  const strategy = strategyOf(index)
  const client = createClient({
    namespace,
    schema,
    strategy,
    clientId: `client-${index}`,
    defaults: { n: 0 },
    reportBatchMs: 5_000,
  })
  clients.push(client)
  if (strategy.name !== 'pull') {
    sequences[index] = 0
    client.on('change', event => {
      sequences[index] = event.snapshot.position?.sequence ?? 0
      tellWhenCurrent()
    })
  }
}
await Promise.all(clients.map(client => client.ready({ within: 0 })))

// Readers that ask for the stream and then never read: their socket's buffers fill, and the server has to let go of them.
const { hostname, port } = new URL(url)
const stall = () => {
  const socket = connect(Number(port), hostname, () => {
    socket.write(`GET /v1/~events?ns=${encodeURIComponent(namespace)} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`)
    socket.pause()
  })
  socket.on('error', () => {})
  // Another one comes for each that was sent away.
  socket.on('close', stall)
}
for (let index = 0; index < stalled; index += 1) stall()

/** @type {(() => void) | undefined} */
let told
function tellWhenCurrent() {
  if (told === undefined || sequences.some(sequence => sequence < wanted)) return
  told()
  told = undefined
}

process.on('message', async (/** @type {{ type: 'expect', sequence: number } | { type: 'measure' | 'close' }} */ question) => {
  if (question.type === 'expect') {
    wanted = question.sequence
    await new Promise(resolve => {
      told = () => resolve(undefined)
      tellWhenCurrent()
    })
    process.send?.({ type: 'current' })
  } else if (question.type === 'measure') {
    process.send?.(await measure())
  } else {
    await Promise.all(clients.map(client => client.close()))
    process.exit()
  }
})
process.send?.({ type: 'ready' })
