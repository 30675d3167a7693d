// Whether the depths of `noticeboard compare` say the same, on workloads drawn at random:
//
//   node benchmarks/compare/agreement.js [--workloads 5] [--clients 200] [--seed 5] [--light]
//
//   node benchmarks/compare/agreement.js --run [--skip 0] [--costs costs.json] [--only "push"]
//
// Formula and simulation are compared; with --run the real run too, of the models that meet the
// deadlines by the formula: three minutes of the clock for each workload and model, and six
// intervals more where it polls, an hour in all, with round trips of a millisecond, as on one
// machine. Standard error says where it stands. Drawn are workloads whose best models are more than
// 15 % apart, hybrid and push taken as one, and of which a run shows the better; --draws lists
// them. A table a workload shows all depths side by side, and one at the end what each deeper one
// is of the formula. What a server costs is measured on this machine before a run, since processor
// time is compared with it; or read from --costs. With --light every simulation is that of a light
// population, as it is for fleets of more than --clients. Exits with 1 where a verdict is of
// another kind; where requests or bytes differ by more than 5 %, or processor time by more than 30
// %; or where the last client of a simulation has a change at a time that differs by more than 25
// %, and by more than three round trips and 50 ms; not where servers are busier than a model may
// keep them. When the last client of a run has it is shown and not judged: hundreds of clients in a
// few processes are what takes that long. Processor time of a run counts on a machine that was idle
// for 30 % at least. Run `npm run build` first.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compare, hybridModel, measureCosts, pullModel, pushModel } from 'noticeboard/compare'
import { figure, formatTable } from '../table.js'
import { drawWorkloads, familyOf, MODELS } from './drawn-workloads.js'

const help = `node benchmarks/compare/agreement.js [options]

  --workloads N    how many are drawn; 5 unless given
  --clients N      simulate or run so many clients of the library at most; 200 unless given
  --skip N         leave out so many of them, the first ones, which were compared before
  --draws          list the workloads and what the formula says of them, and nothing else
  --page           the fleet of docs/choosing.md in place of drawn ones, as a table for that page
  --seed N         what workloads and simulations draw chance from; 5 unless given
  --light          simulate every fleet by a light population
  --run            real processes as well, for models that meet the deadlines: three minutes for each
                   workload and model, and six intervals more where it polls; an hour in all
  --costs FILE     what a server costs, as noticeboard compare --save-costs wrote it
  --only MODELS    of hybrid, push, pull 5 s, pull 30 s, pull 1 min and pull 5 min only these, with commas between;
                   and those that are left out otherwise: hybrid, push and pull 5 s, each with
                   2 workers, as in --only "push,push, 2 workers"
`

const values = readOptions()
const [workloads = 0, skipped = 0, mostClients = 0, seed = 0] = [
  values.workloads,
  values.skip,
  values.clients,
  values.seed,
].map(Number)

/** Names, of which some hold a comma and a space. */
const only = values.only?.split(/,(?! )/)
/** They want a processor for each of their processes. */
const withWorkers = [
  hybridModel({ workers: 2 }),
  pushModel({ workers: 2 }),
  pullModel({ workers: 2, pollIntervalMs: 5_000 }),
]
const models =
  only === undefined ? MODELS : [...MODELS, ...withWorkers].filter(({ name }) => only.includes(name))
const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const costs = await readCosts()
/** @type {readonly ('simulation' | 'run')[]} */
const depths = values.run ? ['simulation', 'run'] : ['simulation']
/**
 * By how much a depth may be off: shares of the formula's figure; and of the last client a share,
 * or round trips and milliseconds.
 */
