// Whether the depths of `noticeboard compare` say the same, on workloads drawn at random:
//
//   node benchmarks/compare/agreement.js [--workloads 5] [--clients 200] [--seed 5] [--light]
//   node benchmarks/compare/agreement.js --run [--costs costs.json] [--only "push,pull 30 s"]
//
// Formula and simulation are compared; with --run the formula and the real run, which takes two
// minutes of the clock for each workload and model. What a server costs is measured on this machine
// before that, since processor time is compared with it; or read from --costs. With --light every
// simulation is that of a light population, as it is for fleets of more than --clients. Exits with
// 1 where a verdict differs although the two best models are more than 15 % apart, where requests
// or bytes differ by more than 5 %, or where processor time differs by more than 30 % (of a run: on
// a machine that was idle for 30 % at least). Run `npm run build` first.
import { readFile } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compare, hybridModel, measureCosts, pullModel, pushModel } from 'noticeboard/compare'
import { seededDice } from 'noticeboard/sim'
import { figure, formatTable } from '../table.js'

const help = `node benchmarks/compare/agreement.js [options]

  --workloads N    how many are drawn; 5 unless given
  --clients N      simulate or run so many clients of the library at most; 200 unless given
  --seed N         what workloads and simulations draw chance from; 5 unless given
  --light          simulate every fleet by a light population
  --run            real processes in place of the simulation: two minutes for each workload and model
  --costs FILE     what a server costs, as noticeboard compare --save-costs wrote it
  --only MODELS    of hybrid, push, pull 5 s, pull 30 s and pull 5 min only these, with commas between;
                   and those that are left out otherwise: hybrid, push and pull 5 s, each with
                   2 workers, as in --only "push,push, 2 workers"
`

const values = readOptions()
const [workloads = 0, mostClients = 0, seed = 0] = [values.workloads, values.clients, values.seed].map(Number)

/** Names, of which some hold a comma and a space. */
const only = values.only?.split(/,(?! )/)
const usual = [
  hybridModel(),
  pushModel(),
  ...[5_000, 30_000, 300_000].map(pollIntervalMs => pullModel({ pollIntervalMs })),
]
/** They want a processor for each of their processes. */
const withWorkers = [
  hybridModel({ workers: 2 }),
  pushModel({ workers: 2 }),
  pullModel({ workers: 2, pollIntervalMs: 5_000 }),
]
const models =
  only === undefined ? usual : [...usual, ...withWorkers].filter(({ name }) => only.includes(name))
const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const costs = await readCosts()
const depth = values.run ? 'run' : 'simulation'
const lines = []
let failures = 0

for (let index = 0; index < workloads; index += 1) {
  const { workload, weights } = drawWorkload(seededDice(seed + index, 'workload'))
  const computed = await compare(workload, { models, weights, costs })
  const { clients, documentBytes, changesPerDay, restartsPerDay, deadlines } = workload
  const about = `${figure(clients)} x ${figure(documentBytes / 1_000)} KB, ${figure(changesPerDay)} changes, ${figure(restartsPerDay)} restarts/day, ${figure(deadlines.killSwitchMs / 1_000)} s, CPU ${weights.cpu}`
  const best = [computed.recommendation.model ?? 'none', ...computed.recommendation.ties]
  const looked = await compare(workload, {
    models,
    weights,
    costs,
    depth,
    mostClients: depth === 'simulation' && values.light ? 1 : mostClients,
    seed,
    ...(depth === 'run' && { cli, quick: true }),
  })
  const taken = looked.recommendation.model ?? 'none'
  const differs = !best.includes(taken)
  if (differs) failures += 1
  for (const [place, seen] of looked.rows.entries()) {
    const known = computed.rows[place]
    if (known === undefined) continue
    const ratios = [
      seen.requests.perSecond / known.requests.perSecond,
      seen.bytes.perDay / known.bytes.perDay,
      seen.cpu.share / known.cpu.share,
      seen.stalenessMs.all / known.stalenessMs.all,
    ]
    const [requests = 1, bytes = 1, cpu = 1] = ratios
    const { clients: ran = 0, machineIdle = 1 } = seen.sample ?? {}
    const wrong =
      Math.abs(requests - 1) > 0.05 ||
      Math.abs(bytes - 1) > 0.05 ||
      (machineIdle >= 0.3 && Math.abs(cpu - 1) > 0.3)
    if (wrong) failures += 1
    lines.push([
      place === 0 ? about : '',
      seen.model,
      ...(seen.depth === 'formula' ? ['computed', '', '', ''] : ratios.map(ratio => ratio.toFixed(3))),
      ran > 0 ? `${figure(ran)} clients, machine ${figure(machineIdle * 100)} % idle` : '',
      `${place === 0 ? `${best.join(' or ')} / ${taken}${differs ? '  DIFFERS' : ''}` : ''}${wrong ? '  DIFFERS' : ''}`,
    ])
  }
}

process.stdout.write(
  `A ${depth} over the formula; ${mostClients} clients of the library at most, seed ${seed}\n${formatTable(['workload', 'model', 'requests', 'bytes', 'CPU', 'last client', '', 'formula / this'], lines)}\n`,
)
process.exitCode = failures === 0 ? 0 : 1

/** What was asked for; ends the process where that is help, or nothing that there is. */
function readOptions() {
  try {
    const { values } = parseArgs({
      options: {
        help: { type: 'boolean', short: 'h', default: false },
        workloads: { type: 'string', default: '5' },
        clients: { type: 'string', default: '200' },
        seed: { type: 'string', default: '5' },
        run: { type: 'boolean', default: false },
        costs: { type: 'string' },
        only: { type: 'string' },
        light: { type: 'boolean', default: false },
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
  return measureCosts({ cli, signal: new AbortController().signal })
}

/**
 * Small fleets and large ones, deadlines of seconds and of an hour, fleets that restart all day,
 * lines that are paid by the byte.
 *
 * @param {import('noticeboard/sim').Dice} dice
 */
function drawWorkload(dice) {
  /** Between two numbers, each size as likely. @param {number} least @param {number} most */
  const size = (least, most) => least * (most / least) ** dice.number()
  const killSwitchMs = Math.round(size(2_000, 3_600_000) / 1_000) * 1_000
  return {
    workload: {
      clients: Math.round(size(20, 20_000)),
      documentBytes: Math.round(size(500, 200_000)),
      changesPerDay: Math.round(size(1, 200)),
      deadlines: { killSwitchMs, routineMs: Math.max(killSwitchMs, 300_000) },
      offlineShare: dice.pick([0, 0.02, 0.1]),
      restartsPerDay: Math.round(size(1, 200)),
      keepsState: dice.chance(0.5),
      network: {
        rttMs: Math.round(size(1, 150)),
        halfOpenPerClientDay: size(0.01, 5),
        idleTimeoutMs: dice.pick([10_000, 60_000, 350_000]),
      },
      servers: dice.pick([1, 1, 2]),
    },
    weights: dice.pick([
      { cpu: 0.5, bytes: 0.5 },
      { cpu: 0.1, bytes: 0.9 },
      { cpu: 0.9, bytes: 0.1 },
    ]),
  }
}
