// A part of one fleet: clients that share nothing but the process, each with a transport and a name
// of its own.
import { createClient, http, hybrid, pull, push } from 'noticeboard'
import { answerQuestions, settings } from '../child.js'
import { nowMs } from '../clock.js'
import { namespace, schema } from './application.js'

const { url, strategy, from, to, periods } = settings
const { intervalMs, sweepIntervalMs, reportIntervalMs } = periods

/** Longer than whoever asks has patience for. */
const neverMs = 7_200_000

/** When each client ran a release, in order. @type {Map<number, number[]>} */
const arrivals = new Map()
/** @type {Map<number, (times: number[]) => void>} */
const waiting = new Map()
/** How many have a document. */
let up = 0
const clients = Array.from({ length: to - from }, (_, index) => start(from + index))

/** @param {number} index */
function start(index) {
  // In the field every client is a process of its own whose connection has been idle for too long
  // to be used again.
  const transport = http(url, { headers: { connection: 'close' } })
  const client = createClient({
    namespace,
    schema,
    strategy: choose(transport),
    clientId: `${strategy}-${index}`,
    reports: { intervalMs: reportIntervalMs },
  })
  client.on('change', ({ running }) => arrived(running.position?.sequence ?? 0))
  return client
}

/** @param {import('noticeboard').HttpTransport} transport */
function choose(transport) {
  if (strategy === 'pull') return pull(transport, { pollIntervalMs: intervalMs, sweepIntervalMs })
  const options = { pollIntervalMs: intervalMs, sweepIntervalMs }
  return strategy === 'push' ? push(transport, options) : hybrid(transport, options)
}

/** @param {number} sequence */
function arrived(sequence) {
  const times = arrivals.get(sequence) ?? []
  times.push(nowMs())
  arrivals.set(sequence, times)
  if (times.length === clients.length) waiting.get(sequence)?.(times)
}

answerQuestions({
  up: () => up,
  /** All of them, a few at a time, so that the start is not a stampede. */
  async ready() {
    for (let index = 0; index < clients.length; index += 20) {
      await Promise.all(
        clients.slice(index, index + 20).map(async client => {
          await client.ready({ timeoutMs: neverMs })
          up += 1
        }),
      )
    }
  },
  /** Answers when all clients of this process run the release. */
  arrivals: ({ sequence }) =>
    new Promise(resolve => {
      const times = arrivals.get(sequence)
      if (times?.length === clients.length) resolve(times)
      else waiting.set(sequence, resolve)
    }),
})
