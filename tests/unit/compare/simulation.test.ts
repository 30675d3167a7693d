import { expect, test, vi } from 'vitest'
import {
  adaptivePull,
  compare,
  comparisonPage,
  hybridModel,
  methodOf,
  outcomeOf,
  pullModel,
  pushModel,
  tableOf,
  type Comparison,
  type Counts,
  type Kind,
  type Model,
  type Row,
} from '../../../src/compare/index.js'
import { isOneIn } from '../../../src/compare/simulation/population.js'
import { readWorkload } from '../../../src/compare/workload.js'
import type { Session, Strategy, StrategyEvent } from '../../../src/contracts/strategy.js'
import { pull } from '../../../src/strategies/index.js'
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
    'the servers restart',
    'the servers are away for a minute',
    'a tenth of the clients is away for a minute',
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
    // or less in the minute of a change is some per cent, and 28,800 of a day.
    expectWithin(0.1, release + unchanged, 20 * 8_590, 'polls')
    expect(Math.abs(unchanged) / release).toBeLessThan(0.2)
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

test('what was simulated for each model is said: the library’s own clients or a light population, and how many', async () => {
  const { strategy } = pushModel()
  const models = [pushModel(), { name: 'mine', strategy }, pullModel({ name: 'cached', hops: [5_000] })]
  const options = { depth: 'simulation', mostClients: 6 } as const
  const larger = await compare({ ...FLEET, clients: 21, offlineShare: 0 }, { models, ...options })
  expect(larger.rows.map(({ depth, sample }) => [depth, sample])).toEqual([
    ['simulation', { clients: 21, population: 'light' }],
    ['simulation', { clients: 6, population: 'library' }],
    ['formula', undefined],
  ])
  const said =
    'simulation (a light population of 21 clients: push; 6 of the library’s own clients, for 21: mine; computed: cached), costs of '
  expect(methodOf(larger).startsWith(said)).toBe(true)
  expect(comparisonPage(larger)).toContain(said)
  const whole = await compare(
    { ...FLEET, clients: 6, offlineShare: 0 },
    { models: [pushModel(), hybridModel()], ...options },
  )
  expect(whole.rows[0]?.sample).toEqual({ clients: 6, population: 'library' })
  expect(methodOf(whole)).toMatch(/^simulation \(6 of the library’s own clients\), costs of /)
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

test('a strategy of one’s own that looks seldom is waited for until every client has the change', async () => {
  const fleet = { ...FLEET, restartsPerDay: 0 }
  const seldom = pullModel({ pollIntervalMs: 240_000, sweepIntervalMs: 86_400_000 })
  const own: Model = {
    name: 'mine',
    // It does not even say how seldom.
    strategy: transport => ({ ...seldom.strategy(transport), lookMs: 1_000 }),
  }
  const [known] = (await compare(fleet, { models: [seldom] })).rows
  const [seen] = (await compare(fleet, { models: [own], depth: 'simulation' })).rows
  expect(seen?.missed).toBe(0)
  expectWithin(0.15, seen?.stalenessMs.all, known?.stalenessMs.all, 'the last client')
  expect(seen?.stalenessMs.all).toBeGreaterThan(200_000)
  // Every client has fetched what changed, and reported it.
  expect(seen?.perDay.snapshot).toBeCloseTo(20 * 40, 5)
  expectWithin(0.1, seen?.requests.perSecond, known?.requests.perSecond, 'requests')
})

/** A strategy of one's own that looks every ten minutes, in step with whoever started with it. */
const everyTenMinutes = (onLook: (ms: number) => void): Model => ({
  name: 'mine',
  strategy: transport => ({
    name: 'mine',
    lookMs: 660_000,
    freshMs: 1_800_000,
    reportTo: undefined,
    async *deliver(session) {
      const { namespace, clock, signal } = session
      while (!signal.aborted) {
        onLook(clock.now())
        const newest = await transport.latest({ namespace, tag: session.tag(transport) }, signal)
        if (newest.type === 'unchanged') yield { type: 'current' }
        else if (newest.type !== 'none') yield { ...newest, from: transport }
        await session.wait(600_000, signal)
      }
    },
  }),
})

test('looks of a strategy of one’s own that come more seldom than once in five minutes are counted over several', async () => {
  const fleet = { ...FLEET, changesPerDay: 1, restartsPerDay: 0 }
  const atMs: number[] = []
  const own = everyTenMinutes(ms => atMs.push(ms))
  const [row] = (await compare(fleet, { models: [own], depth: 'simulation' })).rows
  expectWithin(0.05, row?.perDay.unchanged, 20 * 144, 'looks in a day')
  expect(Math.min(...atMs) % 86_400_000).toBeLessThan(1_000)
  expectWithin(0.1, Math.max(...atMs) - Math.min(...atMs), 11 * 660_000, 'what docs/choosing.md says of it')
})

test('streams before a slow line are waited for until the last one has the document', async () => {
  const fleet = {
    ...FLEET,
    clients: 500,
    documentBytes: 250_000,
    network: { ...FLEET.network, serverMbps: 10 },
  }
  const models = [hybridModel()]
  const [known] = (await compare(fleet, { models })).rows
  const [seen] = (await compare(fleet, { models, depth: 'simulation', mostClients: 20 })).rows
  // 500 documents of 2 Mbit each.
  expect(known?.stalenessMs.all).toBeGreaterThan(100_000)
  expectWithin(0.05, seen?.stalenessMs.all, known?.stalenessMs.all, 'the last client')
  expect(seen?.missed).toBe(0)
})

/** A strategy of one's own, `pull` each 5 s, that brings only some of what that brings. */
const dropping = (keeps: (session: Session) => (event: StrategyEvent) => boolean): Model => ({
  name: 'mine',
  strategy: transport => {
    const inner = pull(transport, { pollIntervalMs: 5_000 })
    return {
      ...inner,
      async *deliver(session) {
        const keep = keeps(session)
        for await (const event of inner.deliver(session))
          if (event.type !== 'release' || keep(event)) yield event
          else yield { type: 'current' }
      },
    } satisfies Strategy
  },
})

const missedBy = async (model: Model): Promise<Row | undefined> =>
  (await compare(FLEET, { models: [model], depth: 'simulation' })).rows[0]

test('a change that never comes to some clients is missed, although a start would bring it', async () => {
  const row = await missedBy(
    dropping(({ identity }) => {
      let releases = 0
      return () => (releases += 1) === 1 || Number(identity.clientId.slice('client-'.length)) % 2 === 0
    }),
  )
  expect(row).toMatchObject({
    missed: 10,
    fits: false,
    misses: [{ what: 'missed', text: 'a change never reached 10 of the clients' }],
  })
  // The others have it in time.
  expect(row?.stalenessMs.all).toBeLessThan(6_000)
  // Half of the fleet runs the old version until the next change.
  expect(row?.integral).toBeGreaterThan((10 * 86_400) / readWorkload(FLEET).changesPerDay)
  expect(row?.current).toBeGreaterThan(0.49)
  expect(row?.current).toBeLessThan(0.5)
})

test('a change that comes to nobody is missed by all', async () => {
  const model = dropping(() => {
    let releases = 0
    return () => (releases += 1) === 1
  })
  const result = await compare(FLEET, { models: [model], depth: 'simulation' })
  const [row] = result.rows
  expect(row?.missed).toBe(20)
  expect(row?.fits).toBe(false)
  expect(row?.integral).toBeCloseTo((20 * 86_400) / readWorkload(FLEET).changesPerDay)
  expect(row?.current).toBe(0)
  const said = outcomeOf(result)
    .flatMap(({ points }) => points)
    .join('\n')
  expect(said).toContain('a kill switch never reaches anybody (deadline: 5 s)')
  expect(`${said} ${JSON.stringify(tableOf(result))} ${comparisonPage(result)}`).not.toMatch(
    /Infinity|NaN|after never|takes never|never at most/,
  )
})

test('what clients miss that have met a server that was away is counted', async () => {
  const failed = new Set<string>()
  const model = dropping(
    ({ identity }) =>
      () =>
        !failed.has(identity.clientId),
  )
  const row = await missedBy({
    ...model,
    strategy: transport => {
      const inner = model.strategy?.(transport) as Strategy
      return {
        ...inner,
        async *deliver(session) {
          for await (const event of inner.deliver(session)) {
            if (event.type === 'interrupted') failed.add(session.identity.clientId)
            yield event
          }
        },
      }
    },
  })
  // A server was away for a minute, and each asks every 5 s.
  expect(row?.missed).toBe(20)
  expect(row?.stalenessMs.all).toBeLessThan(6_000)
})

test('what clients miss that were away when it came, and take nothing new after a start, is counted', async () => {
  const lives = new Map<string, number>()
  const row = await missedBy(
    dropping(({ identity: { clientId } }) => {
      const life = (lives.get(clientId) ?? 0) + 1
      lives.set(clientId, life)
      return () => life === 1
    }),
  )
  // One in ten was away; the others start with what they run from their disk.
  expect(row?.missed).toBe(2)
})

test.each(['the library’s own clients', 'a light population'] as const)(
  'how long a dead link, and having been away, keeps a change from clients is seen as it is computed: %s',
  async which => {
    const clients = which === 'a light population' ? 200 : 40
    const fleet = { ...FLEET, clients }
    const models = [
      hybridModel(),
      pushModel({ heartbeatMs: 4_000 }),
      pullModel(),
      pullModel({ pollIntervalMs: 4_000 }),
    ]
    const computed = await compare(fleet, { models })
    const simulated = await compare(fleet, { models, depth: 'simulation', mostClients: 100 })
    for (const [index, { model, recoveryMs: seen }] of simulated.rows.entries()) {
      const { recoveryMs: known } = computed.rows[index] as Row
      const tripsMs = 6 * fleet.network.rttMs
      expect([model, seen.tenth.half < known.tenth.half + tripsMs]).toEqual([model, true])
      expect([model, seen.tenth.all < known.tenth.all + tripsMs]).toEqual([model, true])
      expect([model, seen.tenth.all > known.tenth.all - tripsMs]).toEqual([model, true])
      // At most, so what a few clients draw is below it; but of polls it is the expected last, and
      // one of them may draw the longest interval.
      const polls = model.startsWith('pull')
      expect([model, seen.link.all <= (polls ? 1.04 : 1) * known.link.all]).toEqual([model, true])
      if (polls) continue
      expectWithin(0.12, seen.link.half, known.link.half, `${model}, half`)
      expectWithin(0.12, seen.link.all, known.link.all, `${model}, all`)
    }
    // A poll that is lost is made again after ten seconds.
    expect(computed.rows[3]?.recoveryMs.link.all).toBeGreaterThan(10_000)
    expect(computed.rows[2]?.recoveryMs.link.all).toBe(computed.rows[2]?.stalenessMs.all)
  },
)

test('what asks in between is computed, at the depth of a simulation as well, and the row says so', async () => {
  const steps: string[] = []
  const { rows } = await compare(FLEET, {
    models: [pullModel({ hops: [45_000, 840_000] })],
    depth: 'simulation',
    onProgress: ({ step }) => steps.push(step),
  })
  expect(rows[0]?.depth).toBe('formula')
  expect(rows[0]?.stalenessMs.all).toBeGreaterThan(45_000 + 840_000)
  expect(steps).toEqual(['computed, since what asks in between is not simulated'])
})

test('one client in ten is one in ten of each server’s', () => {
  const clients = 10_000
  for (const servers of [1, 2, 3, 5, 10, 11, 20]) {
    const own = Array.from({ length: servers }, () => 0)
    for (let client = 0; client < clients; client += 1)
      if (isOneIn(10, client)) own[client % servers] = (own[client % servers] ?? 0) + 1
    expect(own.reduce((sum, one) => sum + one)).toBe(clients / 10)
    for (const one of own) expectWithin(0.35, one, clients / 10 / servers, `of ${servers}`)
  }
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
