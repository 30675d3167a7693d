// What a client takes of the program it is part of: heap, and processor time for a change and for a
// poll.
import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { createClient, createPublisher, everyone, http, hybrid, memory, pull } from 'noticeboard'
import * as z from 'zod'
import { answerQuestions } from '../child.js'
import { fetchFrom } from './files.js'

setFlagsFromString('--expose-gc')
const collect = runInNewContext('gc')
const namespace = 'benchmark/client'

/**
 * Processor time of one round, in microseconds.
 * @typedef {{ client: number, bare: number, promised: number, tenfold: number }} Measured
 */

/** Takes everything: what a schema costs is the application's. */
const schema = z.any()

/**
 * Releases of some documents, one after the other, with their snapshots. @param {readonly object[]}
 * documents
 */
async function publishAll(documents) {
  const store = memory()
  const publisher = createPublisher({ namespace, schema, store })
  const { signal } = new AbortController()
  const boards = []
  for (const document of documents) {
    await publisher.publish(document, { rollout: everyone(), reason: 'benchmark' })
    const latest = await store.latest({ namespace }, signal)
    if (latest.type !== 'release') throw new Error('nothing was published')
    const { digest } = JSON.parse(Buffer.from(latest.bytes).toString()).release.stable.variants[0]
    const snapshot = await store.snapshot({ namespace, digest, maxSnapshotBytes: 1_048_576 }, signal)
    boards.push({ namespace, release: latest.bytes, snapshot, digest })
  }
  return boards
}

/** What a careless client would keep beside its document: a copy of something. */
const carelessBytes = 25_000

/**
 * A stream that is read and left, by a bare `fetch`. @param {ReturnType<typeof fetchFrom>} fetch
 */
async function openStream(fetch) {
  const { body } = await fetch('http://board.test/~events', {})
  if (body === null) throw new Error('the stream has no body')
  const reader = body.getReader()
  const read = async () => {
    while (!(await reader.read()).done);
  }
  const reading = read()
  return {
    async close() {
      await reader.cancel()
      await reading
    },
  }
}

/**
 * The heap that a client takes beside a small document, without what the runtime's sockets take; of
 * the kind `stream` what nobody who holds a stream open can do without.
 */
async function heap({ kind, count }) {
  const [board] = await publishAll([{ a: 1 }])
  if (board === undefined) throw new Error('nothing was published')
  const fetch = fetchFrom(board)
  const strategy = () => {
    const transport = http('http://board.test', { fetch })
    return kind === 'pull'
      ? pull(transport, { pollIntervalMs: 3_600_000, sweepIntervalMs: 3_600_000 })
      : hybrid(transport, { sweepIntervalMs: 3_600_000 })
  }
  const open = async (/** @type {number} */ index) => {
    if (kind === 'stream') return openStream(fetch)
    const client = createClient({ namespace, schema, strategy: strategy(), clientId: `c${index}` })
    return client.ready({ timeoutMs: Number.POSITIVE_INFINITY })
  }
  /** @type {{ close(): Promise<void> }[]} */
  const clients = []
  const grow = async (/** @type {number} */ to) => {
    while (clients.length < to) clients.push(await open(clients.length))
    // First reports go out within a second.
    await sleep(3_000)
    for (let times = 0; times < 3; times += 1) {
      collect()
      await sleep(20)
    }
    const { heapUsed, external } = process.memoryUsage()
    return heapUsed + external
  }
  const before = await grow(200)
  const after = await grow(200 + count)
  // The negative control: something that each of them keeps.
  const copies = clients.slice(0, count).map(() => new Uint8Array(carelessBytes).fill(1))
  const withCopies = await grow(200 + count)
  for (const client of clients) await client.close()
  if (copies.some(copy => copy[0] !== 1)) throw new Error('a copy is not there any more')
  return { bytes: (after - before) / count, carelessBytes: (withCopies - before) / count }
}

/** @param {any} value */
function frozen(value) {
  if (typeof value !== 'object' || value === null) return value
  for (const member of Object.values(value)) frozen(member)
  return Object.freeze(value)
}

/**
 * Processor time in microseconds of one call of several. @param {number} times
 * @param {(index: number) => unknown} call
 */
async function microseconds(times, call) {
  const started = process.cpuUsage()
  for (let index = 0; index < times; index += 1) await call(index)
  const { user, system } = process.cpuUsage(started)
  return (user + system) / times
}

/**
 * What is measured round by round, so that others take turns.
 * @typedef {{ round: (index: number) => Promise<Measured>, end: () => Promise<void> }} Turns
 */

/**
 * A change that comes along with its release, beside what nobody can do without: its bytes hashed
 * and parsed. So many rounds share the documents.
 * @returns {Promise<Turns>}
 */