const MOST_OFF = {
  requests: 0.05,
  bytes: 0.05,
  cpu: 0.3,
  last: 0.25,
  trips: 3,
  ms: 50,
}
const LEAST_IDLE = 0.3
/** What is compared, with how it is shown. @satisfies {Record<string, Measure>} */
const MEASURES = {
  requests: { heading: 'requests/s', of: row => row.requests.perSecond, show: figure },
  bytes: { heading: 'MB/day', of: row => row.bytes.perDay / 1e6, show: figure },
  cpu: { heading: 'CPU, %', of: row => row.cpu.share * 100, show: figure },
  last: { heading: 'last client, s', of: row => row.stalenessMs.all / 1_000, show: figure },
}
const names = /** @type {readonly (keyof typeof MEASURES)[]} */ (Object.keys(MEASURES))
const headings = names.map(name => MEASURES[name].heading)
/** That of docs/choosing.md, and of whoever begins with push or pull. */
const PAGE_FLEET = {
  clients: 3_000,
  documentBytes: 20_480,
  changesPerDay: 40,
  deadlines: { killSwitchMs: 5_000 },
  offlineShare: 0.02,
}
const drawn = values.page
  ? [{ workload: PAGE_FLEET, weights: { cpu: 0.5, bytes: 0.5 } }]
  : (await drawWorkloads(workloads, seed)).slice(skipped)
if (values.draws) {
  process.stdout.write(`${formatTable(['seed', 'takes', 'next', 'which costs', ''], drawn.map(sayDraw))}\n`)
  process.exit(0)
}
const spans = []
/** Lines of Markdown, a model each: what the depths say of each measure, one after the other. */
const onPage = []
let failures = 0

process.stdout.write(
  `${['formula', ...depths].join(' | ')}; ${mostClients} clients of the library at most, seed ${seed}; - is computed\n`,
)
for (const [index, { workload: asDrawn, weights }] of drawn.entries()) {
  const workload = values.run ? onLoopback(asDrawn) : asDrawn
  const everywhere = await compare(workload, { models, weights, costs })
  const shown = values.run ? models.filter((_, place) => everywhere.rows[place]?.fits) : models
  const computed = await compare(workload, { models: shown, weights, costs })
  const lines = []
  const { clients, documentBytes, changesPerDay, restartsPerDay, killSwitchMs, rttMs } = computed.workload
  const about = `${figure(clients)} x ${figure(documentBytes / 1_000)} KB, ${figure(changesPerDay)} changes, ${figure(restartsPerDay)} restarts/day, ${figure(killSwitchMs / 1_000)} s, CPU ${weights.cpu}`
  const best = [computed.recommendation.model ?? 'none', ...computed.recommendation.ties]
  /** @type {import('noticeboard/compare').Comparison[]} */
  const looked = []
  for (const depth of depths)
    looked.push(
      await compare(workload, {
        models: shown,
        weights,
        costs,
        depth,
        onProgress: ({ model, step }) =>
          process.stderr.write(
            `workload ${skipped + index + 1} of ${skipped + drawn.length}, ${depth}, ${model}: ${step}\n`,
          ),
        mostClients: depth === 'simulation' && values.light ? 1 : mostClients,
        ...(depth === 'simulation' ? { seed } : { cli, quick: true }),
      }),
    )
  const taken = looked.map(({ recommendation }) => recommendation.model ?? 'none')
  const differs = taken.some(model => !best.map(familyOf).includes(familyOf(model)))
  if (differs) failures += 1
  for (const [place, known] of computed.rows.entries()) {
    const seen = looked.map(({ rows }) => /** @type {Row} */ (rows[place]))
    const wrong = seen.flatMap(row => wrongOf(row, known, rttMs))
    if (wrong.length > 0) failures += 1
    onPage.push(
      `| ${[
        known.model,
        ...names.map(name =>
          [known, ...seen].map(row => MEASURES[name].show(MEASURES[name].of(row))).join(', '),
        ),
      ].join(' | ')} |`,
    )
    const { clients: ran = 0, machineIdle } = seen.at(-1)?.sample ?? {}
    lines.push([
      place === 0 ? about : '',
      known.model,
      ...names.map(name => {
        const { of, show } = MEASURES[name]
        return [of(known), ...seen.map(row => (row.depth === 'formula' ? Number.NaN : of(row)))]
          .map(value => show(value))
          .join(' | ')
      }),
      ran > 0
        ? `${figure(ran)} clients${machineIdle === undefined ? '' : `, machine ${figure(machineIdle * 100)} % idle`}`
        : '',
      `${place === 0 ? `${[best.join(' or '), ...taken].join(' | ')}${differs ? '  DIFFERS' : ''}` : ''}${wrong.length > 0 ? `  DIFFERS: ${wrong.join(', ')}` : ''}`,
    ])
  }
  process.stdout.write(
    `\n${formatTable(['workload', 'model', ...headings, '', `verdict: ${['formula', ...depths].join(' | ')}`], lines)}\n`,
  )
  for (const [number, depth] of depths.entries())
    spans.push([
      number === 0 ? about : '',
      depth,
      ...names.map(name => {
        const ratios = computed.rows.flatMap((known, place) => {
          const row = /** @type {Row} */ (looked[number]?.rows[place])
          return row.depth === depth ? [MEASURES[name].of(row) / MEASURES[name].of(known)] : []
        })
        return `${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}`
      }),
    ])
}

