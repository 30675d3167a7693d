import type { Action, ClientPlan, Fault, Plan, StrategyName } from './plan.js'

/** Every strategy, direct and relayed, each with a state folder. */
export const EVERY_WAY: readonly { readonly strategy: StrategyName; readonly relayed: boolean }[] = (
  ['pull', 'push', 'hybrid'] as const
).flatMap(strategy => [
  { strategy, relayed: false },
  { strategy, relayed: true },
])

/**
 * What publishers do. A document that everybody refuses is one of these: as a fault it does nothing
 * by itself.
 */
const ACTS = ['publish', 'rollback', 'candidate', 'burst', 'race', 'poison'] as const

/** What happens in a history written by hand: a fault, or what a publisher does. */
export type Happening = Fault | (typeof ACTS)[number]

const isAct = (happening: Happening | undefined): happening is (typeof ACTS)[number] =>
  ACTS.some(act => act === happening)

/**
 * A history written by hand: one client for each way, a publish, and what happens in its order.
 * Three seconds into each fault a publisher acts: as the history says next, or else it publishes.
 */
export function planOf({
  seed = 1,
  happenings,
  last = 'nothing',
  calm = 'publish',
  lastsMs = 25_000,
}: {
  seed?: number
  happenings: readonly Happening[]
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
  const faults = new Set<Fault>()
  const actions: Action[] = [{ atMs: 500, type: 'publish' }]
  let atMs = 5_000
  for (const [index, happening] of happenings.entries()) {
    if (happening === 'poison') faults.add(happening)
    if (isAct(happening)) {
      actions.push({ atMs, type: happening })
      atMs += 9_000
    } else {
      faults.add(happening)
      // A publisher is killed in the middle of what it does.
      const faultAtMs = happening === 'publisher-kill' ? atMs + 3_150 : atMs
      actions.push({ atMs: faultAtMs, type: 'fault', fault: happening, lastsMs })
      atMs += 3_000
      if (isAct(happenings[index + 1])) continue
      actions.push({ atMs, type: 'publish' })
      atMs += 9_000
    }
  }
  actions.sort((a, b) => a.atMs - b.atMs)
  return { seed, faults, clients, actions, last, calm, chaosMs: atMs + 10_000 }
}
