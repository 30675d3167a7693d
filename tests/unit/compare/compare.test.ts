import { randomBytes } from 'node:crypto'
import { expect, test } from 'vitest'
import {
  adaptivePullModel,
  compare,
  headlineOf,
  hybridModel,
  presets,
  pullModel,
  pushModel,
  recordedCosts,
  type Comparison,
  type Costs,
  type Model,
  type Row,
  type WorkloadInput,
} from '../../../src/compare/index.js'
import { timesAsSlow } from '../../../src/compare/costs/scaled.js'
import { essentials, estimate } from '../../../src/compare/formula/estimate.js'
import { serviceOf } from '../../../src/compare/formula/service.js'
import { canonicalize } from '../../../src/core/json/canonical.js'
import { encodeText } from '../../../src/core/json/text.js'
import { digestOf } from '../../../src/core/release/digest.js'
import { encodeBytes } from '../../../src/server/encodings/encoders.js'
import { compressFrame, gzipFrame } from '../../../src/server/encodings/gzip-frames.js'
import { deltaFrame, releaseFrame } from '../../../src/server/stream/frames.js'
import type { Frame } from '../../../src/server/stream/messages.js'
import { seededDice } from '../../../src/sim/index.js'
import { systemHasher } from '../../../src/system/system.js'
import { namedModels } from '../../../src/compare/verdict/contenders.js'
import { crossingsOf, withInput } from '../../../src/compare/verdict/crossings.js'
import { choose, type Judged } from '../../../src/compare/verdict/recommend.js'
import { whatChanges } from '../../../src/compare/verdict/what-changes.js'
import { isWhole, readWorkload, type Workload } from '../../../src/compare/workload.js'
import { RESTLESS_FLEET as FLEET } from './fleets.js'

const rowOf = ({ rows }: Comparison, model: string) => {
  const row = rows.find(known => known.model === model)
  if (row === undefined) throw new Error(`there is no row of ${model}`)
  return row
}

test('what misses a deadline is dropped, and the rest is judged by processor time and bytes', async () => {
  const result = await compare(FLEET)
  const { model, ties, because } = result.recommendation
  expect([model, ...ties].sort()).toEqual(['hybrid', 'push'])
  expect(rowOf(result, 'pull 30 s')).toMatchObject({
    fits: false,
    misses: [{ what: 'kill-switch' }],
    offline: 60,
    missed: 0,
  })
  expect(rowOf(result, 'pull 4 s')).toMatchObject({ fits: true })
  expect(because.join('\n')).toMatch(/pull 30 s is out: a kill switch takes 33 s \(deadline: 5 s\)/)
})

test('what comes within 15 % of the cheapest is a tie, and the one that brings a change sooner is named first', async () => {
  const cheapest = rowOf(await compare(FLEET, { models: [pushModel()] }), 'push')
  const weights = { cpu: 0.5, bytes: 0.5 }
  const against = (times: number, allMs: number) => {
    const other = {
      ...cheapest,
      model: 'other',
      cpu: { ...cheapest.cpu, msPerDay: times * cheapest.cpu.msPerDay },
      bytes: { ...cheapest.bytes, perDay: times * cheapest.bytes.perDay },
      stalenessMs: { ...cheapest.stalenessMs, all: allMs },
    }
    const { best, ties } = choose([other, cheapest], weights)
    return [best, ...ties].map(row => row?.model)
  }
  const { all } = cheapest.stalenessMs
  expect(against(1.14, all / 2)).toEqual(['other', 'push'])
  expect(against(1.14, all * 2)).toEqual(['push', 'other'])
  expect(against(1.16, all / 2)).toEqual(['push'])
})

test('unless some are named, the strategies with heartbeats and intervals that suit the deadlines are compared', async () => {
  const namesOf = async (killSwitchMs: number): Promise<readonly string[]> =>
    (await compare({ ...FLEET, deadlines: { killSwitchMs } })).rows.map(({ model }) => model)
  const others = ['hybrid', 'push', 'pull 30 s', 'adaptive 5 s-5 min'].sort()
  const withHeartbeat = (seconds: number): readonly string[] =>
    ['hybrid', 'push'].map(name => `${name}, heartbeat ${seconds} s`)
  expect((await namesOf(5_000)).toSorted()).toEqual([...others, ...withHeartbeat(2), 'pull 4 s'].sort())
  expect((await namesOf(12_000)).toSorted()).toEqual([...others, ...withHeartbeat(6), 'pull 10 s'].sort())
  expect((await namesOf(35_000)).toSorted()).toEqual([...others, ...withHeartbeat(20)].sort())
})

