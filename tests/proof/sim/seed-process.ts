import { runHistory, runPlan } from './history.js'
import { planOf } from './plan-of.js'

/** What a process that runs seeds tells for each: one line of JSON. */
export interface SeedLine {
  readonly seed: number
  readonly violations: readonly { readonly oracle: string; readonly atMs: number; readonly text: string }[]
  readonly faults: readonly string[]
  readonly hash: string
  readonly events: number
  readonly sometimes: readonly string[]
}

const [from = '1', count = '1', step = '1'] = process.argv.slice(2).map(String)
// What Node loads on first use arrives in real time: a history without faults goes before, so that
// each finds the same process.
await runPlan(planOf({ happenings: [] }))
for (let index = 0; index < Number(count); index += 1) {
  const seed = Number(from) + index * Number(step)
  // Said before it begins, so that a history that never ends has a name.
  process.stdout.write(`{"began":${seed}}\n`)
  const { violations, plan, hash, events, sometimes } = await runHistory(seed)
  const line: SeedLine = {
    seed,
    violations,
    faults: [...plan.faults],
    hash,
    events,
    sometimes: [...sometimes],
  }
  process.stdout.write(`${JSON.stringify(line)}\n`)
}
// What a planted bug leaves open must not keep this process.
process.stdout.write('', () => process.exit(0))
