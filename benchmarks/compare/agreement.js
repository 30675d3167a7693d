// Whether the formula and the simulation of `noticeboard compare` say the same, on workloads drawn at random:
//
//   node benchmarks/compare/agreement.js [--workloads 5] [--clients 200] [--seed 1]
//
// Exits with 1 where a verdict differs although the two best models are more than 15 % apart, or where requests or bytes
// differ by more than 5 %, or processor time by more than 30 %. Takes a minute of processor time for each workload and
// hundred clients; run `npm run build` first.
import { parseArgs } from 'node:util'
import { compare, hybridModel, pullModel, pushModel } from 'noticeboard/compare'
import { seededDice } from 'noticeboard/sim'
import { figure, formatTable } from '../table.js'

const { values } = parseArgs({
  options: {
    workloads: { type: 'string', default: '5' },
    clients: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
  },
})
const [workloads, mostClients, seed] = [values.workloads, values.clients, values.seed].map(Number)

const models = [hybridModel(), pushModel(), pullModel({ pollIntervalMs: 5_000 }), pullModel()]
const rows = []
let failures = 0

for (let index = 0; index < (workloads ?? 0); index += 1) {
  const workload = drawWorkload(seededDice((seed ?? 0) + index, 'workload'))
  const computed = await compare(workload, { models })
  const simulated = await compare(workload, { models, depth: 'simulation', mostClients, seed })
  const { clients, documentBytes, changesPerDay, deadlines } = workload
  const about = `${figure(clients)} x ${figure(documentBytes / 1_000)} KB, ${figure(changesPerDay)}/day, ${deadlines.killSwitchMs / 1_000} s`
  const verdicts = [computed, simulated].map(({ recommendation: { model = 'none' } }) => model)
  const differs = verdicts[0] !== verdicts[1] && !computed.recommendation.ties.includes(String(verdicts[1]))
  if (differs) failures += 1
  for (const [place, seen] of simulated.rows.entries()) {
    const known = computed.rows[place]
    if (known === undefined) continue
    const [requests, bytes, cpu, all] = [
      seen.requests.perSecond / known.requests.perSecond,
      seen.bytes.perDay / known.bytes.perDay,
      seen.cpu.share / known.cpu.share,
      seen.stalenessMs.all / known.stalenessMs.all,
    ]
    const wrong = Math.abs(requests - 1) > 0.05 || Math.abs(bytes - 1) > 0.05 || Math.abs(cpu - 1) > 0.3
    if (wrong) failures += 1
    rows.push([
      place === 0 ? about : '',
      seen.model,
      ...[requests, bytes, cpu, all].map(ratio => ratio.toFixed(3)),
      place === 0 ? `${verdicts.join(' / ')}${differs ? '  DIFFERS' : ''}` : wrong ? 'DIFFERS' : '',
    ])
  }
}

process.stdout.write(
  `Simulation over formula, ${mostClients} clients simulated at most, seed ${seed}\n${formatTable(['workload', 'model', 'requests', 'bytes', 'CPU', 'last client', 'verdicts'], rows)}\n`,
)
process.exitCode = failures === 0 ? 0 : 1

/** @param {import('noticeboard/sim').Dice} dice */
function drawWorkload(dice) {
  /** Between two numbers, each size as likely. @param {number} least @param {number} most */
  const size = (least, most) => least * (most / least) ** dice.number()
  const killSwitchMs = Math.round(size(2_000, 600_000) / 1_000) * 1_000
  return {
    clients: Math.round(size(50, 20_000)),
    documentBytes: Math.round(size(500, 100_000)),
    changesPerDay: Math.round(size(2, 200)),
    deadlines: { killSwitchMs, routineMs: Math.max(killSwitchMs, 300_000) },
    offlineShare: dice.pick([0, 0.02, 0.1]),
    restartsPerDay: Math.round(size(1, 20)),
    keepsState: dice.chance(0.5),
    network: { rttMs: Math.round(size(1, 150)), halfOpenPerClientDay: size(0.01, 5) },
    servers: dice.pick([1, 1, 2]),
  }
}
