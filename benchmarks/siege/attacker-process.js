// Strangers without a token, on a line of 100 Mbit/s that they share. Each attack goes on until
// this process is ended.
import { randomUUID } from 'node:crypto'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { constants, getPriority, setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { answerQuestions, settings } from '../child.js'
import { forgedStream } from './forged-stream.js'
import { ask, formsOf } from './forms-asked.js'
import { createLine } from './line.js'

/** @import { Line } from './line.js' */

const {
  port,
  namespace,
  lineBytesASecond = 12_500_000,
} = /** @type {{ port: number, namespace: string, lineBytesASecond?: number }} */ (settings)
const base = `http://127.0.0.1:${port}/v1`

// The processor that they take is not what is measured: the server goes before them.
setPriority(Math.min(getPriority() + 7, constants.priority.PRIORITY_LOW))

/** Answers by attack and status. @type {Record<string, Record<string, number>>} */
const answers = {}
/** Streams that were opened, each with names of its own. */
let streamsOpened = 0
/** What all of them sent. */
let sentBytes = 0

/** @param {string} name @param {string | number} status */
function note(name, status) {
  const own = (answers[name] ??= {})
  own[status] = (own[status] ?? 0) + 1
}
const drawn = (/** @type {number} */ below) => Math.floor(Math.random() * below)

/** One of two hundred, as a proxy in front of the server names who asked. */
const address = () => `198.51.100.${1 + drawn(200)}`

/** As large as a report may be. @param {string} space */
const report = space => ({
  v: 1,
  namespace: space,
  clientId: `fake-${randomUUID()}`,
  instanceId: randomUUID(),
  ephemeral: false,
  labels: Object.fromEntries(Array.from({ length: 7 }, (_, at) => [`label-${at}`, 'x'.repeat(250)])),
  strategy: 'push',
  count: 1,
  phase: 'healthy',
  lookMs: 1_000,
  upMs: 1,
  sinceMs: 1,
  overridden: Array.from({ length: 7 }, () => 'y'.repeat(200)),
  protection: 'none',
  nextReportWithinMs: 3_600_000,
})

/** @param {string} space */
const hundredReports = space => JSON.stringify({ reports: Array.from({ length: 100 }, () => report(space)) })
const manyValues = `{"reports":[${'0,'.repeat(520_000)}0]}`
const badReports = JSON.stringify({ reports: Array.from({ length: 100 }, () => ({ v: 1 })) })

/**
 * @typedef {object} Attack
 * @property {number} share of the line
 * @property {number} atATime
 * @property {(line: Line, name: string) => Promise<void>} once by its own name
 */

/**
 * @param {() => string} drawSpace @param {(space: string) => string} make @returns {Attack['once']}
 */
const posting = (drawSpace, make) => async (line, name) => {
  const space = drawSpace()
  const body = make(space)
  await line.send(body.length)
  sentBytes += body.length
  const answer = await fetch(`${base}/${space}/~reports`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-forwarded-for': address() },
    body,
  })
  await answer.arrayBuffer()
  note(name, answer.status)
}

/**
 * A connection that is held for a minute, unless the server ends it. @param {() => string} head
 * @param {number} bytes @returns {Attack['once']}
 */
const holding = (head, bytes) => async (line, name) => {
  const first = head()
  await line.send(first.length + bytes)
  sentBytes += first.length + bytes
  await new Promise(resolve => {
    const socket = connect(port, '127.0.0.1', () => {
      socket.write(first)
      if (bytes > 0) socket.write(Buffer.alloc(bytes, 0x20))
    })
    const timer = setTimeout(() => socket.destroy(), 60_000)
    socket.once('data', chunk => note(name, chunk.toString('latin1', 9, 12)))
    socket.on('data', () => {})
    socket.on('error', () => {})
    socket.on('close', () => {
      clearTimeout(timer)
      resolve(undefined)
    })
  })
}

const unfinishedHead = `POST /v1/${namespace}/~reports HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nContent-Type: application/json\r\nContent-Length: 1048576\r\n\r\n`

function streamOfNames() {
  streamsOpened += 1
  const query = Array.from({ length: 64 }, () => `ns=listened/${randomUUID()}`).join('&')
  return `GET /v1/~events?${query} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\n\r\n`
}

/** @param {Line} line @param {string} name */
async function askForName(line, name) {
  await line.send(200)
  sentBytes += 200
  const answer = await fetch(`${base}/asked/${randomUUID()}/release.json`)
  await answer.arrayBuffer()
  note(name, answer.status)
}

const forms = formsOf({ port, namespace })

/**
 * Asks for a form of the document. @param {keyof typeof forms} what @returns {Attack['once']}
 */
const askingFor = what => async (line, name) => {
  const question = await forms[what]()
  await line.send(questionBytes)
  sentBytes += questionBytes
  const { status, encoding } = await ask(port, question)
  note(name, what === 'encoding' ? `${status} ${encoding}` : status)
}
/** What such a question takes of the line. */
const questionBytes = 300

const here = () => namespace

/** @type {Record<string, Attack>} */
const attacks = {
  reports: { share: 4, atATime: 8, once: posting(here, hundredReports) },
  'reports elsewhere': { share: 1, atATime: 4, once: posting(() => `nowhere/${drawn(50)}`, hundredReports) },
  'many values': { share: 2, atATime: 4, once: posting(here, () => manyValues) },
  'bad reports': { share: 0.2, atATime: 2, once: posting(here, () => badReports) },
  'unfinished bodies': { share: 3, atATime: 400, once: holding(() => unfinishedHead, 1_048_000) },
  names: { share: 0.2, atATime: 8, once: askForName },
  streams: { share: 0.2, atATime: 40, once: holding(streamOfNames, 0) },
  pairs: { share: 0.2, atATime: 8, once: askingFor('pair') },
  encodings: { share: 0.2, atATime: 8, once: askingFor('encoding') },
}

/** @param {string} name @param {Attack} attack @param {Line} line */
async function repeat(name, { once }, line) {
  for (;;) {
    try {
      await once(line, name)
    } catch {
      note(name, 'lost')
      await sleep(50)
    }
  }
}

/** A server of the attacker's, for a client that was led there. */
const hostile = createServer(
  forgedStream({ board: `http://127.0.0.1:${port}`, namespace, forged: () => note('forged marks', 'sent') }),
)
await new Promise(resolve => hostile.listen(0, '127.0.0.1', () => resolve(undefined)))

answerQuestions({
  hostilePort: () => /** @type {import('node:net').AddressInfo} */ (hostile.address()).port,
  /** Starts those that are named. @param {readonly string[]} chosen */
  begin(chosen) {
    const begun = Object.entries(attacks).filter(([name]) => chosen.includes(name))
    const shares = begun.reduce((sum, [, { share }]) => sum + share, 0)
    for (const [name, attack] of begun) {
      const line = createLine((lineBytesASecond * attack.share) / shares)
      for (let left = attack.atATime; left > 0; left -= 1) void repeat(name, attack, line)
    }
  },
  /** What came of it, and a name without a release that reports were sent of. */
  told: () => ({ answers, streamsOpened, sentBytes, elsewhere: 'nowhere/0' }),
})
