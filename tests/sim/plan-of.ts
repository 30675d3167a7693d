import type { Action, ClientPlan, Fault, Plan, StrategyName } from './plan.js'

/** Every strategy, direct and relayed, each with a state folder. */
export const EVERY_WAY: readonly { readonly strategy: StrategyName; readonly relayed: boolean }[] = (
  ['pull', 'push', 'hybrid'] as const
).flatMap(strategy => [
  { strategy, relayed: false },
  { strategy, relayed: true },
])

/** A history written by hand: one client for each way, and the faults in their order, a few seconds apart, with a publish before and in each. */
export function planOf({
  seed = 1,
  faults,
  last = 'nothing',
  calm = 'publish',
  lastsMs = 25_000,
}: {
  seed?: number
  faults: readonly Fault[]
  last?: Plan['last']
  calm?: Plan['calm']
  lastsMs?: number
}): Plan {
  const clients = EVERY_WAY.map((way, index): ClientPlan => ({
    ...way,
    name: `client-${index}`,
    state: true,
    region: index % 2 === 0 ? 'eu' : 'us',
  }))
  const actions: Action[] = [{ atMs: 500, type: 'publish' }]
  let atMs = 5_000
  for (const fault of faults) {
    actions.push({ atMs, type: 'fault', fault, lastsMs })
    actions.push({ atMs: atMs + 3_000, type: 'publish' })
    atMs += 12_000
  }
  return { seed, faults: new Set(faults), clients, actions, last, calm, chaosMs: atMs + 10_000 }
}
