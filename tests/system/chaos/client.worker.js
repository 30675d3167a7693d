// A client in a process of its own, which says where it stands. Settings come as JSON in the first
// argument.
import { createHash } from 'node:crypto'
import { createClient, http, hybrid, onDemand, pull, push } from 'noticeboard'
import { zstdDeltas } from 'noticeboard/deltas'
import { stateFolder } from 'noticeboard/node'

/** @type {import('./processes.js').ClientSettings} */
const { strategy, url, namespace, clientId, folder, times, speed } = JSON.parse(process.argv[2] ?? '{}')

// Whoever started this process keeps its input open; should that one die, this one goes too.
process.stdin.on('end', () => process.exit()).resume()

/** How many answers came encoded. */
let encoded = 0
const plainFetch = globalThis.fetch
globalThis.fetch = async (input, init) => {
  const answer = await plainFetch(input, init)
  if (answer.headers.has('content-encoding')) encoded += 1
  return answer
}

/** The digests of snapshots that a delta made, until one of them runs. */
const made = new Set()
const library = zstdDeltas(() => import('@bokuweb/zstd-wasm'))
/** @type {import('../../../src/contracts/deltas.js').Deltas} */
const deltas = {
  expected: library.expected,
  async codec() {
    const codec = await library.codec()
    return (
      codec && {
        ...codec,
        decode(query) {
          const bytes = codec.decode(query)
          made.add(createHash('sha256').update(bytes).digest('hex'))
          return bytes
        },
      }
    )
  },
}

const transport = http(url, { timeoutMs: times.timeoutMs, firstEventTimeoutMs: times.timeoutMs })
// The transport and whoever reads live in real time, the strategy in its own.
const [intervalMs, sweepIntervalMs, timeoutMs, retryBaseMs, retryCapMs] = /** @type {const} */ ([
  'intervalMs', 'sweepIntervalMs', 'timeoutMs', 'retryBaseMs', 'retryCapMs',
]).map(name => times[name] * speed) // prettier-ignore
const watching = {
  pollIntervalMs: intervalMs,
  sweepIntervalMs,
  timeoutMs,
  backoff: { baseMs: retryBaseMs, capMs: retryCapMs },
  firstEventTimeoutMs: timeoutMs,
}
const strategies = {
  pull: () =>
    pull(transport, {
      pollIntervalMs: intervalMs,
      sweepIntervalMs,
      timeoutMs,
      backoff: { baseMs: retryBaseMs, capMs: retryCapMs },
    }),
  push: () => push(transport, watching),
  hybrid: () => hybrid(transport, watching),
  'on-demand': () => onDemand(transport, { maxAgeMs: intervalMs, timeoutMs }),
}

/** @type {import('../../../src/contracts/schema.js').Schema<{ n: number }>} */
const schema = {
  '~standard': {
    version: 1,
    vendor: 'chaos',
    validate: (/** @type {unknown} */ value) => ({ value: /** @type {{ n: number }} */ (value) }),
  },
}

/** Time that goes faster, for delays that no option sets. */
const clock = {
  now: () => Date.now(),
  monotonic: () => performance.now() * speed,
  sleep: (/** @type {number} */ delayMs, /** @type {AbortSignal} */ signal) =>
    new Promise(resolve => {
      if (signal.aborted) return resolve(undefined)
      const done = () => {
        clearTimeout(timer)
        signal.removeEventListener('abort', done)
        resolve(undefined)
      }
      const timer = setTimeout(done, Math.min(delayMs / speed, 2_147_483_647))
      signal.addEventListener('abort', done, { once: true })
    }),
  after(/** @type {number} */ delayMs, /** @type {() => void} */ callback) {
    const timer = setTimeout(callback, Math.min(delayMs / speed, 2_147_483_647))
    return () => clearTimeout(timer)
  },
  turn: () => new Promise(resolve => setImmediate(resolve)),
}

const client = createClient({
  namespace,
  schema,
  strategy: strategies[strategy](),
  state: stateFolder(folder),
  clientId,
  defaults: { n: 0 },
  deltas,
  soakMs: 1_000,
  ...(speed !== 1 && { system: { clock } }),
})

client.on('change', ({ running: { position, digest } }) => {
  if (position === undefined) return
  const byDelta = made.delete(digest)
  process.stdout.write(`${JSON.stringify({ position, byDelta, encoded })}\n`)
})
await client.ready({ timeoutMs: 0 })
process.stdout.write('"ready"\n')

// Nothing looks on its own here: somebody has to read.
if (strategy === 'on-demand') {
  setInterval(() => {
    client.ready({ timeoutMs: timeoutMs }).catch(() => {
      // It was not current in time; the next reading asks again.
    })
  }, times.intervalMs)
}
