// A server of several workers over a board in a folder, as `noticeboard serve --workers` runs it,
// and the hand that publishes and takes back.
import { spawn } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { createPublisher, everyone, httpStore } from 'noticeboard'
import { fileStore } from 'noticeboard/node'
import * as z from 'zod'
import { answerQuestions, settings } from '../child.js'
import { bytesIn } from './bytes-in.js'
import { documentOf, versions } from './document.js'

const { program, workers } = /** @type {{ program: string, workers: number }} */ (settings)
const namespace = 'siege/prod'
const folder = await mkdtemp(join(tmpdir(), 'noticeboard-siege-'))
const board = join(folder, 'board')
const of = { namespace, schema: z.looseObject({ size: z.number() }) }
// Not through the server, which would encode what its publisher reads.
const direct = fileStore(board)
const first = createPublisher({ ...of, store: direct })
for (let size = 1; size <= versions; size += 1)
  await first.publish(documentOf(size), { rollout: everyone(), reason: 'before the siege' })
await direct.close()
const server = spawn(
  process.execPath,
  [
    program,
    'serve',
    '--board',
    board,
    '--port',
    '0',
    '--json',
    '--workers',
    String(workers),
    // They say what all of them made together.
    '--metrics-port',
    '0',
    // The attackers come through a proxy, which says who they are.
    '--trusted-proxy',
    '127.0.0.1',
  ],
  { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] },
)
let lines = 0
createInterface({ input: server.stderr }).on('line', () => void (lines += 1))
/** @type {{ url: string, metrics: string }} */
const { url, metrics } = await new Promise(resolve =>
  createInterface({ input: server.stdout }).on('line', line => {
    if (line.includes('"url"')) resolve(JSON.parse(line))
  }),
)
const token = (await readFile(join(board, 'private/token'), 'utf8')).trim()
const publisher = createPublisher({ ...of, store: httpStore(url, { token }) })

/** All that serve, the one that started the others first. */
const main = server.pid ?? 0
const pids = [
  main,
  ...(await readFile(`/proc/${main}/task/${main}/children`, 'utf8')).split(' ').filter(Boolean).map(Number),
]

/** What they have of the memory together, in bytes. */
async function memoryOf() {
  let sum = 0
  for (const pid of pids) {
    const status = await readFile(`/proc/${pid}/status`, 'utf8').catch(() => '')
    sum += 1_024 * Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0)
  }
  return sum
}

/** How many deltas and encodings all of them made, since they tell it: once a second each. */
async function madeByAll() {
  const text = await (await fetch(metrics)).text()
  const made = (/** @type {string} */ form) => {
    const [, count] =
      new RegExp(`^noticeboard_forms_made_total\\{form="${form}"\\} (\\d+)`, 'm').exec(text) ?? []
    if (count === undefined) throw new Error(`the metrics do not say how many of each ${form} were made`)
    return Number(count)
  }
  return { deltasMade: made('delta'), encodingsMade: made('encoding') }
}
let memoryBytes = 0
const look = async () => {
  memoryBytes = Math.max(memoryBytes, await memoryOf())
}
const watching = setInterval(() => void look(), 250)

answerQuestions({
  port: () => Number(new URL(url).port),
  token: () => token,
  namespace: () => namespace,
  pids: () => pids,
  /** What all of them take: memory at its highest, disk, lines of the log, what they made. */
  async taken() {
    // Before they gather what they tell of the board, which only this asks them for.
    const most = memoryBytes
    return { memoryBytes: most, diskBytes: await bytesIn(board), lines, ...(await madeByAll()) }
  },
  rollBack: async () => void (await publisher.rollback({ reason: 'in the middle of the siege' })),
  async end() {
    clearInterval(watching)
    const gone = new Promise(resolve => server.once('exit', resolve))
    server.kill('SIGTERM')
    await gone
    await rm(folder, { recursive: true, force: true })
  },
})
// Whatever ends this process ends the server.
process.on('exit', () => void server.kill('SIGKILL'))
