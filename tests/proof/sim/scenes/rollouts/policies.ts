import { staged, timed, type StagedOptions, type StageSpec } from '../../../../../src/rollouts/index.js'
import type { RolloutPolicy } from '../../../../../src/publisher/index.js'
import type { Dice } from '../../../../../src/sim/dice.js'
import { BAKE_MS } from './effects.js'
import { GATES, type SceneGate } from './gates.js'

/** How often clients report in a rollout, in milliseconds. */
const REPORT_MS = 5_000

const WATCH_MS = 40_000

/** What the floor of the scene asks for. */
export const FLOOR = { firstStage: 3, minBakeMs: BAKE_MS } as const

const STAGES: readonly (readonly StageSpec[])[] = [
  [1, 'all'],
  [1, 3, 'all'],
  [1, '50%', 'all'],
  [2, '30%', '60%', 'all'],
]

/** Rings, a cell, clients by name, and some that are held back. */
const BY_PLACE: readonly (StagedOptions & { readonly stages: readonly StageSpec[] })[] = [
  { stages: [{ labels: { ring: 'first' } }, { labels: { ring: ['first', 'early'] } }, 'all'] },
  { stages: [1, { labels: { cell: 'a' } }, 'all'] },
  { stages: [1, { labels: { cell: 'a' } }, 'all'], cluster: 'cell' },
  { stages: [{ labels: { ring: 'first', cell: 'a' } }, { labels: { cell: 'a' } }, 'all'], holdback: 0.3 },
  { stages: [{ clients: ['web-1', 'web-2'] }, '60%', 'all'] },
  { stages: [1, 'all'], holdback: 0.25 },
  { stages: [1, '50%', 'all'], holdback: 0.4 },
]

/** How a document is rolled out. */
export interface DrawnPolicy {
  readonly rollout: RolloutPolicy
  readonly gates: readonly SceneGate[]
  /** Why it may be looser than the floor. */
  readonly belowFloor: string | undefined
}

/** What else a scene has; each has dice of its own, so that the others stay as they are. */
export interface PolicyDice {
  readonly dice: Dice
  /** Undefined where clients carry no labels. */
  readonly places: Dice | undefined
  /** Undefined where nobody has gates. */
  readonly gates: Dice | undefined
}

/** Draws how a document is rolled out. */
export function drawPolicy({ dice, places, gates: gateDice }: PolicyDice): DrawnPolicy {
  if (dice.chance(0.12))
    return { rollout: timed({ steps: 3, everyMs: 25_000 }), gates: [], belowFloor: 'by the clock' }
  const plain = { stages: dice.pick(STAGES) }
  const drawn = places?.chance(0.8) === true ? places.pick(BY_PLACE) : plain
  const gates = gateDice === undefined ? [] : GATES.filter(() => gateDice.chance(0.7))
  const rollout = staged({
    ...drawn,
    bakeMs: BAKE_MS,
    reportMs: REPORT_MS,
    spreadMs: 1_000,
    watchMs: WATCH_MS,
    ...(gates.length > 0 && { gates }),
  })
  // A label may be carried by any number of clients, which the floor takes for all of them.
  return { rollout, gates, belowFloor: typeof drawn.stages[0] === 'object' ? 'the first ring' : undefined }
}

/** Where a client stands: some are in the first ring, and some in each cell. */
export function drawLabels(dice: Dice, index: number): Readonly<Record<string, string>> {
  const ring = index === 1 ? 'first' : index === 2 ? 'early' : dice.pick(['first', 'early', 'late', 'late'])
  return { ring, cell: index === 1 || dice.chance(0.5) ? 'a' : 'b' }
}
