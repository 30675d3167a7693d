// A server with a fleet under every attack at once, and a rollback in the middle. Exits with 1
// where a bound is passed.
import { writeFile } from 'node:fs/promises'
import { constants, setPriority } from 'node:os'
import { setTimeout as sleep } from 'node:timers/promises'
import { parseArgs } from 'node:util'
import { nowMs } from '../clock.js'
import { patienceFor, thisMachine } from '../patience.js'
import { createProcesses } from '../processes.js'
import { formatTable, paragraph, size } from '../table.js'
import { judge, rollbackMs, room } from './bounds.js'
import { versions } from './document.js'
import { startReading } from './reads.js'
import { attacks, takeOut, withouts } from './without.js'

const help = `npm run siege -- [options]

  --quick         ten seconds and 50 clients, instead of a minute and 200
  --seconds N     how long the attacks go on
  --clients N     the fleet
  --workers N     a server of so many workers; the bounds hold of all of them together
  --without NAME  takes a bound out, which has to be seen: the exit code is 1 then, and 2 where it was not seen
                  (${Object.keys(withouts).join(', ')})
  --list          names the bounds that can be taken out, one a line
  --json FILE     writes the table there, too
`
const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h' },
    quick: { type: 'boolean', default: false },
    seconds: { type: 'string' },
    clients: { type: 'string' },
    workers: { type: 'string', default: '0' },
    without: { type: 'string' },
    list: { type: 'boolean', default: false },
    json: { type: 'string' },
  },
})
if (values.help) {
  process.stdout.write(help)
  process.exit()
}
if (values.list) {
  process.stdout.write(`${Object.keys(withouts).join('\n')}\n`)
  process.exit()
}
const seconds = Number(values.seconds ?? (values.quick ? 10 : 60))
const without = values.without === undefined ? undefined : withouts[values.without]
const fleetSize = without?.clients ?? (values.quick || without !== undefined ? 50 : 200)
const clients = Number(values.clients ?? fleetSize)
const workers = Number(values.workers)
if (workers > 0 && without?.settings !== undefined) {
  process.stderr.write(`siege: ${values.without} takes a server of one process\n`)
  process.exit(2)
}
if (values.without !== undefined && without === undefined) {
  process.stderr.write(`siege: there is no bound ${values.without}; --help names them\n`)
  process.exit(2)
}

try {
  // Inherited by server and fleet: whoever else is on this machine is not what is measured.
  setPriority(constants.priority.PRIORITY_HIGH)
} catch {
  // For root alone. The figures are those of the machine as it is, then.
}
const processes = createProcesses({ patienceMs: () => patienceFor({ clients, machine: thisMachine() }) })
process.on('exit', () => void processes.close())

const modules = await takeOut(without, { workers })
const server = await processes.start(
  modules.server,
  workers > 0 ? { program: modules.program, workers } : { ...room, ...without?.settings },
)
const [pids, port, token, namespace] = await Promise.all([
  server.ask('pids'),
  server.ask('port'),
  server.ask('token'),
  server.ask('namespace'),
])
const url = `http://127.0.0.1:${port}`
const attacker = await processes.start(new URL('attacker-process.js', import.meta.url), {
  port,
  namespace,
  ...(without?.lineBytesASecond !== undefined && { lineBytesASecond: without.lineBytesASecond }),
})
const hostileUrl = `http://127.0.0.1:${await attacker.ask('hostilePort')}`
const fleet = await processes.start(modules.fleet, { url, hostileUrl, namespace, clients })

/** How long the server may take to say what it heard, in milliseconds. */
const heardWithinMs = 30_000

/** What the server says it heard of a namespace. @param {string} asked */
async function heard(asked) {
  try {
    const answer = await fetch(`${url}/v1/${asked}/~reports`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(heardWithinMs),
    })
    const { reports = [] } =
      /** @type {{ reports?: { clientId: string, applied?: { sequence: number } }[] }} */ (
        await answer.json()
      )
    return reports
  } catch {
    // Its answer did not come: then it knows of nobody.
    return []
  }
}