test('the same workload gives the same answer, which survives JSON', async () => {
  const [one, other] = [await compare(FLEET), await compare(FLEET)]
  expect(other).toEqual(one)
  expect(JSON.parse(JSON.stringify(one)).recommendation).toEqual(
    JSON.parse(JSON.stringify(other.recommendation)),
  )
})

test('where nothing meets the deadlines no model is recommended, and each says why', async () => {
  const { recommendation } = await compare({ ...FLEET, deadlines: { killSwitchMs: 10 } })
  expect(recommendation.model).toBeUndefined()
  expect(recommendation.ties).toEqual([])
  for (const model of ['hybrid', 'push', 'pull 30 s'])
    expect(recommendation.because.some(line => line.startsWith(`${model}: a kill switch takes`))).toBe(true)
  const crossing = recommendation.unless.find(({ input }) => input === 'killSwitchMs')
  expect([crossing?.side, crossing?.then]).toEqual(['above', 'push'])
})

test('a model that costs 15 % more ties, and one that costs more than that does not', () => {
  const rows = [1, 1.15, 1.151].map(cost => ({
    model: `costs ${cost}`,
    fits: true,
    cpu: { msPerDay: cost },
    bytes: { perDay: 1 },
    stalenessMs: { all: 1_000 },
  }))
  const { best, ties, fitting } = choose(rows as unknown as readonly Judged[], { cpu: 1, bytes: 0 })
  expect([best?.model, ...ties.map(({ model }) => model)]).toEqual(['costs 1', 'costs 1.15'])
  expect(fitting).toHaveLength(3)
})

test('at every crossing the answer is another one, and just before it is the same', () => {
  const basis = { costs: recordedCosts, weights: { cpu: 0.5, bytes: 0.5 } }
  const models = [hybridModel(), pushModel(), pullModel({ pollIntervalMs: 4_000 }), pullModel()]
  const answersAt = (workload: Workload, costs = recordedCosts): readonly (string | undefined)[] => {
    const { best, ties } = choose(
      models.map(model => essentials(model, { workload, costs })),
      basis.weights,
    )
    return [best?.model, ...ties.map(({ model }) => model)]
  }
  let crossings = 0
  for (const input of [FLEET, ...presets.map(preset => preset.workload)]) {
    const workload = readWorkload(input)
    const [taken] = answersAt(workload)
    for (const crossing of crossingsOf(namedModels(models), { workload, ...basis })) {
      const { input, crossesAt, side, then } = crossing
      const step =
        input !== 'serverCosts' && isWhole(input)
          ? Math.max(1, Math.ceil(crossesAt * 0.01))
          : crossesAt * 0.01
      const before = side === 'above' ? crossesAt - step : crossesAt + step
      const answerOf = (value: number) =>
        input === 'serverCosts'
          ? answersAt(workload, timesAsSlow(recordedCosts, value))
          : answersAt(withInput(workload, input, value))
      const at = answerOf(crossesAt)
      const near = answerOf(before)
      const farther = side === 'above' ? crossesAt * 1.02 : crossesAt / 1.02
      const isCounted = input !== 'serverCosts' && isWhole(input)
      const [beyond] = answerOf(isCounted ? Math.round(farther) : farther)
      expect([crossing, beyond, at.includes(taken)]).toEqual([crossing, then, false])
      expect([crossing, near.includes(taken)]).toEqual([crossing, true])
      crossings += 1
    }
  }
  expect(crossings).toBeGreaterThan(20)
})

test('for a model that ties crossings are where that one is no longer among the best', () => {
  const basis = { costs: recordedCosts, weights: { cpu: 0.5, bytes: 0.5 } }
  const models = [hybridModel(), pushModel(), pullModel({ pollIntervalMs: 4_000 }), pullModel()]
  const workload = readWorkload(FLEET)
  const choiceAt = (at: Workload) =>
    choose(
      models.map(model => essentials(model, { workload: at, costs: recordedCosts })),
      basis.weights,
    )
  const { ties } = choiceAt(workload)
  const [tied] = ties
  expect(tied).toBeDefined()
  const taken = tied?.model
  const crossings = crossingsOf(namedModels(models), { workload, ...basis, taken })
  expect(crossings).not.toEqual(crossingsOf(namedModels(models), { workload, ...basis }))
  for (const { input, crossesAt } of crossings) {
    if (input === 'serverCosts') continue
    const { best, ties } = choiceAt(withInput(workload, input, crossesAt))
    expect([best, ...ties].map(row => row?.model)).not.toContain(taken)
  }
})

