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
const count = to - from
/** How many start at a time: a client asks as soon as it is made. */
const atATime = 20
/** How many have a document. */
let up = 0

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
  if (times.length === count) waiting.get(sequence)?.(times)
}

answerQuestions({
  up: () => up,
  /** Starts all of them, a few at a time, so that the start is not a stampede. */
  async ready() {
    for (let begun = 0; begun < count; begun += atATime) {
      const clients = Array.from({ length: Math.min(atATime, count - begun) }, (_, index) =>
        start(from + begun + index),
      )
      await Promise.all(
        clients.map(async client => {
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
      if (times?.length === count) resolve(times)
      else waiting.set(sequence, resolve)
    }),
})
