import { expect, test, vi } from 'vitest'
import {
  adaptivePullModel,
  hybridModel,
  pullModel,
  pushModel,
  recordedCosts,
  type Costs,
  type KnownModel,
  type Row,
  type WorkloadInput,
} from '../../../src/compare/index.js'
import { timesAsSlow } from '../../../src/compare/costs/scaled.js'
import { essentials, estimate } from '../../../src/compare/formula/estimate.js'
import { halfOpenOf } from '../../../src/compare/formula/half-open.js'
import { simulateModel } from '../../../src/compare/simulation/simulate-model.js'
import { readWorkload } from '../../../src/compare/workload.js'
import { FLEET, SMALL_FLEET } from './fleets.js'
import { SCALED_LIMIT_MS } from '../../support/scale.js'

vi.setConfig({ testTimeout: SCALED_LIMIT_MS })

const computed = (model: KnownModel, input: WorkloadInput, costs = recordedCosts): Row =>
  estimate(model, { workload: readWorkload(input), costs })

const simulated = (model: KnownModel, input: WorkloadInput, costs: Costs, light = false): Promise<Row> =>
  simulateModel(model, {
    workload: readWorkload(input),
    costs,
    mostClients: 2_000,
    seed: 7,
    signal: new AbortController().signal,
    onStep: () => {},
    ...(light && { population: 'light' as const }),
  })

/** How far one number is from another, as a share of that. */
const apart = (one: number, other: number): number => Math.abs(one / other - 1)

test.each([pushModel(), hybridModel()])(
  'what open streams take of a processor is missing for what it serves, computed and simulated: $name',
  async model => {
    const frame = { serverMs: 50, bytes: 500 }
    const costs = {
      ...recordedCosts,
      kinds: { ...recordedCosts.kinds, notice: frame, delivery: frame },
      changeMs: 0,
    }
    // 20 streams at 25 ms a second are half of a processor.
    const threads = { ...costs, streamMsPerSecond: 25 }
    const [free, half] = [costs, threads].map(given => computed(model, SMALL_FLEET, given))
    const frames = 20 * 50
    expect((half?.stalenessMs.all ?? 0) - (free?.stalenessMs.all ?? 0)).toBeGreaterThan(0.98 * frames)
    expect((half?.cpu.share ?? 0) - (free?.cpu.share ?? 0)).toBeCloseTo(0.5)
    const seen = await simulated(model, SMALL_FLEET, threads)
    expect(apart(seen.stalenessMs.all, half?.stalenessMs.all ?? 0)).toBeLessThan(0.1)
    const light = await simulated(model, SMALL_FLEET, threads, true)
    expect(apart(light.stalenessMs.all, half?.stalenessMs.all ?? 0)).toBeLessThan(0.1)
    // A poll holds no stream.
    const asked = pullModel()
    expect(computed(asked, SMALL_FLEET, threads).stalenessMs).toEqual(
      computed(asked, SMALL_FLEET, costs).stalenessMs,
    )
    // More than a processor is never served; its times are numbers all the same.
    const over = computed(model, SMALL_FLEET, { ...costs, streamMsPerSecond: 60 })
    expect(over.misses.map(({ what }) => what)).toContain('processor')
    expect(Number.isFinite(over.stalenessMs.all)).toBe(true)
  },
)

test.each([pushModel(), hybridModel(), pullModel(), pullModel({ pollIntervalMs: 10_000 })])(
  'at two thirds of a processor a change takes as long simulated as computed, and longer than on an idle server: $name',
  async model => {
    const input = { ...FLEET, clients: 2_000, offlineShare: 0, restartsPerDay: 0, changesPerDay: 1 }
    const still = { ...input, changesPerDay: 0 }
    // What nobody causes is no queue.
    const free = { ...recordedCosts, changeMs: 0, idleMsPerSecond: 0, wakeMs: 0 }
    const costs = timesAsSlow(free, 0.65 / computed(model, still, free).cpu.share)
    expect(computed(model, still, costs).cpu.share).toBeCloseTo(0.65, 2)
    const known = computed(model, input, costs)
    const seen = await simulated(model, input, costs, true)
    for (const of of ['all', 'half'] as const)
      expect(apart(seen.stalenessMs[of], known.stalenessMs[of])).toBeLessThan(
        model.shape.type === 'poll' ? 0.21 : 0.2,
      )
    const { shape } = model
    if (shape.type === 'poll') {
      // Fetches and reports are more than the server does in an interval.
      expect(known.stalenessMs.all).toBeGreaterThan(1.5 * shape.pollIntervalMs)
      return
    }
    // All frames of a server that does nothing else.
    const { delivery, notice } = costs.kinds
    const frameMs = shape.inline ? delivery.serverMs : notice.serverMs
    expect(known.stalenessMs.all).toBeGreaterThan(2.5 * 2_000 * frameMs)
  },
)

