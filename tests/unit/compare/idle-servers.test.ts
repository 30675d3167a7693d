import { expect, test } from 'vitest'
import {
  hybridModel,
  pullModel,
  pushModel,
  recordedCosts,
  type Costs,
  type KnownModel,
  type Row,
  type WorkloadInput,
} from '../../../src/compare/index.js'
import { countsOf } from '../../../src/compare/formula/counts.js'
import { estimate } from '../../../src/compare/formula/estimate.js'
import { onlineOf } from '../../../src/compare/formula/processes.js'
import { serviceOf } from '../../../src/compare/formula/service.js'
import { askedIn, asleepOf, comesAlone } from '../../../src/compare/formula/wakes.js'
import { rowOfRun } from '../../../src/compare/run/row-of-run.js'
import type { SeenInRun } from '../../../src/compare/run/run-fleet.js'
import { totalOf } from '../../../src/compare/costs/costs.js'
import { timesAsSlow } from '../../../src/compare/costs/scaled.js'
import { readWorkload } from '../../../src/compare/workload.js'
import { FLEET, SMALL_FLEET } from './fleets.js'

const DAY_S = 86_400

const computed = (model: KnownModel, input: WorkloadInput, costs: Costs): Row =>
  estimate(model, { workload: readWorkload(input), costs })

const { idleMsPerSecond: _, wakeMs: __, ...awake } = recordedCosts

const NO_SPAN = { counts: {}, bytes: 0, serverMs: 0, ms: 10_000 }

/** What a run sees of servers that do nothing, and of a change that takes a millisecond. */
const NOTHING_SEEN: SeenInRun = {
  alone: { msPerSecond: 0, changeMs: 0 },
  idle: NO_SPAN,
  crowd: undefined,
  change: NO_SPAN,
  start: NO_SPAN,
  toldMs: 0,
  delaysMs: [1],
  peakAfterRestart: 0,
  peakOfStart: 0,
  outage: undefined,
  memoryBytes: 0,
  missed: 0,
  machineIdle: 1,
}

test('what servers take with nobody there counts once for each, those among them that relays follow', () => {
  const idle = { ...awake, idleMsPerSecond: 3 }
  const moreOf = (model: KnownModel, input: WorkloadInput): number =>
    (computed(model, input, idle).cpu.msPerDay - computed(model, input, awake).cpu.msPerDay) / (3 * DAY_S)
  expect(moreOf(pushModel(), SMALL_FLEET)).toBeCloseTo(1, 6)
  expect(moreOf(pullModel(), { ...FLEET, servers: 3 })).toBeCloseTo(3, 6)
  expect(moreOf(hybridModel({ relays: 4 }), { ...FLEET, servers: 2 })).toBeCloseTo(6, 6)
  expect(moreOf(hybridModel({ workers: 2 }), FLEET)).toBeCloseTo(1, 6)
  // Nobody looks at a folder that nobody asks for.
  expect(moreOf(pullModel({ answers: 'static' }), FLEET)).toBe(0)
})

test('a request that finds its server idle is dearer, and the more come the fewer do', () => {
  const wakeMs = 0.2
  const costs = { ...awake, wakeMs }
  const model = pullModel({ pollIntervalMs: 10_000 })
  const wokenBy = (clients: number): number => {
    const input = { ...SMALL_FLEET, clients }
    const [plain, dearer] = [awake, costs].map(given => computed(model, input, given).cpu.msPerDay)
    const workload = readWorkload(input)
    const counts = countsOf(model.shape, workload)
    const service = serviceOf(model.shape, { workload, costs })
    const asked =
      askedIn(counts.day, service) +
      workload.changesPerDay * comesAlone(counts.change, { service, isTold: false }) +
      workload.restartsPerDay * askedIn(counts.start, service)
    return ((dearer ?? 0) - (plain ?? 0)) / (onlineOf(workload) * asked * wakeMs)
  }
  expect(wokenBy(20)).toBeGreaterThan(0.98)
  // At a hundred a second some six in ten of it are left; at a thousand one in eight.
  expect(wokenBy(1_000)).toBeCloseTo(1 / 1.7, 1)
  expect(wokenBy(10_000)).toBeLessThan(0.14)
  expect(wokenBy(10_000)).toBeGreaterThan(0.11)
  expect(wokenBy(200_000)).toBeLessThan(0.01)
})

test('what is told to all streams at once, and fetched then, finds the server awake', () => {
  const costs = { ...awake, wakeMs: 0.2 }
  const FEW = { ...SMALL_FLEET, clients: 2 }
  const workload = readWorkload(FEW)
  const perChange = (model: KnownModel): number =>
    (computed(model, FEW, costs).cpu.msPerChange - computed(model, FEW, awake).cpu.msPerChange) /
    (0.2 * onlineOf(workload))
  const { report = 0 } = countsOf(hybridModel().shape, workload).change
  expect(perChange(hybridModel()) / report).toBeCloseTo(1, 1)
  // Who polls fetches by itself as well; the question would have come anyway.
  expect(perChange(pullModel()) / (report + 1)).toBeCloseTo(1, 1)
  // A thousand clients say within half of a second that they have it: hardly one is alone.
  const many = { ...SMALL_FLEET, clients: 1_000 }
  const moreOf = (given: Costs): number => computed(pushModel(), many, given).cpu.msPerChange
  expect(moreOf(costs) - moreOf(awake)).toBeLessThan(0.07 * 0.2 * 1_000)
})

