// `npm run bench`: what the strategies cost, and how far the server is from the floor. See
// docs/benchmarks.md, or `--help`.
import { rmSync, writeFileSync } from 'node:fs'
import { placeBefore, withoutBefore } from './before/before.js'
import { describeCheckout } from './before/checkout.js'
import { measureClient } from './client/part.js'
import { measureConnects } from './fanout/connects.js'
import { measureDeltas, measureEncodings } from './fanout/forms.js'
import { measureFanOut } from './fanout/part.js'
import { measureStalled } from './fanout/stalled.js'
import { describeMachine, loadOfLastMinute } from './machine.js'
import { help, partNames, readOptions } from './options.js'
import { patienceFor, sayBusy, sayFailure, thisMachine } from './patience.js'
import { measurePolling } from './poll/part.js'
import { createProcesses } from './processes.js'
import { measureReading } from './read/part.js'
import { measureStrategies } from './strategies/part.js'
import { measureRegistry } from './registry/part.js'
import { paragraph } from './table.js'
import { makeRow } from './rows.js'
import { measureHeld } from './held/part.js'
import { measurePeers } from './peers/part.js'
import { sayMissing } from './peers/peers.js'
import { measureStore } from './store/part.js'
import { describeTargets } from './table-of-targets.js'
import { rowsOf } from './targets.js'

/**
 * What every part gets, and gives: figures for the file, and text for people.
 * @typedef {object} Bench
 * @property {import('./options.js').Options} options
 * @property {import('./processes.js').Processes} processes
 * @property {(text: string) => void} say progress
 * @property {import('./before/before.js').Before} [before]
 * @typedef {{ figures: object, text: string, rows?: readonly import('./rows.js').Measured[] }} Part
 * `rows`: of the table of targets
 */

/** @type {Record<import('./options.js').PartName, (bench: Bench) => Promise<Part>>} */
const parts = {
  strategies: measureStrategies,
  fanout: measureFanOut,
  connects: measureConnects,
  stalled: measureStalled,
  deltas: measureDeltas,
  encodings: measureEncodings,
  read: measureReading,
  poll: measurePolling,
  registry: measureRegistry,
  client: measureClient,
  store: measureStore,
  held: measureHeld,
  peers: measurePeers,
}

const args = process.argv.slice(2)
const options = readOptions(args)
// A run that fails leaves no older one in its place.
if (typeof options === 'object' && 'json' in options && options.json !== undefined)
  rmSync(options.json, { force: true })
if (options === 'help') {
  process.stdout.write(help)
} else if ('problem' in options) {
  process.stderr.write(`bench: ${options.problem}\n\n${help}`)
  process.exitCode = 2
} else if (options.parts.includes('peers') && sayMissing() !== undefined) {
  process.stderr.write(`bench: ${sayMissing()}\n`)
  process.exitCode = 2
} else {
  process.exitCode = await run(options)
  // Interrupted, it may still wait for something that will not come any more.
  if (process.exitCode >= 130) process.exit()
}

/** @param {import('./options.js').Options} given @returns {Promise<number>} the exit status */
async function run(given) {
  const startedAt = Date.now()
  const seconds = () => (Date.now() - startedAt) / 1_000
  const asked = () => ({ clients: given.clients, machine: thisMachine() })
  const processes = createProcesses({ patienceMs: () => patienceFor(asked()) })
  const machine = { ...describeMachine(), loadBefore: loadOfLastMinute() }
  const say = (/** @type {string} */ text) =>
    void process.stderr.write(`${seconds().toFixed(1).padStart(6)} s  ${text}\n`)
  const interruption = untilInterrupted()
  /** @type {Record<string, object>} */
  const figures = {}
  /** @type {import('./rows.js').Row[]} */
  const rows = []

  print(
    `noticeboard benchmarks${given.quick ? ', a quick look' : ''}`,
    `${machine.processors} x ${machine.processor}, ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}, loopback; load ${machine.loadBefore} at the start`,
    'Figures are medians of several rounds with (lowest-highest); warm-up rounds are left out.',
  )
  const busy = sayBusy(thisMachine())
  if (given.before !== undefined) print(`before: ${describeCheckout(given.before)}.`)
  if (busy !== undefined)
    print(`Note: ${busy}. Times are those of a busy machine, and whatever may take a while may take longer.`)
  const before = given.before && placeBefore(given.before, { processes, say })
  const bench = { options: given, processes, say, ...(before !== undefined && { before }) }
  try {
    for (const name of given.parts) {
      const part = await Promise.race([interruption, parts[name](bench)])
      if (typeof part === 'number') return part
      figures[name] = part.figures
      const measured = [...rowsOf(name, part.figures), ...(part.rows ?? [])]
      rows.push(...measured.map(row => makeRow(row, { leastRounds: given.quick ? 3 : 5 })))
      process.stdout.write(`\n${part.text}\n`)
    }
    const leftOut = partNames.filter(name => !given.parts.includes(name))
    const told = given.before && {
      what: describeCheckout(given.before),
      without: given.parts.flatMap(part => {
        const why = withoutBefore[part]
        return why === undefined ? [] : [{ part, why }]
      }),
    }
    if (rows.length > 0 || told !== undefined)
      process.stdout.write(`\n${describeTargets(rows, { leftOut, before: told })}\n`)
  } catch (error) {
    process.stderr.write(`bench: ${sayFailure(error, asked())}\n`)
    return 1
  } finally {
    await processes.close()
    before?.remove()
  }
  const loadAfter = loadOfLastMinute()
  process.stdout.write('\n')
  print(
    `${seconds().toFixed(1)} s, ${processes.started} processes started, ${processes.left} left; load ${loadAfter} at the end`,
  )
  if (given.json !== undefined) {
    const { bytes, clients, connections, readersOfForms, changesPerHour, quick, about } = given
    const wanted = { quick, about, bytes, clients, connections, readersOfForms, changesPerHour }
    const run = {
      command: ['npm', 'run', 'bench', '--', ...args].join(' '),
      seconds: seconds(),
      processesLeft: processes.left,
    }
    writeFileSync(
      given.json,
      `${JSON.stringify({ v: 1, ...run, asked: wanted, machine: { ...machine, loadAfter }, before: given.before, rows, parts: figures }, null, 2)}\n`,
    )
    print(`every round: ${given.json}`)
  }
  return processes.left === 0 ? 0 : 1
}

/** @param {readonly string[]} lines */
function print(...lines) {
  for (const line of lines) process.stdout.write(`${paragraph(line)}\n`)
}

/** Resolves to the exit status when somebody wants this to end. @returns {Promise<number>} */
function untilInterrupted() {
  return new Promise(resolve => {
    process.once('SIGINT', () => resolve(130))
    process.once('SIGTERM', () => resolve(143))
  })
}
