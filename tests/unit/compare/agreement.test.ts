import { expect, test, vi } from 'vitest'
import { drawWorkload } from '../../../benchmarks/compare/draw-workload.js'
import {
  adaptivePullModel,
  compare,
  hybridModel,
  pullModel,
  pushModel,
  type ComparedRow,
  type Comparison,
} from '../../../src/compare/index.js'
import { KINDS, type Counts, type Kind } from '../../../src/compare/costs/costs.js'
import { seededDice } from '../../../src/sim/index.js'

// The formula and the simulation, on workloads that are drawn as benchmarks/compare/agreement.js
// draws them, with fleets that a light population simulates in a moment.
vi.setConfig({ testTimeout: 120_000 })

const MODELS = [
  hybridModel(),
  hybridModel({ deltas: true }),
  pushModel(),
  pushModel({ deltas: true }),
  pullModel(),
  pullModel({ pollIntervalMs: 300_000 }),
  adaptivePullModel(),
]
const SEEDS = [5, 6, 9, 10, 11]

interface Depths {
  readonly known: Comparison
  readonly seen: Comparison
}

const depthsOf = async (seed: number): Promise<Depths> => {
  const { workload: drawn, weights } = drawWorkload(seededDice(seed, 'workload'))
  const workload = { ...drawn, clients: Math.min(1_000, Math.max(500, drawn.clients)) }
  const options = { models: MODELS, weights }
  return {
    known: await compare(workload, options),
    seen: await compare(workload, { ...options, depth: 'simulation', mostClients: 1, seed }),
  }
}
const looked = new Map<number, Promise<Depths>>()
/** Both depths of a drawn workload, looked at once for all tests. */
const drawn = (seed: number): Promise<Depths> => {
  const both = looked.get(seed) ?? depthsOf(seed)
  looked.set(seed, both)
  return both
}

test.each(SEEDS)(
  'on a drawn workload the simulation has requests and bytes of the formula within 5 %, its processor time within 30 %, and its verdict: seed %i',
  async seed => {
    const { known, seen } = await drawn(seed)
    expect(seen.rows.map(({ sample }) => sample?.population)).toEqual(MODELS.map(() => 'light'))
    const beyond = (bound: number, of: (row: ComparedRow) => number) =>
      seen.rows
        .map((row, index) => [row.model, of(row) / of(known.rows[index] as ComparedRow)] as const)
        .filter(([, ratio]) => !(Math.abs(ratio - 1) <= bound))
    expect(beyond(0.05, ({ requests }) => requests.perSecond)).toEqual([])
    expect(beyond(0.05, ({ bytes }) => bytes.perDay)).toEqual([])
    expect(beyond(0.3, ({ cpu }) => cpu.share)).toEqual([])
    const bestOf = ({ recommendation: { model, ties } }: Comparison) => [model, ...ties]
    expect(bestOf(known)).toContain(seen.recommendation.model)
    expect(bestOf(seen)).toContain(known.recommendation.model)
  },
)

/** Which part of the requests of a row a kind has to be: what is less moves no figure. */
const FLOOR = 0.15

/** These come once for each change, start or stream: chance has no part in them, and no floor. */
const EXACT: readonly Kind[] = ['snapshot', 'delta', 'connect', 'notice', 'delivery', 'deltaDelivery']

/** By how much a kind may be off on average over the drawn workloads, as a share. */
const boundOf = (kind: Kind): number => (EXACT.includes(kind) ? 0.001 : 0.05)

function isMany(kind: Kind, known: Counts): boolean {
  // Marks are no requests, and always many.
  const all = KINDS.reduce((sum, each) => sum + (each === 'mark' ? 0 : (known[each] ?? 0)), 0)
  const count = known[kind] ?? 0
  return count > (EXACT.includes(kind) ? 0 : FLOOR * all)
}

/**
 * Seen over known, on average over all workloads, of each model and kind that there is enough of.
 */
async function ratios(termOf: (kind: Kind) => number): Promise<readonly (readonly [string, Kind, number])[]> {
  const depths = await Promise.all(SEEDS.map(drawn))
  return MODELS.flatMap(({ name }, index) =>
    KINDS.flatMap(kind => {
      const of = depths
        .map(({ known, seen }) => [known.rows[index]?.perDay ?? {}, seen.rows[index]?.perDay ?? {}] as const)
        .filter(([known]) => isMany(kind, known))
        .map(([known, seen]) => (seen[kind] ?? 0) / ((known[kind] ?? 0) * termOf(kind)))
      return of.length === 0
        ? []
        : [[name, kind, of.reduce((sum, ratio) => sum + ratio, 0) / of.length] as const]
    }),
  )
}

const isOff = ([, kind, ratio]: readonly [string, Kind, number]): boolean =>
  Math.abs(ratio - 1) > boundOf(kind)

test('of each kind of request that is many the simulation counts what the formula does, within 5 %', async () => {
  expect((await ratios(() => 1)).filter(isOff)).toEqual([])
})

test.each([0.9, 1.1])(
  'a formula whose count of one kind is %d times as large is told from the simulation, of every kind',
  async factor => {
    const unnoticed: Kind[] = []
    for (const kind of KINDS) {
      const off = (await ratios(each => (each === kind ? factor : 1))).filter(isOff)
      if (!off.some(([, noticed]) => noticed === kind)) unnoticed.push(kind)
    }
    expect(unnoticed).toEqual([])
  },
)