/**
 * Of how many of the fleet the server has no report that is as new as that: of whom it forgot, a
 * board may still hold an older one.
 * @param {number} sequence
 */
async function countForgotten(sequence) {
  const known = (await heard(namespace)).filter(
    ({ clientId, applied }) => clientId.startsWith('fleet-') && (applied?.sequence ?? 0) >= sequence,
  )
  return clients - new Set(known.map(({ clientId }) => clientId)).size
}

/**
 * The same, as soon as all have reported, or after so many seconds. @param {number} sequence
 * @param {number} patience
 */
async function countForgottenAtLast(sequence, patience) {
  let missing = await countForgotten(sequence)
  for (let left = patience; left > 0 && missing > 0; left -= 1) {
    await sleep(1_000)
    missing = await countForgotten(sequence)
  }
  return missing
}

/**
 * How long it takes until all of the fleet run that size; infinite when some never do.
 * @param {number} wanted
 */
async function arrives(wanted) {
  const startMs = nowMs()
  while (nowMs() - startMs < 2 * rollbackMs) {
    if ((await fleet.ask('running', wanted)) === clients) return nowMs() - startMs
    await sleep(50)
  }
  return Number.POSITIVE_INFINITY
}

const address = `${url}/v1/${namespace}/release.json`
// The fleet has reported, and what was compiled once is compiled.
await countForgottenAtLast(versions, 30)
const quietReading = startReading(address, pids)
await sleep(Math.min(10, seconds) * 1_000)
const quiet = { reads: await quietReading.stop(), taken: await server.ask('taken') }

const begunMs = nowMs()
await attacker.ask('begin', without?.attacks ?? attacks)
if (without === undefined || without.leadsAway === true) await fleet.ask('leadAway')
const reading = startReading(address, pids)
/** @type {Promise<void> | undefined} */
let arriving
/** @type {number | undefined} */
let arrivedMs
let forgotten = 0

/** Whether the server left a question without an answer. */
let isSilent = false

/** @param {string} what */
async function askServer(what) {
  try {
    return await server.ask(what)
  } catch (error) {
    isSilent = true
    throw error
  }
}

/** @param {boolean} isLast @returns {Promise<import('./bounds.js').Row[]>} */
async function look(isLast) {
  const reads = isLast ? await reading.stop() : reading.soFar()
  const { stale, lines: ledAwayLines } = await fleet.ask('told')
  const { streamsOpened, elsewhere } = await attacker.ask('told')
  if (isLast && arriving !== undefined) forgotten = await countForgottenAtLast(versions + 1, 20)
  return judge({
    clients,
    workers,
    seconds: (nowMs() - begunMs) / 1_000,
    quiet,
    besieged: { reads, taken: await askServer('taken') },
    streamsOpened,
    arrivedMs,
    forgotten,
    elsewhere: (await heard(elsewhere)).length,
    stale,
    ledAwayLines,
  })
}

// Where something was taken out it is waited for that it is seen, and not for a time.
const limitMs = 1_000 * (without === undefined ? seconds : (without.seconds ?? Math.max(seconds, 120)))
const rollBackAtMs = without === undefined ? limitMs / 2 : 3_000

/**
 * How many bodies of reports had an answer when the rollback was everywhere; undefined before.
 * @type {number | undefined}
 */
let answeredBefore

/** How often the server answered an attack. @param {string} name @returns {Promise<number>} */
async function countAnswers(name) {
  const { answers } = await attacker.ask('told')
  const { lost: _, ...answered } = answers[name] ?? {}
  return Object.values(answered).reduce((sum, count) => sum + count, 0)
}

async function rollBack() {
  await askServer('rollBack')
  arriving = arrives(versions - 1).then(async ms => {
    arrivedMs = ms
    answeredBefore = await countAnswers('reports')
  })
}

