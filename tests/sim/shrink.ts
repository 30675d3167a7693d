import { runHistory } from './history.js'
import { drawPlan, type Less } from './plan.js'

/** Takes away fault kinds, clients and actions while the same oracle still reports the seed. */
const seed = Number(process.argv[2])
const oracleOf = async (less: Less): Promise<readonly string[]> =>
  (await runHistory(seed, less)).violations.map(({ oracle }) => oracle)
const [oracle] = await oracleOf({})
if (oracle === undefined) {
  process.stdout.write(`seed ${seed} breaks nothing\n`)
} else {
  let less: Required<Less> = { faults: [], clients: [], actions: [] }
  const attempt = async (smaller: Required<Less>): Promise<void> => {
    if ((await oracleOf(smaller)).includes(oracle)) less = smaller
  }
  const plan = drawPlan(seed)
  for (const fault of plan.faults) await attempt({ ...less, faults: [...less.faults, fault] })
  for (const { name } of plan.clients)
    if (less.clients.length < plan.clients.length - 1)
      await attempt({ ...less, clients: [...less.clients, name] })
  for (let index = plan.actions.length - 1; index >= 0; index -= 1)
    await attempt({ ...less, actions: [...less.actions, index] })
  const { trace, violations } = await runHistory(seed, less)
  process.stdout.write(`${trace.filter(line => !line.includes(' request ')).join('\n')}\n`)
  for (const { oracle: name, text } of violations) process.stdout.write(`${name}: ${text}\n`)
  process.stdout.write(
    `left of seed ${seed}: ${[...drawPlan(seed, less).faults].join(' ') || 'no faults'}, ${plan.clients.length - less.clients.length} clients, ${drawPlan(seed, less).actions.length} actions\n`,
  )
}
process.stdout.write('', () => process.exit(0))
