// Clients that nothing happens to, and beside them the bare requests and streams that they are made
// of. All periods are shortened alike.
import { setTimeout as sleep } from 'node:timers/promises'
import { createClient, http, hybrid, pull } from 'noticeboard'
import * as z from 'zod'
import { answerQuestions } from '../child.js'

const namespace = 'benchmark/poll'
const hourMs = 3_600_000
/** The library's own periods, which are shortened. */
const pollMs = 30_000
const sweepMs = 300_000

/**
 * @typedef {object} Asked
 * @property {string} kind of those below
 * @property {string} url of the server
 * @property {number} count of clients
 * @property {number} factor by which periods are shortened
 * @property {number} forMs
 */

/** What begins so many of a kind, and returns what ends them. */
const kinds = /** @type {Record<string, (asked: Asked) => Promise<() => unknown>>} */ ({
  pull: asked =>
    clients(asked, transport =>
      pull(transport, { pollIntervalMs: pollMs / asked.factor, sweepIntervalMs: sweepMs / asked.factor }),
    ),
  hybrid: asked =>
    clients(asked, transport => hybrid(transport, { sweepIntervalMs: sweepMs / asked.factor })),
  /** One request a poll, with the condition that ends it in 304. */
  async fetch({ url, count, factor }) {
    const address = `${url}/v1/${namespace}/release.json`
    const first = await fetch(address)
    await first.arrayBuffer()
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' }
    const timers = Array.from({ length: count }, (_, index) => {
      const ask = async () => void (await (await fetch(address, { headers })).arrayBuffer())
      return setTimeout(
        () => timers.push(setInterval(() => void ask(), pollMs / factor)),
        (index * pollMs) / factor / count,
      )
    })
    return () => timers.forEach(timer => clearInterval(timer))
  },
  /** One stream each, whose bytes are read and left. */
  async stream({ url, count }) {
    const stopping = new AbortController()
    for (let index = 0; index < count; index += 1) {
      const answer = await fetch(`${url}/v1/~events?ns=${namespace}`, { signal: stopping.signal })
      const read = async () => {
        for await (const bytes of answer.body ?? []) if (bytes.length === 0) return
      }
      read().catch(() => {})
    }
    return () => stopping.abort()
  },
})

/**
 * @param {Asked} asked
 * @param {(transport: ReturnType<typeof http>) => import('noticeboard').Strategy} strategy
 */
async function clients({ url, count }, strategy) {
  const started = Array.from({ length: count }, (_, index) =>
    createClient({ namespace, schema: z.any(), clientId: `c${index}`, strategy: strategy(http(url)) }),
  )
  await Promise.all(started.map(client => client.ready({ timeoutMs: 60_000 })))
  return () => Promise.all(started.map(client => client.close()))
}

answerQuestions({
  /** Processor time of one client in an hour, in milliseconds. @param {Asked} asked */
  async idle(asked) {
    const end = await kinds[asked.kind]?.(asked)
    // First reports go out within a second.
    await sleep(2_000)
    const before = process.cpuUsage()
    const startedMs = performance.now()
    await sleep(asked.forMs)
    const { user, system } = process.cpuUsage(before)
    const standsForMs = (performance.now() - startedMs) * asked.factor
    await end?.()
    return ((user + system) / 1_000 / asked.count) * (hourMs / standsForMs)
  },
})
