// Strangers without a token. Each attack goes on until this process is ended.
import { randomUUID } from 'node:crypto'
import { connect } from 'node:net'
import { answerQuestions, settings } from '../child.js'

const { port, namespace } = /** @type {{ port: number, namespace: string }} */ (settings)
const base = `http://127.0.0.1:${port}/v1`
/** Answers by attack and status. @type {Record<string, number>} */
const answers = {}
let begun = false

/** @param {string} name @param {string | number} status */
const note = (name, status) => void (answers[`${name} ${status}`] = (answers[`${name} ${status}`] ?? 0) + 1)
const pause = (/** @type {number} */ ms) => new Promise(resolve => setTimeout(resolve, ms))

/** @param {string} space */
const report = space => ({
  v: 1,
  namespace: space,
  clientId: `fake-${randomUUID()}`,
  instanceId: randomUUID(),
  ephemeral: false,
  labels: { filler: 'x'.repeat(500), other: 'y'.repeat(500), third: 'z'.repeat(500) },
  strategy: 'push',
  count: 1,
  phase: 'healthy',
  lookMs: 1_000,
  upMs: 1,
  sinceMs: 1,
  protection: 'none',
  nextReportWithinMs: 3_600_000,
})

/** @param {string} name @param {string} path @param {() => string} body */
async function post(name, path, body) {
  for (;;) {
    try {
      const answer = await fetch(`${base}/${path}`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: body(),
      })
      await answer.arrayBuffer()
      note(name, answer.status)
      // Who is told to wait does so no longer than it likes.
      if (answer.status === 429) await pause(50)
    } catch {
      note(name, 'lost')
      await pause(50)
    }
  }
}

const reports = () =>
  post('reports', `${namespace}/~reports`, () =>
    JSON.stringify({ reports: Array.from({ length: 20 }, () => report(namespace)) }),
  )
const elsewhere = () => {
  const space = `nowhere/${randomUUID().slice(0, 8)}`
  return post('reports elsewhere', `${space}/~reports`, () =>
    JSON.stringify({ reports: Array.from({ length: 20 }, () => report(space)) }),
  )
}
const values = `{"reports":[${'[],'.repeat(349_000)}[]]}`
const manyValues = () => post('many values', `${namespace}/~reports`, () => values)

async function names() {
  for (;;) {
    const answer = await fetch(`${base}/unknown/${randomUUID()}/release.json`).catch(() => undefined)
    await answer?.arrayBuffer()
    note('names', answer?.status ?? 'lost')
  }
}

/** @param {string} name @param {string} head @param {number} bytes @param {number} holdMs */
async function hold(name, head, bytes, holdMs) {
  for (;;) {
    await new Promise(resolve => {
      const socket = connect(port, '127.0.0.1', () => {
        socket.write(head)
        if (bytes > 0) socket.write(Buffer.alloc(bytes, 0x20))
      })
      const timer = setTimeout(() => socket.destroy(), holdMs)
      socket.once('data', chunk => note(name, chunk.toString('latin1', 9, 12)))
      socket.on('data', () => {})
      socket.on('error', () => {})
      socket.on('close', () => {
        clearTimeout(timer)
        resolve(undefined)
      })
    })
    await pause(100)
  }
}

const bodies = () =>
  hold(
    'unfinished bodies',
    `POST /v1/${namespace}/~reports HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: 1048576\r\n\r\n`,
    1_048_000,
    60_000,
  )
const streams = () => {
  const query = Array.from({ length: 64 }, () => `ns=unknown/${randomUUID()}`).join('&')
  return hold('streams', `GET /v1/~events?${query} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`, 0, 60_000)
}

answerQuestions({
  begin() {
    if (begun) return
    begun = true
    const attacks = /** @type {[number, () => Promise<void>][]} */ ([
      [8, reports],
      [4, elsewhere],
      [4, manyValues],
      [4, names],
      [100, bodies],
      [40, streams],
    ])
    for (const [times, attack] of attacks) for (let left = times; left > 0; left -= 1) void attack()
  },
  answers: () => answers,
})
