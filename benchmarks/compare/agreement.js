// Whether the depths of `noticeboard compare` say the same, on workloads drawn at random:
//
//   node benchmarks/compare/agreement.js [--workloads 5] [--clients 200] [--seed 5] [--run] [--light]
//
// Formula and simulation are compared; with --run the real run too, which takes two minutes of the clock for each workload and
// model; with --light every simulation is that of a light population, as it is for fleets of more than --clients. Exits with 1
// where a verdict differs although the two best models are more than 15 % apart, where requests or bytes differ by more than 5 %, or
// where processor time differs by more than 30 % (of a run: on a machine that was idle for 30 % at least). Run `npm run build` first.
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { compare, hybridModel, pullModel, pushModel } from 'noticeboard/compare'
import { seededDice } from 'noticeboard/sim'
import { figure, formatTable } from '../table.js'

const { values } = parseArgs({
  options: {
    workloads: { type: 'string', default: '5' },
    clients: { type: 'string', default: '200' },
    seed: { type: 'string', default: '5' },
    run: { type: 'boolean', default: false },
    light: { type: 'boolean', default: false },
  },
})
const [workloads = 0, mostClients = 0, seed = 0] = [values.workloads, values.clients, values.seed].map(Number)

const models = [
  hybridModel(),
  pushModel(),
  ...[5_000, 30_000, 300_000].map(pollIntervalMs => pullModel({ pollIntervalMs })),
]
const cli = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url))
const lines = []
let failures = 0

for (let index = 0; index < workloads; index += 1) {
  const { workload, weights } = drawWorkload(seededDice(seed + index, 'workload'))
  const computed = await compare(workload, { models, weights })
  const { clients, documentBytes, changesPerDay, restartsPerDay, deadlines } = workload
  const about = `${figure(clients)} x ${figure(documentBytes / 1_000)} KB, ${figure(changesPerDay)} changes, ${figure(restartsPerDay)} restarts/day, ${figure(deadlines.killSwitchMs / 1_000)} s, CPU ${weights.cpu}`
  const best = [computed.recommendation.model ?? 'none', ...computed.recommendation.ties]
  for (const depth of values.run
    ? /** @type {const} */ (['simulation', 'run'])
    : /** @type {const} */ (['simulation'])) {
    const looked = await compare(workload, {
      models,
      weights,
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
      const { machineIdle = 1 } = seen.sample ?? {}
      const wrong =
        Math.abs(requests - 1) > 0.05 ||
        Math.abs(bytes - 1) > 0.05 ||
        (machineIdle >= 0.3 && Math.abs(cpu - 1) > 0.3)
      if (wrong) failures += 1
      lines.push([
        place === 0 && depth === 'simulation' ? about : '',
        place === 0 ? depth : '',
        seen.model,
        ...(seen.depth === 'formula' ? ['computed', '', '', ''] : ratios.map(ratio => ratio.toFixed(3))),
        place === 0
          ? `${best.join(' or ')} / ${taken}${differs ? '  DIFFERS' : ''}`
          : `${machineIdle < 0.3 ? `machine ${figure(machineIdle * 100)} % idle` : ''}${wrong ? '  DIFFERS' : ''}`,
      ])
    }
  }
}

process.stdout.write(
  `Over the formula; ${mostClients} clients of the library simulated or run at most, seed ${seed}\n${formatTable(['workload', 'depth', 'model', 'requests', 'bytes', 'CPU', 'last client', 'formula / this'], lines)}\n`,
)
process.exitCode = failures === 0 ? 0 : 1

/**
 * Small fleets and large ones, deadlines of seconds and of an hour, fleets that restart all day, lines that are paid by the byte.
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
