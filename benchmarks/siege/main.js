// A server with a fleet under every attack at once, and a rollback in the middle. Exits with 1 where a bound is passed.
import { parseArgs } from 'node:util'
import { nowMs } from '../clock.js'
import { createProcesses } from '../processes.js'
import { reachedBy } from '../statistics.js'
import { formatTable, size } from '../table.js'

const help = `npm run siege -- [options]

  --quick        ten seconds and 50 clients, instead of a minute and 200; the time of reads is told and not judged
  --seconds N    how long the attacks go on
  --clients N    the fleet
`
const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    quick: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    clients: { type: 'string' },
  },
})
if (values.help) {
  process.stdout.write(help)
  process.exit()
}
const seconds = Number(values.seconds ?? (values.quick ? 10 : 60))
const clients = Number(values.clients ?? (values.quick ? 50 : 200))

/** What a server may take under attack: 128 MiB of reports, twice 32 MiB of bodies, and itself. */
const mostMemoryBytes = 700 * 1_048_576
/** 32 MiB of reports, the reserve, and the releases. */
const mostDiskBytes = 64 * 1_048_576
const mostLines = 200
const rollbackMs = 10_000
const mostSlower = 5

const processes = createProcesses()
process.on('exit', () => void processes.close())
const pause = (/** @type {number} */ ms) => new Promise(resolve => setTimeout(resolve, ms))

const server = await processes.start(new URL('server-process.js', import.meta.url))
const [port, token, namespace] = await Promise.all([
  server.ask('port'),
  server.ask('token'),
  server.ask('namespace'),
])
const url = `http://127.0.0.1:${port}`
const fleet = await processes.start(new URL('fleet-process.js', import.meta.url), { url, namespace, clients })
const attacker = await processes.start(new URL('attacker-process.js', import.meta.url), { port, namespace })

/** Reads the newest release again and again. @param {number} ms @returns {Promise<{ p50: number, p99: number, failed: number }>} */
async function reads(ms) {
  const times = []
  let failed = 0
  for (const endMs = nowMs() + ms; nowMs() < endMs; await pause(20)) {
    const startMs = nowMs()
    try {
      const answer = await fetch(`${url}/v1/${namespace}/release.json`, {
        signal: AbortSignal.timeout(10_000),
      })
      await answer.arrayBuffer()
      if (answer.status !== 200) failed += 1
    } catch {
      failed += 1
    }
    times.push(nowMs() - startMs)
  }
  const sorted = times.sort((a, b) => a - b)
  return { p50: reachedBy(sorted, 0.5), p99: reachedBy(sorted, 0.99), failed }
}

/** How many of the fleet's instances the server knows. */
async function known() {
  const answer = await fetch(`${url}/v1/${namespace}/~reports`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const { reports } = /** @type {{ reports: { clientId: string }[] }} */ (await answer.json())
  return new Set(reports.map(({ clientId }) => clientId).filter(name => name.startsWith('fleet-'))).size
}

/** How long it takes until all of the fleet run that size; infinite when some never do. @param {number} wanted */
async function arrives(wanted) {
  const startMs = nowMs()
  while (nowMs() - startMs < 6 * rollbackMs) {
    if ((await fleet.ask('running', wanted)) === clients) return nowMs() - startMs
    await pause(50)
  }
  return Number.POSITIVE_INFINITY
}

const quietReads = await reads(Math.min(10, seconds) * 1_000)
const quiet = await server.ask('taken')
await attacker.ask('begin')
const besieged = reads(seconds * 1_000)
await pause((seconds * 1_000) / 2)
await server.ask('rollBack')
const arrivedMs = await arrives(1)
const readsUnderAttack = await besieged
const taken = await server.ask('taken')
const answers = await attacker.ask('answers')
await attacker.end()
const fleetKnown = await known()
const stale = await fleet.ask('stale')

const checks = [
  [
    'reads, p99, ms',
    quietReads.p99.toFixed(1),
    readsUnderAttack.p99.toFixed(1),
    values.quick ? 'told only' : `${mostSlower} x quiet`,
    values.quick || readsUnderAttack.p99 <= mostSlower * Math.max(quietReads.p99, 5),
  ],
  [
    'reads that failed',
    String(quietReads.failed),
    String(readsUnderAttack.failed),
    '0',
    readsUnderAttack.failed === 0,
  ],
  [
    'memory at most',
    size(quiet.memoryBytes),
    size(taken.memoryBytes),
    size(mostMemoryBytes),
    taken.memoryBytes <= mostMemoryBytes,
  ],
  [
    'disk',
    size(quiet.diskBytes),
    size(taken.diskBytes),
    size(mostDiskBytes),
    taken.diskBytes <= mostDiskBytes,
  ],
  ['lines of log', String(quiet.lines), String(taken.lines), String(mostLines), taken.lines <= mostLines],
  [
    'rollback at everybody, s',
    '',
    (arrivedMs / 1_000).toFixed(2),
    String(rollbackMs / 1_000),
    arrivedMs <= rollbackMs,
  ],
  ['clients that reports forgot', '', String(clients - fleetKnown), '0', fleetKnown === clients],
  ['clients that were stale', '', String(stale), '0', stale === 0],
]
const rows = checks.map(([what, before, under, bound, holds]) => [
  what,
  before,
  under,
  bound,
  holds ? 'holds' : 'PASSED',
])
process.stdout.write(`${clients} clients, ${seconds} s of attacks\n\n`)
process.stdout.write(
  `${formatTable(['', 'quiet', 'besieged', 'bound', ''], /** @type {string[][]} */ (rows))}\n\n`,
)
process.stdout.write(`answers to the attacks: ${JSON.stringify(answers)}\n`)
await fleet.end()
await server.ask('end')
await processes.close()
process.exit(checks.every(check => check[4]) ? 0 : 1)