test('twice as slow is twice as dear, idle or woken', () => {
  const given = { ...awake, idleMsPerSecond: 2, wakeMs: 0.1 }
  expect(timesAsSlow(given, 2)).toMatchObject({ idleMsPerSecond: 4, wakeMs: 0.2 })
  expect(timesAsSlow(awake, 2)).not.toHaveProperty('wakeMs')
})

test.each([pullModel({ pollIntervalMs: 10_000 }), pushModel(), hybridModel()])(
  'a sample of a fleet is the whole fleet, whatever its servers take with nobody there: $name',
  model => {
    const workload = readWorkload({ ...FLEET, clients: 4_000, offlineShare: 0 })
    const costs: Costs = { ...awake, idleMsPerSecond: 2.5, wakeMs: 0.25 }
    const service = serviceOf(model.shape, { workload, costs })
    const { day, change, start } = countsOf(model.shape, workload)
    const clients = 100
    const isTold = model.shape.type === 'stream'
    const idleMs = 30_000
    // What a run sees: polls and marks, and what they cost a server that sleeps between them.
    const idle = {
      unchanged: ((day.unchanged ?? 0) * idleMs) / 86_400_000,
      mark: ((day.mark ?? 0) * idleMs) / 86_400_000,
    }
    const workOf = (counts: typeof idle): number => totalOf(counts, service.cpuMs)
    const seenOf = (alone: SeenInRun['alone'], { wakeMs = 0 }: Costs): SeenInRun => {
      const asked = isTold ? { mark: idle.mark } : idle
      const questions = isTold ? 0 : idle.unchanged
      const asleep = asleepOf((clients * questions) / idleMs)
      // A hundred clients report within half of a second.
      const asleepThen = asleepOf((clients * (change.report ?? 0)) / 500)
      const workMs = workOf({ unchanged: 0, ...asked }) + questions * asleep * wakeMs
      return {
        ...NOTHING_SEEN,
        alone,
        idle: {
          counts: asked,
          bytes: 0,
          ms: idleMs,
          serverMs: workMs + (alone.msPerSecond * idleMs) / 1_000 / clients,
        },
        change: {
          counts: change,
          bytes: 0,
          ms: 10_000,
          serverMs:
            totalOf(change, service.cpuMs) +
            alone.changeMs / clients +
            (isTold ? asleepThen : asleep) * wakeMs * comesAlone(change, { service, isTold }),
        },
        start: { counts: start, bytes: 0, ms: 10_000, serverMs: totalOf(start, service.cpuMs) },
      }
    }
    const basis = { workload, costs }
    const known = estimate(model, basis)
    const ratio = (seen: SeenInRun, given = basis): number =>
      rowOfRun(model, { seen, clients, basis: given }).cpu.share / known.cpu.share
    const alone = { msPerSecond: 2.5, changeMs: costs.changeMs }
    expect(ratio(seenOf(alone, costs))).toBeGreaterThan(0.9)
    expect(ratio(seenOf(alone, costs))).toBeLessThan(1.1)
    // Whoever has the time forgets how to answer; a crowd says what the fleet costs.
    const seen = seenOf(alone, costs)
    const forgetful = { ...seen, idle: { ...seen.idle, serverMs: 5 * seen.idle.serverMs } }
    const standIns = onlineOf(workload) - clients
    const everybody = clients + standIns
    const questions = isTold ? 0 : idle.unchanged
    const crowd = {
      standIns,
      serverMs:
        (alone.msPerSecond * idleMs) / 1_000 +
        everybody *
          (workOf({ unchanged: 0, ...(isTold ? { mark: idle.mark } : idle) }) +
            asleepOf((everybody * questions) / idleMs) * 0.25 * questions),
      ms: idleMs,
    }
    expect(ratio(forgetful)).toBeGreaterThan(1.25)
    expect(ratio({ ...forgetful, crowd })).toBeGreaterThan(0.9)
    expect(ratio({ ...forgetful, crowd })).toBeLessThan(1.1)
    // Taken for what clients cost, it makes a fleet of forty times as many far too dear.
    const mistaken = { ...seenOf(alone, costs), alone: { msPerSecond: 0, changeMs: 0 } }
    expect(ratio(mistaken)).toBeGreaterThan(1.25)
  },
)

test('the clients that a sample leaves out are told behind it, by what a server does for each, without its reports', () => {
  const model = pushModel()
  const workload = readWorkload({ ...FLEET, clients: 4_100, offlineShare: 0, network: { rttMs: 0 } })
  const seen: SeenInRun = {
    ...NOTHING_SEEN,
    alone: { msPerSecond: 0, changeMs: 30 },
    change: { ...NOTHING_SEEN.change, counts: { report: 2 }, serverMs: 2 },
    toldMs: 30 + 100 * 0.02,
    delaysMs: [40, 50],
  }
  const row = rowOfRun(model, { seen, clients: 100, basis: { workload, costs: awake } })
  // And a millisecond or two on the client's own line.
  expect(row.stalenessMs.all).toBeGreaterThan(50 + 4_000 * 0.02)
  expect(row.stalenessMs.all).toBeLessThan(50 + 4_000 * 0.02 + 3)
})