test('of a verdict that the formulas do not share nothing is said to change it', () => {
  const workload = readWorkload(FLEET)
  const basis = { workload, costs: recordedCosts, weights: { cpu: 0.5, bytes: 0.5 } }
  const models = [hybridModel(), pullModel({ pollIntervalMs: 4_000 })]
  const [push, pull] = models.map(model => estimate(model, basis))
  const depth = 'simulation'
  const other = whatChanges(models, { ...basis, depth, choice: { best: pull } })
  expect(other).toEqual({ unless: [], refitted: false, leftOut: [], unsolved: expect.any(String) })
  expect(other.unsolved).toMatch(/formulas, which would take hybrid where the simulation takes pull 4 s/)
  const none = whatChanges(models, { ...basis, depth, choice: { best: undefined } })
  expect(none.unsolved).toMatch(/would take hybrid where the simulation takes none/)
  const mine = { name: 'mine', strategy: models[0]?.strategy as NonNullable<Model['strategy']> }
  const known = whatChanges([...models, mine], { ...basis, depth, choice: { best: push } })
  expect(known).toMatchObject({ leftOut: ['mine'], unless: expect.arrayContaining([expect.anything()]) })
  expect(known).not.toHaveProperty('unsolved')
  const own = whatChanges([...models, mine], {
    ...basis,
    depth,
    choice: { best: { ...pull, model: 'mine' } as Row },
  })
  expect(own.unsolved).toMatch(/and mine has none/)
})

test('an input that was left out is named where its default decides', async () => {
  const { recommendation, workload } = await compare({
    clients: 3_000,
    documentBytes: 20_480,
    deadlines: { killSwitchMs: 5_000 },
  })
  expect(workload.assumed).toContain('idleTimeoutMs')
  expect(workload.assumed).not.toContain('killSwitchMs')
  expect(recommendation.unless.find(({ input }) => input === 'idleTimeoutMs')).toMatchObject({
    assumed: true,
  })
  expect(recommendation.unless.find(({ input }) => input === 'killSwitchMs')).toMatchObject({
    assumed: false,
  })
})

test('what cuts silent connections before the next heartbeat rules streams out', async () => {
  const cut = { ...FLEET, network: { ...FLEET.network, idleTimeoutMs: 7_000 } }
  const { rows, recommendation } = await compare(cut)
  expect(rows.find(({ model }) => model === 'push')?.misses).toMatchObject([{ what: 'half-open' }])
  // Shorter heartbeats keep them: the longest that does, and one that finds dead streams in time.
  expect(recommendation.model).toBe('push, heartbeat 6 s')
  expect(rows.map(({ model }) => model)).toContain('push, heartbeat 2 s')
  const often = await compare(cut, { models: [hybridModel({ heartbeatMs: 5_000 }), pullModel()] })
  expect(often.recommendation.model).toMatch(/^hybrid, heartbeat/)
})

test('a document that is too large for a stream is fetched with push as well', async () => {
  const [small, large] = await Promise.all(
    [200_000, 400_000].map(documentBytes => compare({ ...FLEET, documentBytes }, { models: [pushModel()] })),
  )
  expect(small?.rows[0]?.perDay).toHaveProperty('delivery')
  expect(large?.rows[0]?.perDay).not.toHaveProperty('delivery')
  expect(large?.rows[0]?.perDay).toHaveProperty('snapshot')
})

test('deltas save what did not change, and stand in the name', async () => {
  const input = { ...FLEET, changedBytes: 300 }
  const { rows } = await compare(input, { models: [hybridModel(), hybridModel({ deltas: true })] })
  const [whole, deltas] = rows
  expect(deltas?.model).toBe('hybrid, deltas')
  expect((whole?.bytes.perChange ?? 0) - (deltas?.bytes.perChange ?? 0)).toBeCloseTo(
    2_940 * (20_480 - 300),
    -2,
  )
})