/**
 * Whether so much came of the attacks that it can be judged: on a busy machine that takes longer
 * than the time that is asked for.
 */
async function hasCome() {
  if (without === undefined) {
    for (const name of attacks) if ((await countAnswers(name)) === 0) return false
    return true
  }
  const { bodiesAfter = 0 } = without
  if (bodiesAfter === 0) return true
  return answeredBefore !== undefined && (await countAnswers('reports')) - answeredBefore >= bodiesAfter
}

async function besiege() {
  const isEarly = async () => {
    const forMs = nowMs() - begunMs
    return forMs < limitMs || (forMs < 10 * limitMs && !(await hasCome()))
  }
  while (await isEarly()) {
    await sleep(1_000)
    if (nowMs() - begunMs >= rollBackAtMs && arriving === undefined) await rollBack()
    if (without === undefined) continue
    // What was taken out is seen as soon as a bound is passed that names it.
    if ((await look(false)).some(({ name, holds }) => !holds && without.seenBy.includes(name))) break
  }
  await arriving
  return look(true)
}

const rows = await besiege().catch(error => {
  if (!isSilent || without?.seenBy.includes('reads') !== true) throw error
  // What was let in holds the server up so much that it answers nobody: more cannot be seen.
  process.stdout.write(`the server answers no question any more\n\nseen: ${without.what}\n`)
  process.exit(1)
})
const { answers, sentBytes } = await attacker.ask('told')
const tookMs = nowMs() - begunMs
await attacker.end()

const passed = rows.filter(({ holds }) => !holds)
process.stdout.write(
  `${clients} clients, ${workers > 0 ? `${workers} workers, ` : ''}${(tookMs / 1_000).toFixed(0)} s of attacks with ${size(sentBytes / (tookMs / 1_000))} a second${without === undefined ? '' : `, without ${without.what}`}\n\n`,
)
process.stdout.write(
  `${formatTable(
    ['', 'quiet', 'besieged', 'bound', ''],
    rows.map(({ what, quiet, besieged, bound, holds }) => [
      what,
      quiet,
      besieged,
      bound,
      holds ? 'holds' : 'PASSED',
    ]),
  )}\n\n`,
)
const { took, share } = reading.soFar()
process.stdout.write(
  `${paragraph(
    "The server's own time of a read is what its thread worked between the question and the answer: as long as the read takes where the server has a processor to itself. " +
      `Here it had ${(100 * share).toFixed(0)} % of the processor time that it wanted, and the bound is larger by that: what comes while it waits is there at once. ` +
      `By the clock, beside everybody else on this machine, 99 of 100 reads took at most ${quiet.reads.took.p99.toFixed(0)} ms quiet and ${took.p99.toFixed(0)} ms besieged.`,
  )}\n\n`,
)
for (const [name, of] of Object.entries(answers)) process.stdout.write(`${name}: ${JSON.stringify(of)}\n`)
if (values.json !== undefined)
  await writeFile(
    values.json,
    `${JSON.stringify({ rows, answers, quiet: quiet.reads, besieged: reading.soFar() }, undefined, 2)}\n`,
  )
await fleet.end()
await Promise.race([server.ask('end'), sleep(10_000)])
await processes.close()

if (without !== undefined) {
  const isSeen = passed.some(({ name }) => without.seenBy.includes(name))
  process.stdout.write(
    isSeen
      ? `\nseen: ${without.what}\n`
      : `\nNOT SEEN: without ${without.what} no bound was passed that names it\n`,
  )
  process.exit(isSeen ? 1 : 2)
}
// An attack that never came to the server proves nothing; in some seconds of a busy machine not
// each has its answer.
const idle = [...attacks, 'forged marks'].filter(name => answers[name] === undefined)
if (idle.length > 0) process.stdout.write(`\nnothing came of these attacks: ${idle.join(', ')}\n`)
process.exit(passed.length === 0 && (idle.length === 0 || values.quick) ? 0 : 1)
