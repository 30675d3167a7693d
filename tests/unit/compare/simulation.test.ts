import { expect, test, vi } from 'vitest'
import {
  adaptivePull,
  compare,
  hybridModel,
  pullModel,
  pushModel,
  type Comparison,
  type Counts,
  type Kind,
} from '../../../src/compare/index.js'
import { SMALL_FLEET as FLEET } from './fleets.js'

// Seconds of processor time each, and some minutes on a machine that is busy.
vi.setConfig({ testTimeout: 600_000 })

const ratio = (one = Number.NaN, other = Number.NaN): number => one / other

function expectWithin(share: number, one: number | undefined, other: number | undefined, what: string): void {
  expect(Math.abs(ratio(one, other) - 1), `${what}: ${one} and ${other}`).toBeLessThan(share)
}

function expectAgreement(simulated: Comparison, computed: Comparison): void {
  for (const [index, seen] of simulated.rows.entries()) {
    const known = computed.rows[index]
    const { model } = seen
    // Of twenty clients one sweep more or less is five per cent.
    expectWithin(0.1, seen.requests.perSecond, known?.requests.perSecond, `${model}, requests`)
    expectWithin(0.05, seen.bytes.perDay, known?.bytes.perDay, `${model}, bytes`)
    expectWithin(0.3, seen.cpu.share, known?.cpu.share, `${model}, processor`)
    for (const kind of ['snapshot', 'notice', 'mark'] as const satisfies Kind[])
      if ((known?.perDay[kind] ?? 0) > 0)
        expectWithin(
          0.05,
          countOf(seen.perDay, kind),
          countOf(known?.perDay ?? {}, kind),
          `${model}, ${kind}`,
        )
    // Every way takes a random time, of which the last client met the longest.
    const tripsMs = 3 * FLEET.network.rttMs
    expect(seen.stalenessMs.all).toBeLessThan(1.2 * (known?.stalenessMs.all ?? 0) + tripsMs)
    expect(seen.stalenessMs.all).toBeGreaterThan(0.8 * (known?.stalenessMs.all ?? 0) - tripsMs)
    expect([model, seen.missed, seen.depth]).toEqual([model, 0, 'simulation'])
  }
  expect(simulated.recommendation.model).toBe(computed.recommendation.model)
}

function countOf(counts: Counts, kind: Kind): number {
  return counts[kind] ?? 0
}

test('the strategies in virtual time come to what the formulas say, and to the same verdict', async () => {
  const models = [hybridModel(), pullModel()]
  const computed = await compare(FLEET, { models })
  const simulated = await compare(FLEET, { models, depth: 'simulation' })
  expectAgreement(simulated, computed)
})

test('a model is simulated through every step that docs/choosing.md lists, in that order', async () => {
  const steps: string[] = []
  await compare(
    { ...FLEET, clients: 4 },
    { models: [pushModel()], depth: 'simulation', onProgress: ({ step }) => steps.push(step) },
  )
  expect(steps).toEqual([
    'the fleet starts',
    'nothing happens',
    'a change',
    'a server restarts',
    'a server is away for a minute',
    'dead links',
    'every client starts at once',
  ])
})

test('deltas in virtual time come to what the formulas say: those who run a document get one, who starts without gets it whole', async () => {
  const fleet = { ...FLEET, documentBytes: 40_960, changedBytes: 60, keepsState: false }
  const models = [
    hybridModel({ deltas: true }),
    pushModel({ deltas: true }),
    pullModel({ deltas: true }),
    hybridModel({ name: 'whole' }),
  ]
  const computed = await compare(fleet, { models })
  const simulated = await compare(fleet, { models, depth: 'simulation' })
  expectAgreement(simulated, computed)
  const clients = 20
  const deltasIn = ({ perDay }: Comparison['rows'][number]): readonly number[] =>
    (['delta', 'deltaDelivery'] as const).map(kind => Math.round(countOf(perDay, kind) / clients))
  for (const { rows } of [computed, simulated])
    expect(rows.map(deltasIn)).toEqual([
      [40, 0],
      [0, 40],
      [40, 0],
      [0, 0],
    ])
})

test('of changes that come faster than polls each poll brings the newest, simulated and computed', async () => {
  const fleet = { ...FLEET, changesPerDay: 28_800, restartsPerDay: 0 }
  const models = [pullModel({ pollIntervalMs: 10_000 })]
  const computed = await compare(fleet, { models })
  const simulated = await compare(fleet, { models, depth: 'simulation' })
  for (const { rows } of [computed, simulated]) {
    const { release = 0, unchanged = 0 } = rows[0]?.perDay ?? {}
    // 8,640 polls a day of each client, less what their answers take; of twenty clients a poll more
    // or less in the minute of a change is some per cent.
    expectWithin(0.1, release + unchanged, 20 * 8_590, 'polls')
    expect(Math.abs(unchanged) / release).toBeLessThan(0.1)
  }
})

test('compressed streams in virtual time come to what the formulas say', async () => {
  const fleet = {
    ...FLEET,
    documentBytes: 200_000,
    encodedBytes: 30_000,
    network: { ...FLEET.network, serverMbps: 20 },
  }
  const models = [pushModel({ compressed: true }), pushModel()]
  const computed = await compare(fleet, { models })
  const simulated = await compare(fleet, { models, depth: 'simulation' })
  expectAgreement(simulated, computed)
  for (const { rows } of [computed, simulated])
    expect((rows[1]?.stalenessMs.all ?? 0) / (rows[0]?.stalenessMs.all ?? 0)).toBeGreaterThan(4)
})