if (values.page)
  process.stdout.write(
    `\n${['formula', ...depths].join(', ')}:\n\n| | ${headings.join(' | ')} |\n|${'---|'.repeat(names.length + 1)}\n${onPage.join('\n')}\n\n`,
  )
process.stdout.write(
  `\nOver the formula, the lowest and the highest of these models\n${formatTable(['workload', 'depth', ...headings], spans)}\n`,
)
process.exitCode = failures === 0 ? 0 : 1

/** @typedef {import('noticeboard/compare').Row} Row */

/**
 * A workload on one machine, where a request takes no longer than that: clients ask the more often.
 *
 * @param {import('noticeboard/compare').WorkloadInput} workload
 * @returns {import('noticeboard/compare').WorkloadInput}
 */
function onLoopback(workload) {
  return { ...workload, network: { ...workload.network, rttMs: 1 } }
}

/**
 * @typedef {{
 *   readonly heading: string
 *   readonly of: (row: Row) => number
 *   readonly show: (value: number) => string
 * }} Measure
 */

/**
 * In what a row is farther away from the computed one than it may be.
 *
 * @param {Row} seen
 * @param {Row} known
 * @param {number} rttMs
 */
function wrongOf(seen, known, rttMs) {
  if (seen.depth === 'formula') return []
  const { machineIdle = 1 } = seen.sample ?? {}
  const off = (/** @type {keyof typeof MEASURES} */ name) =>
    Math.abs(MEASURES[name].of(seen) / MEASURES[name].of(known) - 1)
  const lastMs = Math.abs(seen.stalenessMs.all - known.stalenessMs.all)
  const isBusy = known.misses.some(({ what }) => what === 'processor')
  const isLate = !isBusy && off('last') > MOST_OFF.last && lastMs > MOST_OFF.trips * rttMs + MOST_OFF.ms
  return names
    .filter(name =>
      name === 'last'
        ? seen.depth === 'simulation' && isLate
        : (name !== 'cpu' || machineIdle >= LEAST_IDLE) && off(name) > MOST_OFF[name],
    )
    .map(name => `${seen.depth}, ${MEASURES[name].heading}`)
}

/**
 * A drawn workload in a line.
 *
 * @param {{
 *   readonly seed?: number
 *   readonly best?: string
 *   readonly next?: string
 *   readonly ratio?: number
 *   readonly workload: import('noticeboard/compare').WorkloadInput
 *   readonly weights: import('noticeboard/compare').Weights
 * }} drawn
 */
function sayDraw({ seed, best = '', next = '', ratio = 1, workload, weights }) {
  return [
    String(seed),
    best,
    next,
    `${ratio.toFixed(2)} times as much`,
    JSON.stringify({ ...workload, weights }),
  ]
}

/** What was asked for; ends the process where that is help, or nothing that there is. */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        workloads: { type: 'string', default: '5' },
        skip: { type: 'string', default: '0' },
        clients: { type: 'string', default: '200' },
        seed: { type: 'string', default: '5' },
        run: { type: 'boolean', default: false },
        costs: { type: 'string' },
        only: { type: 'string' },
        light: { type: 'boolean', default: false },
        draws: { type: 'boolean', default: false },
        page: { type: 'boolean', default: false },
      },
    })
    if (!values.help) return values
    process.stdout.write(help)
    process.exit(0)
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${help}`)
    process.exit(2)
  }
}

/** What a server costs: as recorded, and of a run as this machine has it today. */
async function readCosts() {
  if (values.costs !== undefined) return JSON.parse(await readFile(values.costs, 'utf8'))
  if (!values.run) return 'recorded'
  const onProgress = (/** @type {string} */ text) => process.stderr.write(`what a server costs: ${text}\n`)
  return measureCosts({ cli, signal: new AbortController().signal, onProgress })
}