test('a delta and an encoding are made once for a change, and who starts without a document gets it whole', async () => {
  const models = [hybridModel(), hybridModel({ deltas: true })]
  const making = { ms: 1_000, msPerKB: 0 }
  const nothing = { ms: 0, msPerKB: 0 }
  const costsOf = (made: 'delta' | 'encoding' | 'applied') => ({
    ...recordedCosts,
    making: { delta: nothing, encoding: nothing, applied: nothing, [made]: making },
  })
  const input = { ...FLEET, encodedBytes: 4_480, changedBytes: 300, keepsState: false }
  const none = await compare(input, {
    models,
    costs: { ...recordedCosts, making: { ...costsOf('delta').making, delta: nothing } },
  })
  const dearer = async (made: 'delta' | 'encoding' | 'applied') => {
    const { rows } = await compare(input, { models, costs: costsOf(made) })
    return rows.map(({ cpu, stalenessMs }, index) => [
      Math.round(cpu.msPerChange - (none.rows[index]?.cpu.msPerChange ?? 0)),
      Math.round(stalenessMs.all - (none.rows[index]?.stalenessMs.all ?? 0)),
    ])
  }
  expect(await dearer('delta')).toEqual([
    [0, 0],
    [1_000, 1_000],
  ])
  expect(await dearer('encoding')).toEqual([
    [1_000, 1_000],
    [0, 0],
  ])
  expect(await dearer('applied')).toEqual([
    [0, 0],
    [0, 1_000],
  ])
  const [whole, deltas] = none.rows
  const starts = 2_940 * 4
  expect(whole?.perDay.snapshot).toBeCloseTo(starts + 2_940 * 40)
  expect(deltas?.perDay).toMatchObject({ snapshot: starts, delta: 2_940 * 40 })
})

test('what travels is a delta only where the library would make one', async () => {
  const models = [pushModel({ deltas: true })]
  const perDay = async (input: Partial<WorkloadInput>) =>
    (await compare({ ...FLEET, ...input }, { models })).rows[0]?.perDay
  expect(await perDay({ changedBytes: 300 })).toHaveProperty('deltaDelivery')
  expect(await perDay({ changedBytes: 10_241 })).not.toHaveProperty('deltaDelivery')
  expect(await perDay({ documentBytes: 4_095, changedBytes: 300 })).not.toHaveProperty('deltaDelivery')
})

test('what comes on a compressed stream is as long as the document encoded, and is compressed once for a change', async () => {
  const models = [pushModel(), pushModel({ compressed: true }), hybridModel()]
  const nothing = { ms: 0, msPerKB: 0 }
  const making = { delta: nothing, applied: nothing, encoding: nothing }
  const input = { ...FLEET, encodedBytes: 4_480 }
  const rowsOf = async (encoding = nothing, more: Partial<WorkloadInput> = {}) => {
    const costs = { ...recordedCosts, making: { ...making, encoding } }
    return (await compare({ ...input, ...more }, { models, costs })).rows
  }
  const [plain, gzip, hybrid] = await rowsOf()
  expect(gzip?.model).toBe('push, gzip')
  // Each frame is a block longer.
  expect((plain?.bytes.perChange ?? 0) - (gzip?.bytes.perChange ?? 0)).toBeCloseTo(2_940 * (16_000 - 5), -1)
  expect(gzip?.perDay).toEqual(plain?.perDay)
  const dearer = await rowsOf({ ms: 1_000, msPerKB: 0 })
  const more = dearer.map(({ cpu }, index) =>
    Math.round(cpu.msPerChange - ([plain, gzip, hybrid][index]?.cpu.msPerChange ?? 0)),
  )
  expect(more).toEqual([0, 1_000, 1_000])
  // What is small, and what is too large for a stream, is not compressed there.
  for (const [documentBytes, encodedBytes] of [
    [400, 300],
    [400_000, 300_000],
  ]) {
    const [as = 0, is = 0] = (await rowsOf(nothing, { documentBytes, encodedBytes })).map(
      ({ bytes }) => bytes.perChange,
    )
    expect(is - as).toBeCloseTo(2_940 * 5)
  }
})