test('a client is current for less time behind what polls in its turn, in a queue and on a dead stream', () => {
  const input = { ...FLEET, changesPerDay: 24, network: { rttMs: 0 } }
  const currentOf = (model: KnownModel, more: WorkloadInput = input, costs = recordedCosts): number =>
    computed(model, more, costs).current
  const direct = currentOf(pullModel())
  // An hour between two changes, of which a hop of ten minutes takes five in the mean.
  const behind = currentOf(pullModel({ hops: [600_000] }))
  expect(behind / direct).toBeCloseTo((1 - Math.exp(-1 / 6)) * 6, 6)
  // A server that is asked for more than it does falls behind.
  const slow = timesAsSlow(recordedCosts, 100)
  const late = computed(pullModel(), input, slow)
  expect(late.stalenessMs.half).toBeGreaterThan(60_000)
  expect(late.current).toBeLessThan(direct - 0.02)
  // Two thirds of the streams are dead where the heartbeat comes too late.
  const cut = { ...input, network: { ...input.network, idleTimeoutMs: 7_000 } }
  const { share, meanMs } = halfOpenOf(pushModel().shape, readWorkload(cut))
  const lost = currentOf(pushModel()) - currentOf(pushModel(), cut)
  expect(lost / ((24 * share * meanMs) / 86_400_000)).toBeCloseTo(1, 2)
})

test('the curve of a change ends when the last client has it, on a dead stream and behind what polls as well', async () => {
  const cut = { ...FLEET, network: { idleTimeoutMs: 7_000 } }
  for (const row of [
    computed(pushModel(), cut),
    await simulated(pushModel(), { ...SMALL_FLEET, network: { idleTimeoutMs: 7_000 } }, recordedCosts),
  ]) {
    const { curve, halfOpen, stalenessMs } = row
    expect(curve.at(-1)?.ms).toBeGreaterThan(0.95 * halfOpen.worstMs)
    // Half of them: those that are not dead, and some of the others.
    expect(curve.find(({ share }) => share === 0.5)?.ms).toBeCloseTo(stalenessMs.half, 0)
    const shares = curve.map(({ ms }) => ms)
    expect(shares).toEqual(shares.toSorted((a, b) => a - b))
  }
  // Of which one in a thousand is dead, all others are the curve.
  const few = computed(pushModel(), FLEET)
  expect(few.curve.at(-1)?.ms).toBeCloseTo(few.stalenessMs.all, 0)
  const behind = computed(pullModel({ hops: [600_000] }), FLEET)
  expect(apart(behind.curve.at(-1)?.ms ?? 0, behind.stalenessMs.all)).toBeLessThan(0.01)
  expect(behind.curve.find(({ share }) => share === 0.5)?.ms).toBeCloseTo(behind.stalenessMs.half, 0)
})

test('the curve of clients that poll ends when the table says that the last has it, however few they are', () => {
  for (const clients of [1, 20, 4_300])
    for (const model of [pullModel(), adaptivePullModel(), pullModel({ hops: [45_000] })]) {
      const { curve, stalenessMs } = computed(model, { ...FLEET, clients })
      expect(curve.at(-1)?.ms).toBeCloseTo(stalenessMs.all, 6)
      const times = curve.map(({ ms }) => ms)
      expect(times).toEqual(times.toSorted((a, b) => a - b))
    }
})

test('a stream that died costs a request beside it, and another stream', async () => {
  const network = { ...SMALL_FLEET.network, halfOpenPerClientDay: 10 }
  const none = { ...SMALL_FLEET, network: { ...network, halfOpenPerClientDay: 0 } }
  for (const rowOf of [
    async (input: WorkloadInput) => computed(pushModel(), input),
    (input: WorkloadInput) => simulated(pushModel(), input, recordedCosts),
  ]) {
    const [died, lived] = [await rowOf({ ...none, network }), await rowOf(none)]
    const more = (kind: 'unchanged' | 'connect'): number =>
      (died.perDay[kind] ?? 0) - (lived.perDay[kind] ?? 0)
    expect(more('unchanged')).toBeCloseTo(20 * 10)
    expect(more('connect')).toBeCloseTo(20 * 10)
  }
})

