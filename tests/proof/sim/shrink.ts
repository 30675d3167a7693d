import { shrink } from '../../../src/sim/shrink.js'
import { runHistory } from './history.js'
import { drawPlan, type Less } from './plan.js'

/**
 * `<seed> [real milliseconds]`: takes away scenes, fault kinds, clients and actions while the same
 * oracle still reports the seed. Told are the trace, what is left, and the command that replays it;
 * what the time did not suffice for stays.
 */
const seed = Number(process.argv[2])
const mostMs = Number(process.argv[3] ?? 60_000)
const tell = (line: string): boolean => process.stdout.write(`${line}\n`)
const oracleOf = async (less: Less): Promise<readonly string[]> =>
  (await runHistory(seed, less)).violations.map(({ oracle }) => oracle)

const sizeOf = (less: Less): string => {
  const { faults, clients, actions, scenes = [] } = drawPlan(seed, less)
  return `${[...faults].join(' ') || 'no faults'}, ${clients.length} clients, ${actions.length} actions, ${scenes.length} scenes`
}

/** What `npm run sim` reads again. */
const commandOf = (less: Required<Less>): string => {
  const parts = Object.entries(less).flatMap(([name, taken]) =>
    taken.length === 0 ? [] : [`${name}=${taken.join(',')}`],
  )
  return `npm run sim -- ${seed} trace${parts.length === 0 ? '' : ` --without ${parts.join(' ')}`}`
}

// What Node loads on first use arrives in real time: one history goes before, as before those that
// found the seed.
await runHistory(0)
const [oracle] = await oracleOf({})
if (oracle === undefined) {
  tell(`seed ${seed} breaks nothing`)
} else {
  let less: Required<Less> = { faults: [], clients: [], actions: [], scenes: [] }
  const plan = drawPlan(seed)
  tell(`seed ${seed}: ${oracle}, with ${sizeOf(less)}`)
  const stillFails = async (smaller: Required<Less>): Promise<boolean> => {
    if (!(await oracleOf(smaller)).includes(oracle)) return false
    less = smaller
    // Told at once: a smaller history may be one that never ends.
    tell(`replays with: ${commandOf(less)}`)
    return true
  }
  const signal = AbortSignal.timeout(mostMs)
  const minus = <Part>(all: readonly Part[], left: readonly Part[]): Part[] =>
    all.filter(part => !left.includes(part))
  await shrink(plan.scenes ?? [], left => stillFails({ ...less, scenes: minus(plan.scenes ?? [], left) }), {
    signal,
  })
  const faults = [...plan.faults]
  await shrink(faults, left => stillFails({ ...less, faults: minus(faults, left) }), { signal })
  const clients = plan.clients.map(({ name }) => name)
  await shrink(
    clients,
    async left => left.length > 0 && stillFails({ ...less, clients: minus(clients, left) }),
    { signal },
  )
  const actions = [...plan.actions.entries()]
    .filter(([, action]) => !(action.type === 'fault' && less.faults.includes(action.fault)))
    .map(([index]) => index)
  await shrink(actions, left => stillFails({ ...less, actions: minus(actions, left) }), { signal })
  const { trace, violations } = await runHistory(seed, less)
  for (const line of trace) if (!line.includes(' request ')) tell(line)
  for (const { oracle: name, text } of violations) tell(`${name}: ${text}`)
  tell(`left of seed ${seed}: ${sizeOf(less)}`)
  tell(`replays with: ${commandOf(less)}`)
}
process.stdout.write('', () => process.exit(0))