test('a frame in a compressed stream is as long as it is computed, but for an eighth that gzip is longer than brotli', async () => {
  const { number } = seededDice(1, 'flags')
  const flags = Array.from({ length: 300 }, (_, index) => [
    `service-${index % 23}.feature-${index}`,
    { enabled: number() < 0.5, share: number(), owner: `team-${Math.floor(number() * 40)}` },
  ])
  const bytes = encodeText(canonicalize(Object.fromEntries(flags)))
  const digest = digestOf(systemHasher, bytes)
  const release = randomBytes(200)
  const lengthOf = async (frame: Frame): Promise<number> => {
    await compressFrame(frame)
    const { from, to } = gzipFrame(frame)
    return to - from
  }
  const whole = await lengthOf(releaseFrame('a/b', release, { digest, bytes }))
  const encodedBytes = (await encodeBytes('br', bytes)).length
  const delta = randomBytes(3_000)
  const asDelta = await lengthOf(deltaFrame('a/b', release, { name: `${digest}.from.${digest}`, delta }))
  const workload = readWorkload({
    clients: 1,
    documentBytes: bytes.length,
    encodedBytes,
    changedBytes: delta.length,
  })
  const { shape } = pushModel({ compressed: true })
  const { bytes: computed } = serviceOf(shape, { workload, costs: recordedCosts })
  const framing = recordedCosts.kinds.delivery.bytes
  expect(whole - release.length - digest.length).toBeLessThan(1.125 * (computed('delivery') - framing) + 100)
  expect(whole - release.length - digest.length).toBeGreaterThan(computed('delivery') - framing - 100)
  expect(asDelta / (computed('deltaDelivery') - framing + release.length + digest.length)).toBeCloseTo(1, 1)
})

test('a document takes its time on a client’s own line, whoever sends it, and a CDN has to fetch it first', async () => {
  const models = [
    hybridModel(),
    pushModel(),
    pullModel({ pollIntervalMs: 4_000 }),
    hybridModel({ cdn: true }),
    pullModel({ answers: 'static' }),
  ]
  const documentBytes = 250_000
  const allMs = async (network: NonNullable<WorkloadInput['network']>) =>
    (await compare({ ...FLEET, documentBytes, network }, { models })).rows.map(
      ({ stalenessMs }) => stalenessMs.all,
    )
  const fast = { rttMs: 20, serverMbps: 1_000, clientMbps: 1_000_000 }
  const [quick, slow] = [await allMs(fast), await allMs({ ...fast, clientMbps: 1 })]
  // 250,000 bytes and some headers at a megabit a second.
  for (const [index, ms] of slow.entries()) expect((ms - (quick[index] ?? 0)) / 1_000).toBeCloseTo(2, 1)
  // What the server sends at a tenth of that rate the client receives meanwhile.
  const narrow = { ...fast, serverMbps: 0.1 }
  const [still, same] = [await allMs({ ...narrow, clientMbps: 1 }), await allMs(narrow)]
  expect(still.slice(0, 3)).toEqual(same.slice(0, 3))
  // Ten places fetch 250,000 bytes each from a server that sends a tenth of a megabit a second.
  expect((same[3] ?? 0) / 1_000).toBeGreaterThan(200)
  expect((quick[3] ?? 0) / 1_000).toBeLessThan(1)
  // A dead stream is found by a request, whose answer takes as long.
  const dead = async (clientMbps: number) =>
    (await compare({ ...FLEET, documentBytes, network: { clientMbps } }, { models })).rows[0]?.halfOpen
      .worstMs
  expect((((await dead(1)) ?? 0) - ((await dead(1_000)) ?? 0)) / 1_000).toBeCloseTo(2, 1)
})