test('a change is written once, and read and encoded by every server and relay', () => {
  const [write, read, make] = [1_000, 100, 10]
  const once = { ms: make, msPerKB: 0 }
  const none = { ms: 0, msPerKB: 0 }
  const costsWith = (making: Costs['making']): Costs => ({
    ...recordedCosts,
    changeMs: write,
    sharing: { connectionMs: 0, reportMs: 0, takenMs: 0, changeMs: read, lookMsPerSecond: 0 },
    ...(making !== undefined && { making }),
  })
  const input = { ...FLEET, encodedBytes: 4_096, changedBytes: 300 }
  const takes = (model: KnownModel, servers = 1, made: 'encoding' | 'delta' = 'encoding'): number => {
    const nothing = { delta: none, applied: none, encoding: none }
    const of = (costs: Costs): number =>
      essentials(model, { workload: readWorkload({ ...input, servers }), costs }).cpu.msPerChange
    const idle = costsWith(nothing)
    return Math.round(
      of(costsWith({ ...nothing, [made]: once })) -
        of({
          ...idle,
          changeMs: 0,
          sharing: { ...(idle.sharing as NonNullable<Costs['sharing']>), changeMs: 0 },
        }),
    )
  }
  expect(takes(hybridModel())).toBe(write + make)
  expect(takes(hybridModel(), 3)).toBe(write + 2 * read + 3 * make)
  expect(takes(hybridModel({ workers: 2 }), 3)).toBe(write + (5 + 3) * read + 6 * make)
  // One server before four relays, which take its deltas.
  expect(takes(hybridModel({ relays: 4 }))).toBe(write + 4 * read + 5 * make)
  expect(takes(hybridModel({ relays: 4, deltas: true }), 1, 'delta')).toBe(write + 4 * read + make)
  expect(takes(hybridModel({ deltas: true }), 3, 'delta')).toBe(write + 2 * read + 3 * make)
  // Nobody but the publisher has anything to do with the files of a folder.
  expect(takes(pullModel({ answers: 'static' }), 3)).toBe(write)
})

test('a content delivery network fetches what clients take of it: encoded, or a delta, and whole where they start without', () => {
  const kinds = {
    ...recordedCosts.kinds,
    snapshot: { serverMs: 0, serverMsPerKB: 1, bytes: 0 },
    delta: { serverMs: 0, serverMsPerKB: 1, bytes: 0 },
  }
  const none = { ms: 0, msPerKB: 0 }
  const costs = { ...recordedCosts, kinds, making: { delta: none, applied: none, encoding: none } }
  const input = { ...FLEET, documentBytes: 100_000, encodedBytes: 20_000, changedBytes: 1_000 }
  const fills = (deltas: boolean, more: Partial<WorkloadInput> = {}): number => {
    const of = (perKB: number): number =>
      essentials(hybridModel({ cdn: true, deltas }), {
        workload: readWorkload({ ...input, ...more }),
        costs: {
          ...costs,
          kinds: {
            ...kinds,
            snapshot: { ...kinds.snapshot, serverMsPerKB: perKB },
            delta: { ...kinds.delta, serverMsPerKB: perKB },
          },
        },
      }).cpu.msPerChange
    return of(1) - of(0)
  }
  expect(fills(false)).toBeCloseTo(10 * 20)
  expect(fills(true)).toBeCloseTo(10 * 1)
  expect(fills(true, { keepsState: false })).toBeCloseTo(10 * (1 + 20))
})

test('after an outage a client that adapts comes back at the interval of its document’s age, computed and simulated', async () => {
  const back = ({ recoveryMs }: Row): number => recoveryMs.half
  const model = adaptivePullModel()
  // Every five minutes: half a minute when a change comes, and not the five minutes of an old one.
  const often = { ...SMALL_FLEET, clients: 500, changesPerDay: 288, restartsPerDay: 0 }
  const seldom = { ...often, changesPerDay: 1 }
  expect(back(computed(model, often))).toBeLessThan(40_000)
  expect(back(computed(model, seldom))).toBeGreaterThan(60_000)
  const seen = await simulated(model, seldom, recordedCosts, true)
  expect(apart(back(seen), back(computed(model, seldom)))).toBeLessThan(0.3)
  const pull = pullModel({ pollIntervalMs: 300_000 })
  expect(back(computed(pull, often))).toBe(back(computed(pull, seldom)))
})

test('with a second server a poll may be answered for a second with the release before, and the last of a stream waits for less', () => {
  const allOf = (servers: number): readonly number[] => {
    const basis = { workload: readWorkload({ ...FLEET, servers }), costs: recordedCosts }
    return [pullModel(), pushModel()].map(model => estimate(model, basis).stalenessMs.all)
  }
  const [one, two] = [allOf(1), allOf(2)]
  expect((two[0] ?? 0) - (one[0] ?? 0)).toBeGreaterThan(900)
  expect((two[0] ?? 0) - (one[0] ?? 0)).toBeLessThanOrEqual(1_000)
  expect(two[1]).toBeLessThan(one[1] ?? 0)
})