async function changing({ documents, rounds }) {
  const boards = await publishAll(documents)
  const perRound = Math.floor(boards.length / rounds)
  /** @type {((board: (typeof boards)[number] | undefined) => void) | undefined} */
  let give
  const transport = { ...memory(), name: 'benchmark' }
  const config = createClient({
    namespace,
    schema,
    clientId: 'c',
    strategy: {
      name: 'benchmark',
      lookMs: 1_000,
      freshMs: 3_600_000,
      async *deliver({ signal }) {
        signal.addEventListener('abort', () => give?.(undefined))
        while (!signal.aborted) {
          const board = await new Promise(resolve => (give = resolve))
          if (board === undefined) return
          const { release, snapshot, digest } = board
          yield { type: 'release', bytes: release, from: transport, snapshots: [{ digest, bytes: snapshot }] }
        }
      },
    },
  })
  const starting = config.ready({ timeoutMs: Number.POSITIVE_INFINITY })
  const next = async (/** @type {(typeof boards)[number]} */ board) => {
    while (give === undefined) await sleep(1)
    const changed = new Promise(resolve => {
      const off = config.on('change', event => {
        off()
        resolve(event)
      })
    })
    const handed = give
    give = undefined
    handed(board)
    await changed
  }
  let kept = 0
  const bare = (/** @type {(typeof boards)[number]} */ { snapshot }) => {
    kept += createHash('sha256').update(snapshot).digest().length
    kept += Object.keys(JSON.parse(Buffer.from(snapshot).toString())).length
  }
  /** The same, and what makes it read-only and shows that it is in its canonical form. */
  const promised = (/** @type {(typeof boards)[number]} */ { snapshot }) => {
    kept += createHash('sha256').update(snapshot).digest().length
    const text = Buffer.from(snapshot).toString()
    const value = frozen(JSON.parse(text))
    if (JSON.stringify(value) !== text) throw new Error('a document is not in its canonical form')
  }
  /** The negative control. @param {(typeof boards)[number]} board */
  const tenfold = board => {
    for (let times = 0; times < 10; times += 1) bare(board)
  }
  return {
    async round(index) {
      const these = boards.slice(index * perRound, (index + 1) * perRound)
      const of = (/** @type {(board: (typeof boards)[number]) => unknown} */ call) =>
        microseconds(these.length, at => {
          const board = these[at]
          return board === undefined ? undefined : call(board)
        })
      return {
        client: await of(next),
        bare: await of(bare),
        promised: await of(promised),
        tenfold: await of(tenfold),
      }
    },
    async end() {
      await starting
      await config.close()
      if (kept === 0) throw new Error('nothing was parsed')
    },
  }
}

/**
 * A poll that finds nothing new over a real server, beside a bare `fetch` with the same condition.
 * @returns {Promise<Turns>}
 */
async function polling({ port, path, times }) {
  const url = `http://127.0.0.1:${port}${path}`
  const first = await fetch(url)
  await first.arrayBuffer()
  const etag = first.headers.get('etag') ?? ''
  const bare = async () => {
    await sleep(1)
    const response = await fetch(url, { headers: { 'if-none-match': etag } })
    if (response.status !== 304) throw new Error(`the answer is ${response.status}`)
    await response.arrayBuffer()
  }
  /** The same, as nobody can do without who waits no longer than so long and asks no cache. */
  const bounded = async () => {
    await sleep(1)
    const late = new AbortController()
    const timer = setTimeout(() => late.abort(), 10_000)
    const init = {
      headers: { 'if-none-match': etag, 'accept-encoding': 'identity' },
      cache: 'no-store',
      redirect: /** @type {const} */ ('manual'),
      signal: late.signal,
    }
    const response = await fetch(url, init)
    if (response.status !== 304) throw new Error(`the answer is ${response.status}`)
    await response.arrayBuffer()
    clearTimeout(timer)
  }
  /** The negative control. */
  const tenfold = async () => {
    for (let asked = 0; asked < 10; asked += 1) await bare()
  }
  let polls = 0
  /** @type {typeof fetch} */
  const counting = (...asked) => {
    polls += 1
    return fetch(...asked)
  }
  const transport = http(`http://127.0.0.1:${port}`, { fetch: counting })
  return {
    async round() {
      const config = createClient({
        namespace: 'benchmark/poll',
        schema,
        clientId: 'c',
        reports: { batchMs: 600_000 },
        strategy: pull(transport, { pollIntervalMs: 1, sweepIntervalMs: 3_600_000 }),
      })
      await config.ready({ timeoutMs: Number.POSITIVE_INFINITY })
      const from = polls
      const started = process.cpuUsage()
      while (polls < from + times) await sleep(5)
      const { user, system } = process.cpuUsage(started)
      const client = (user + system) / (polls - from)
      await config.close()
      return {
        client,
        bare: await microseconds(times, bare),
        promised: await microseconds(times, bounded),
        tenfold: await microseconds(Math.ceil(times / 10), tenfold),
      }
    },
    end: async () => {},
  }
}

/** @type {Turns | undefined} */
let turns

answerQuestions({
  heap,
  async changes(asked) {
    turns = await changing(asked)
  },
  async polls(asked) {
    turns = await polling(asked)
  },
  round: ({ index }) => turns?.round(index),
  end: () => turns?.end(),
})