test('workers share their server’s line and its connections, each has a copy and a processor of its own, and another process shares out', async () => {
  const nothing = { connectionMs: 0, reportMs: 0, takenMs: 0, changeMs: 0, lookMsPerSecond: 0 }
  const rowsOf = async (sharing: Costs['sharing'], input: Partial<WorkloadInput> = {}) => {
    const costs = { ...recordedCosts, ...(sharing !== undefined && { sharing }) }
    const models = [pushModel(), pushModel({ workers: 1 }), pushModel({ workers: 4 })]
    return (await compare({ ...FLEET, ...input }, { models, costs })).rows
  }
  const times = (rows: readonly Row[]): readonly number[] =>
    rows.map(({ stalenessMs }) => Math.round(stalenessMs.all - recordedCosts.changeMs - 10))
  // 2,940 frames one after another: by a quarter of them in each worker where the processor
  // decides, and as long as ever where the line does.
  const network = { ...FLEET.network, serverMbps: 1_000_000, clientMbps: 1_000_000 }
  const [one = 0, alone = 0, four = 0] = times(await rowsOf(nothing, { network }))
  expect(alone).toBe(one)
  expect(Math.abs(four / (one / 4) - 1)).toBeLessThan(0.05)
  const line = times(
    await rowsOf(nothing, { network: { ...FLEET.network, serverMbps: 100, clientMbps: 1_000_000 } }),
  )
  expect(new Set(line).size).toBe(1)
  // A millisecond for each connection is one of a processor for each request.
  const [, , free] = await rowsOf(nothing)
  const dearer = async (sharing: Partial<typeof nothing>) => {
    const [, , row] = await rowsOf({ ...nothing, ...sharing })
    return (row?.cpu.msPerDay ?? 0) - (free?.cpu.msPerDay ?? 0)
  }
  const requests = (free?.requests.perSecond ?? 0) * 86_400
  expect(await dearer({ connectionMs: 1 })).toBeCloseTo(requests, 0)
  expect(await dearer({ takenMs: 1 })).toBeCloseTo(requests, 0)
  expect(await dearer({ reportMs: 1 })).toBeCloseTo(free?.perDay.report ?? 0, 0)
  // Three workers and what shares out read what one has written, and look at the folder.
  expect(await dearer({ changeMs: 1 })).toBeCloseTo(4 * 40, 0)
  expect(await dearer({ lookMsPerSecond: 1 })).toBeCloseTo(4 * 86_400, 0)
  expect((free?.memory ?? 0) / recordedCosts.memory.base).toBeGreaterThan(5)
})

test('50,000 streams are the bound of a worker, and a processor that of what shares connections out', async () => {
  const models = [pushModel(), pushModel({ workers: 3 }), pullModel({ pollIntervalMs: 10_000, workers: 64 })]
  const { rows } = await compare({ ...FLEET, clients: 120_000 }, { models })
  expect(rows.map(({ misses }) => misses.map(({ what }) => what))).toEqual([
    expect.arrayContaining(['connections']),
    expect.not.arrayContaining(['connections']),
    expect.arrayContaining(['processor']),
  ])
  const busy = rows[2]?.misses.map(({ text }) => text).join('\n')
  expect(busy).toMatch(/the process that shares connections out is busy for \d+ % of a processor/)
  expect(busy).not.toMatch(/each worker is busy/)
  expect(busy).toMatch(
    /in the mean of a day with its changes and restarts; 70 % is the most; its queue grows all day, so there are no times$/,
  )
})

test('what serves a static folder is no server that is too busy', async () => {
  const models = [
    pullModel({ pollIntervalMs: 1_000, answers: 'static' }),
    pullModel({ pollIntervalMs: 1_000 }),
  ]
  const { rows } = await compare({ ...FLEET, clients: 50_000 }, { models })
  expect(rows.map(({ misses }) => misses.find(({ what }) => what === 'processor')?.text)).toEqual([
    expect.stringMatching(/^what serves the folder, counted as a server of this library, is busy for/),
    expect.stringMatching(/^each server is busy for/),
  ])
})

test('what clients fetch from a server comes encoded; what a stream brings, and what lies in a folder, does not', async () => {
  const models = [hybridModel(), pushModel(), pullModel(), pullModel({ answers: 'static' })]
  const changes = async (input: WorkloadInput) =>
    (await compare(input, { models })).rows.map(({ bytes }) => bytes.perChange)
  const [plain, encoded] = [await changes(FLEET), await changes({ ...FLEET, encodedBytes: 4_480 })]
  const saved = plain.map((bytes, index) => Math.round(bytes - (encoded[index] ?? 0)))
  expect(saved).toEqual([2_940 * 16_000, 0, 2_940 * 16_000, 0])
  expect(headlineOf(await compare({ ...FLEET, encodedBytes: 4_480 }))).toMatch(/ 20 KB \(4\.5 KB encoded\), /)
})

test('costs of one’s own decide in place of the recorded ones', async () => {
  const dear = { ...recordedCosts, streamMsPerSecond: 2 }
  const { recommendation, costs } = await compare(FLEET, { costs: dear })
  expect(costs).toBe(dear)
  expect(recommendation.model).toBe('pull 4 s')
})

