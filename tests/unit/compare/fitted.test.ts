import { expect, test } from 'vitest'
import {
  compare,
  hybridModel,
  pullModel,
  pushModel,
  recordedCosts,
  type KnownModel,
} from '../../../src/compare/index.js'
import { defaultModels } from '../../../src/compare/default-models.js'
import { essentials } from '../../../src/compare/formula/estimate.js'
import { halfOpenOf } from '../../../src/compare/formula/half-open.js'
import { fittedModels, namedModels, verdictAt } from '../../../src/compare/verdict/contenders.js'
import { costOf, WEIGHTS } from '../../../src/compare/verdict/recommend.js'
import { readWorkload, type Workload, type WorkloadInput } from '../../../src/compare/workload.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { FLAGS } from './fleets.js'

/** What somebody would name by hand who tries many heartbeats and intervals. */
const MANY: readonly KnownModel[] = [
  ...[2, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30].flatMap(seconds => {
    const heartbeatMs = seconds * 1_000
    return [hybridModel({ heartbeatMs }), pushModel({ heartbeatMs })]
  }),
  ...[1, 2, 3, 4, 6, 8, 12, 20, 25, 30, 40, 60, 70, 90, 150, 270, 600, 1_200].map(seconds =>
    pullModel({ pollIntervalMs: seconds * 1_000 }),
  ),
]

/**
 * Whether a heartbeat is longer than the default and leaves clients on dead streams without a
 * change beyond the deadline. It saves a little, and is left to who names it.
 */
function isTooLong({ shape }: KnownModel, workload: Workload): boolean {
  if (shape.type !== 'stream' || shape.heartbeatMs <= 8_000) return false
  const { killSwitchMs, routineMs } = workload
  return halfOpenOf(shape, workload).worstMs > Math.min(killSwitchMs, routineMs)
}

function drawn(seed: number): WorkloadInput {
  const random = seededRandom(seed)
  const pick = (...of: readonly number[]): number => of[Math.floor(random.number() * of.length)] ?? 0
  const between = (least: number, most: number): number =>
    Math.round(least * (most / least) ** random.number())
  return {
    clients: between(20, 50_000),
    documentBytes: between(500, 250_000),
    changesPerDay: between(1, 300),
    deadlines: { killSwitchMs: between(1_500, 900_000) },
    offlineShare: 0.03,
    servers: pick(1, 2, 4),
    network: {
      idleTimeoutMs: pick(4_000, 5_500, 9_000, 20_000, 60_000, 350_000),
      halfOpenPerClientDay: pick(0.1, 5, 60),
    },
  }
}

test('the default models have an answer wherever many that are named have one, and none that is a fifth dearer', () => {
  let dearest = 1
  let answers = 0
  for (let seed = 1; seed <= 300; seed += 1) {
    const workload = readWorkload(drawn(seed))
    const basis = { workload, costs: recordedCosts }
    const { best } = verdictAt(fittedModels('formula'), basis, WEIGHTS)
    const many = MANY.filter(model => !isTooLong(model, workload))
    const [cheapest] = verdictAt(namedModels(many), basis, WEIGHTS).fitting
    if (cheapest === undefined) continue
    answers += 1
    expect([seed, best?.model]).not.toEqual([seed, undefined])
    if (best === undefined) continue
    const ratio = costOf(best, WEIGHTS) / costOf(cheapest, WEIGHTS)
    dearest = Math.max(dearest, ratio)
  }
  expect(answers).toBeGreaterThan(200)
  // Of a tie the sooner one is taken, and the intervals that are tried are a few.
  expect(dearest).toBeLessThan(1.2)
})

test('a longer heartbeat than the default saves two thirds at most', () => {
  const savings: number[] = []
  for (let seed = 1; seed <= 300; seed += 1) {
    const basis = { workload: readWorkload(drawn(seed)), costs: recordedCosts }
    for (const modelOf of [hybridModel, pushModel]) {
      const [usual, long] = [modelOf(), modelOf({ heartbeatMs: 30_000 })].map(model =>
        essentials(model, basis),
      )
      if (usual?.fits === true && long?.fits === true)
        savings.push(1 - costOf(long, WEIGHTS) / costOf(usual, WEIGHTS))
    }
  }
  expect(savings.length).toBeGreaterThan(200)
  expect(Math.max(...savings)).toBeLessThan(0.667)
  expect(Math.max(...savings)).toBeGreaterThan(0.5)
})

test('push is compressed as http() asks for it where a document is known to be shorter so, and nowhere else', () => {
  const pushes = (input: WorkloadInput, depth?: 'run') =>
    defaultModels({ workload: readWorkload(input), costs: recordedCosts }, depth)
      .map(({ name }) => name)
      .filter(name => name.startsWith('push'))
  const plain = ['push', 'push, heartbeat 30 s']
  const { encodedBytes, ...unknown } = FLAGS
  expect(pushes(FLAGS)).toEqual(['push, gzip', 'push, heartbeat 30 s, gzip'])
  // Nobody said how long it is encoded, it is no shorter, or it does not come on a stream.
  expect(pushes(unknown)).toEqual(plain)
  expect(pushes({ ...unknown, encodedBytes: FLAGS.documentBytes })).toEqual(plain)
  expect(pushes({ ...FLAGS, documentBytes: 262_145, encodedBytes })).toEqual(plain)
  // The clients of a run decode no stream.
  expect(pushes(FLAGS, 'run')).toEqual(plain)
})

test('of a document that is short when it is encoded push costs what hybrid does, and is named first', async () => {
  const { recommendation } = await compare(FLAGS)
  expect([recommendation.model, recommendation.ties]).toEqual([
    'push, heartbeat 30 s, gzip',
    ['hybrid, heartbeat 30 s'],
  ])
  expect(recommendation.because.join('\n')).not.toMatch(/without compression/)
})