test('slow lines of clients, and a CDN that has to fetch, are seen in virtual time as they are computed', async () => {
  const fleet = {
    ...FLEET,
    documentBytes: 100_000,
    deadlines: { killSwitchMs: 10_000 },
    network: { ...FLEET.network, serverMbps: 10, clientMbps: 1 },
  }
  const models = [
    hybridModel({ cdn: true }),
    pushModel(),
    pullModel({ pollIntervalMs: 5_000, answers: 'static' }),
  ]
  const computed = await compare(fleet, { models })
  const simulated = await compare(fleet, { models, depth: 'simulation' })
  expectAgreement(simulated, computed)
  const light = await compare({ ...fleet, clients: 21 }, { models, depth: 'simulation', mostClients: 20 })
  expectAgreement(light, await compare({ ...fleet, clients: 21 }, { models }))
})

test('workers in virtual time come to what the formulas say, and beside one process that does it all they take more', async () => {
  const models = [
    hybridModel({ workers: 3 }),
    pushModel({ workers: 3 }),
    pullModel({ workers: 3 }),
    hybridModel({ name: 'one process' }),
  ]
  const fleet = { ...FLEET, network: { ...FLEET.network, serverMbps: 20 } }
  const computed = await compare(fleet, { models })
  const simulated = await compare(fleet, { models, depth: 'simulation' })
  expectAgreement(simulated, computed)
  for (const { rows } of [computed, simulated]) {
    const [workers, , , one] = rows
    expect(workers?.cpu.share).toBeGreaterThan(one?.cpu.share ?? 0)
    expect(workers?.memory).toBeGreaterThan(3 * (one?.memory ?? 0))
  }
})

test('a client that starts beside others has its mark at once, and asks for nothing that its stream tells it', async () => {
  const restless = { ...FLEET, restartsPerDay: 200 }
  const models = [hybridModel()]
  const [computed, simulated] = [
    await compare(restless, { models }),
    await compare(restless, { models, depth: 'simulation' }),
  ]
  const countsOf = ({ rows }: Comparison): Counts => rows[0]?.perDay ?? {}
  // Without others, and so without marks, a start would be 0.45 looks: 1,800 of 20 clients.
  const [known, seen] = [countsOf(computed), countsOf(simulated)]
  const looks = (counts: Counts): number => countOf(counts, 'release') - countOf(counts, 'log')
  expect(looks(known)).toBe(0)
  expect(looks(seen)).toBeLessThan(100)
  expectWithin(0.02, countOf(seen, 'mark'), countOf(known, 'mark'), 'marks')
})

test('of a larger fleet with a strategy of one’s own each simulated client stands for several, and the queue is as long', async () => {
  const fleet = { ...FLEET, clients: 4_000 }
  const computed = await compare(fleet, { models: [hybridModel()] })
  const { name, strategy } = hybridModel()
  const own = [{ name, strategy }]
  const simulated = await compare(fleet, { models: own, depth: 'simulation', mostClients: 20 })
  expectAgreement(simulated, computed)
  expectWithin(
    0.2,
    simulated.rows[0]?.peak.fleetStarts.drainMs,
    computed.rows[0]?.peak.fleetStarts.drainMs,
    'drain',
  )
  // What a client does beside a stream that died is no formula here: it is seen.
  const [seen = 0, known = 0] = [simulated, computed].map(({ rows }) => rows[0]?.halfOpen.worstMs)
  expect(seen).toBeLessThan(known + 3 * FLEET.network.rttMs)
  expect(seen).toBeGreaterThan(0.3 * known)
})

test('a strategy of one’s own is simulated by its name, and has no formula', async () => {
  const mine = {
    name: 'mine',
    strategy: (transport: Parameters<typeof adaptivePull>[0]) =>
      adaptivePull(transport, { share: 0.1, leastMs: 2_000, mostMs: 8_000 }),
  }
  await expect(compare(FLEET, { models: [mine] })).rejects.toMatchObject({
    code: 'invalid-option',
    message: expect.stringMatching(/mine has no shape/),
  })
  const steps: string[] = []
  const options = { models: [mine], depth: 'simulation', mostClients: 6, seed: 7, map: true } as const
  const run = () =>
    compare(FLEET, { ...options, onProgress: ({ model, step }) => steps.push(`${model}: ${step}`) })
  const result = await run()
  const { rows, recommendation } = result
  expect(rows[0]).toMatchObject({ model: 'mine', depth: 'simulation', missed: 0 })
  expect(rows[0]?.stalenessMs.all).toBeLessThan(9_500)
  expect(recommendation).toMatchObject({ unless: [], leftOut: ['mine'] })
  expect(recommendation.unsolved).toMatch(/solved by formulas, and none of these models has one/)
  for (const missing of ['inputs', 'map']) expect(result).not.toHaveProperty(missing)
  expect(steps).toContain('mine: a change')
  expect((await run()).rows).toEqual(rows)
})

test('a simulation ends when its signal aborts, and a model without a strategy has none', async () => {
  const abort = new AbortController()
  const aborted = compare(FLEET, {
    models: [pullModel()],
    depth: 'simulation',
    mostClients: 5,
    signal: abort.signal,
    onProgress: ({ step }) => step === 'a change' && abort.abort(),
  })
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
  const { shape } = pullModel()
  await expect(
    compare(FLEET, { models: [{ name: 'shape', shape }], depth: 'simulation' }),
  ).rejects.toMatchObject({ code: 'invalid-option' })
})