test('options that make no sense are refused at the call', async () => {
  const refused = async (input: object, options: object, message: RegExp) =>
    expect(compare(input as WorkloadInput, options)).rejects.toMatchObject({
      code: 'invalid-option',
      message: expect.stringMatching(message),
    })
  await refused({ clients: 0, documentBytes: 10 }, {}, /clients must be a whole number from 1/)
  await refused({ clients: 10 }, {}, /documentBytes/)
  await refused({ ...FLEET, deadlines: { killSwitch: 5 } }, {}, /did you mean killSwitchMs/)
  await refused({ ...FLEET, document: 'app.yaml' }, {}, /loadWorkload/)
  await refused({ ...FLEET, keepsState: 'yes' }, {}, /keepsState/)
  await refused(FLEET, { weights: { cpu: 1, bytes: 1 } }, /add up to 1/)
  await refused(FLEET, { models: [] }, /at least one/)
  await refused(FLEET, { models: [pullModel(), pullModel()] }, /two models have the same name/)
  await refused(FLEET, { preset: { name: 'moon', inputs: [] } }, /preset\.name must be one of data-centre/)
  await refused(
    FLEET,
    { preset: { name: 'iot', inputs: ['rtt'] } },
    /preset\.inputs must be a list of inputs/,
  )
  await refused(FLEET, { preset: { name: 'iot', input: [] } }, /preset.* did you mean inputs/)
  await refused(FLEET, { costs: 'mine' }, /measureCosts/)
  await refused(FLEET, { depth: 'simulate' }, /depth must be one of formula, simulation, run/)
  await refused(FLEET, { seed: 1.5 }, /seed must be a whole number/)
  await refused(FLEET, { mostClients: 20_000 }, /mostClients must be .* from 1 to 10,000/)
  await refused(FLEET, { weights: { cpu: 1, byte: 0 } }, /did you mean bytes/)
  await refused(FLEET, { blast: { bakeMs: -1 } }, /compare\(\): blast: bakeMs must be/)
  await refused(FLEET, { blast: { shows: 1 } }, /compare\(\): blast has no option "shows"/)
  await refused(FLEET, { map: 'yes' }, /map must be true or false/)
  await refused(FLEET, { models: [{ name: '', shape: {} }] }, /models\[0\]\.name must be a text of 1 to 80/)
  await refused(
    FLEET,
    { models: [pullModel(), { ...pushModel(), name: 'x'.repeat(81) }] },
    /models\[1\]\.name/,
  )
  await refused(FLEET, { models: [pullModel(), { name: 'two\nlines' }] }, /models\[1\]\.name/)
  await refused(
    FLEET,
    { models: [{ name: 'mine', strategy: 'push' }] },
    /models\[0\]\.strategy must be a function/,
  )
  await refused(FLEET, { models: ['push'] }, /models\[0\] must be a model/)
  const wrong = { ...recordedCosts, kinds: { ...recordedCosts.kinds, mark: { serverMs: 1 } } }
  await refused(FLEET, { costs: wrong }, /costs must be .*: kinds\.mark\.bytes must be a number of 0 or more/)
  for (const mostClients of [0, 10_001])
    await refused(FLEET, { depth: 'simulation', mostClients }, /mostClients must be .* from 1 to 10,000/)
  expect(() => pullModel({ pollIntervalMs: 0 })).toThrow(/pollIntervalMs/)
  expect(() => pushModel({ relays: 1.5 })).toThrow(/relays/)
  for (const workers of [-1, 1.5, 65])
    expect(() => pushModel({ workers })).toThrow(/workers must be a whole number from 1 to 64/)
  expect(() => pullModel({ answers: 'static', workers: 2 })).toThrow(/leave workers out/)
  expect(() => pullModel({ answers: 'cdn' as 'static' })).toThrow(
    /pullModel\(\): answers must be "server" or/,
  )
  expect(() => hybridModel({ cdn: 'yes' as never })).toThrow(/hybridModel\(\): cdn must be true or false/)
  expect(() => pushModel({ deltas: 1 as never })).toThrow(/pushModel\(\): deltas must be true or false/)
  expect(() => pushModel({ name: '' })).toThrow(/pushModel\(\): name must be a text of 1 to 80/)
  expect(() => pullModel({ hops: 45_000 as never })).toThrow(/hops must be a list/)
  expect(() => adaptivePullModel({ leastMs: 5_000, mostMs: 1_000 })).toThrow(
    /leastMs must not be more than mostMs/,
  )
})
