// Many clients in one process, which says what they cost. Settings come as JSON in the first
// argument; questions come as messages.
import { once } from 'node:events'
import { connect } from 'node:net'
import { createClient, http, hybrid, pull, push } from 'noticeboard'
import { cached } from 'noticeboard/transports/cached'
import { measure } from './measure.js'

/** @type {import('./run-soak.js').ClientsSettings} */
const {
  url,
  namespace,
  stalledNamespace,
  clients: count,
  separate,
  stalled,
  leaky,
} = JSON.parse(process.argv[2] ?? '{}')
process.on('disconnect', () => process.exit())

/** @type {import('../../../src/contracts/schema.js').Schema<{ n: number }>} */
const schema = {
  '~standard': {
    version: 1,
    vendor: 'soak',
    validate: (/** @type {unknown} */ value) => ({ value: /** @type {{ n: number }} */ (value) }),
  },
}

/** The releases that those clients run which are told of new ones; the others look now and then. */
/** @type {number[]} */
const sequences = []
let wanted = 0
/** How many of them run an older one than is wanted. */
let late = 0
/** @type {unknown[]} */
const leaked = []
/** @type {import('noticeboard').Client<{ n: number }>[]} */
const clients = []

const shared = cached(http(url), { maxSnapshots: 4 })

/** @param {number} index */
function strategyOf(index) {
  if (index >= separate) return hybrid(shared, { sweepIntervalMs: 86_400_000 })
  const own = http(url)
  return index % 5 === 0 ? pull(own, { pollIntervalMs: 2_000 }) : index % 2 === 0 ? push(own) : hybrid(own)
}

for (let index = 0; index < count; index += 1) {
  const strategy = strategyOf(index)
  const client = createClient({
    namespace,
    schema,
    strategy,
    clientId: `client-${index}`,
    defaults: { n: 0 },
    reports: { batchMs: 30_000 },
  })
  clients.push(client)
  if (strategy.name !== 'pull') {
    sequences[index] = 0
    client.on('change', event => {
      const sequence = event.running.position?.sequence ?? 0
      if (sequence >= wanted && (sequences[index] ?? 0) < wanted) late -= 1
      sequences[index] = sequence
      if (leaky) leaked.push(event.current)
      tellWhenCurrent()
    })
  }
}
await Promise.all(clients.map(client => client.ready({ timeoutMs: 0 })))

/** @type {import('node:net').Socket[]} */
let stalling = []

/**
 * Readers that ask for the stream, with everything that it can bring, and stop reading when it
 * begins: the server has to let go of them.
 */
async function stall() {
  for (const socket of stalling) socket.destroy()
  const { hostname, port } = new URL(url)
  const path = `/v1/~events?ns=${encodeURIComponent(stalledNamespace)}&inline=1&client=`
  stalling = Array.from({ length: stalled }, () => connect(Number(port), hostname))
  await Promise.all(
    stalling.map(async (socket, index) => {
      // Reset by the server in the end, as it should be.
      socket.on('error', () => {})
      socket.write(`GET ${path}stalled-${index} HTTP/1.1\r\nHost: ${hostname}\r\n\r\n`)
      await once(socket, 'readable')
    }),
  )
}
await stall()

/** @type {(() => void) | undefined} */
let told
function tellWhenCurrent() {
  if (told === undefined || late > 0) return
  told()
  told = undefined
}

/** @param {{ type: 'expect', sequence: number } | { type: 'measure' | 'close' }} question */
async function answer(question) {
  if (question.type === 'expect') {
    wanted = question.sequence
    late = sequences.filter(sequence => sequence < wanted).length
    await new Promise(resolve => {
      told = () => resolve(undefined)
      tellWhenCurrent()
    })
    process.send?.({ type: 'current' })
  } else if (question.type === 'measure') {
    // The same number of fresh ones at each measure, however many were sent away since the last.
    await stall()
    process.send?.(await measure())
  } else {
    await Promise.all(clients.map(client => client.close()))
    process.exit()
  }
}

process.on('message', question => void answer(/** @type {Parameters<typeof answer>[0]} */ (question)))
process.send?.({ type: 'ready' })
