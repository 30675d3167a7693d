import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import {
  adaptivePullModel,
  compare,
  hybridModel,
  pullModel,
  pushModel,
  recordedCosts,
  type Costs,
  type KnownModel,
  type Shape,
  type WorkloadInput,
} from '../../../src/compare/index.js'
import { createClient } from '../../../src/client/index.js'
import { ANY_DOCUMENT, NAMESPACE } from '../../../src/compare/board.js'
import { estimate } from '../../../src/compare/formula/estimate.js'
import { adaptedMs } from '../../../src/compare/formula/intervals.js'
import { timesOf } from '../../../src/compare/formula/times.js'
import type { Row } from '../../../src/compare/row.js'
import { readWorkload } from '../../../src/compare/workload.js'
import { seededDice, virtualClock } from '../../../src/sim/index.js'
import { onDemand } from '../../../src/strategies/index.js'
import { figure } from '../../../src/compare/words.js'
import { countedBoard } from './counted-board.js'

const debate = readFileSync(`${root}/docs/push-vs-pull.md`, 'utf8').replaceAll(/\s+/g, ' ')
/** The page says what a test here comes to. */
const says = (text: string): void => expect(debate).toContain(text)

/** What a server costs that does nothing but polls and deliveries. */
function serverOf(given: {
  readonly pollMs: number
  readonly deliveryMs: number
  readonly streamMsPerSecond?: number
}): Costs {
  const nothing = { serverMs: 0, bytes: 0 }
  return {
    ...recordedCosts,
    kinds: {
      unchanged: { serverMs: given.pollMs, bytes: 300 },
      release: { serverMs: given.pollMs, bytes: 300 },
      log: nothing,
      snapshot: nothing,
      report: nothing,
      connect: nothing,
      mark: nothing,
      notice: { serverMs: given.deliveryMs, bytes: 300 },
      delivery: { serverMs: given.deliveryMs, bytes: 300 },
    },
    changeMs: 0,
    streamMsPerSecond: given.streamMsPerSecond ?? 0,
  }
}

/** The most clients that satisfy a condition which only fewer satisfy. */
function most(holds: (clients: number) => boolean): number {
  let [least, tooMany] = [1, 10_000_000]
  while (tooMany - least > 1) {
    const middle = Math.floor((least + tooMany) / 2)
    if (holds(middle)) least = middle
    else tooMany = middle
  }
  return least
}

test('polling overtakes event streams where 2,520 polls a second times the accepted latency pass what the streams hold', () => {
  // Van de Vyvere, Colpaert and Verborgh 2020: 5.2 kB every 5 s, nginx answers 2,520 polls a
  // second, one process sends to 25,000 streams within 4 s, and no more were tried.
  const costs = serverOf({ pollMs: 1_000 / 2_520, deliveryMs: 4_000 / 25_000 })
  const tried = 25_000
  const base = { documentBytes: 5_200, network: { rttMs: 0, serverMbps: 100_000, clientMbps: 1_000_000 } }
  // Their clients ask for nothing beside their streams.
  const streams: Shape = { ...pushModel().shape, sweepIntervalMs: Number.POSITIVE_INFINITY }
  const written = (latencyMs: number): number =>
    most(clients => {
      const workload = readWorkload({
        ...base,
        clients,
        network: { ...base.network, halfOpenPerClientDay: 0 },
      })
      return timesOf(streams, { workload, costs }).all <= latencyMs
    })
  const pushed = (latencyMs: number): number => Math.min(tried, written(latencyMs))
  const polled = (latencyMs: number): number =>
    most(clients => {
      const { shape } = pullModel({ pollIntervalMs: latencyMs })
      const workload = readWorkload({ ...base, clients })
      return timesOf(shape, { workload, costs }).all <= 1.2 * latencyMs
    })
  // Each poll is answered once an interval, so the capacity is the rate times the latency, their
  // equation (1).
  expect(polled(1_000) / 2_520).toBeGreaterThan(0.9)
  expect(polled(1_000) / 2_520).toBeLessThan(1.15)
  expect(pushed(4_000)).toBe(tried)
  expect(pushed(1_000)).toBeCloseTo(6_250, -2)
  const overtakesAt = [1, 2, 4, 6, 8, 9, 10, 11, 12].find(
    seconds => polled(seconds * 1_000) > pushed(seconds * 1_000),
  )
  expect(overtakesAt).toBeGreaterThanOrEqual(9)
  expect(overtakesAt).toBeLessThanOrEqual(11)
  says(
    `| ${overtakesAt} s, with their rates and a cap of the 25,000 streams that they tried; without the cap never |`,
  )
  says(`${(polled(1_000) / 2_520).toFixed(2)} times that, since intervals are stretched`)
  // It is the cap that makes them cross: without it streams stay ahead.
  for (const seconds of [1, 10, 60, 600])
    expect(polled(seconds * 1_000)).toBeLessThan(written(seconds * 1_000))
  // Below 1 s at 5,000 streams, and evenly spread over 4 s at 25,000.
  const sentTo = (clients: number) =>
    timesOf(pushModel().shape, { workload: readWorkload({ ...base, clients }), costs })
  expect(sentTo(5_000).all).toBeLessThan(1_000)
  expect(sentTo(25_000).half / sentTo(25_000).all).toBeCloseTo(0.5, 1)
  const [few, many] = [sentTo(5_000), sentTo(25_000)]
  says(
    `${figure(few.all / 1_000)} s; ${figure(many.all / 1_000)} s, half of them after ${figure(many.half / 1_000)} s`,
  )
  const shares: number[] = []
  // And the processor of streams is below that of polls at every size.
  for (const clients of [1_000, 5_000, 10_000, 25_000]) {
    const workload = readWorkload({ ...base, clients, changesPerDay: 86_400 / 5 })
    const [told, asked] = [pushModel(), pullModel({ pollIntervalMs: 5_500 })].map(model =>
      estimate(model, { workload, costs }),
    )
    expect(told?.cpu.share).toBeLessThan(asked?.cpu.share ?? 0)
    shares.push((told?.cpu.share ?? 0) / (asked?.cpu.share ?? 0))
  }
  says(`${figure(Math.min(...shares))} to ${figure(Math.max(...shares))} of the processor at 1,000 to 25,000`)
})

test('a poll comes after half of an interval in the mean and within one and a tenth, computed and simulated', async () => {
  // T / 2 and T for intervals without jitter, and the trips of two requests.
  const [intervalMs, rttMs, clients] = [60_000, 20, 2_001]
  const workload: WorkloadInput = { clients, documentBytes: 1_000, network: { rttMs } }
  const models = [pullModel({ pollIntervalMs: intervalMs })]
  const computed = await compare(workload, { models })
  const simulated = await compare(workload, { models, depth: 'simulation', mostClients: 1 })
  for (const { rows, depth } of [computed, simulated]) {
    const { integral, stalenessMs } = rows[0] as Row
    expect((integral * 1_000) / clients / intervalMs).toBeCloseTo(0.5, 1)
    expect(stalenessMs.all).toBeGreaterThan(intervalMs)
    expect(stalenessMs.all).toBeLessThan(1.1 * intervalMs + 6 * rttMs + recordedCosts.changeMs + 50)
    const [mean, last] = [(integral * 1_000) / clients / intervalMs, stalenessMs.all / intervalMs]
    says(`${mean.toFixed(2)} T and ${last.toFixed(2)} T ${depth === 'formula' ? 'computed' : 'simulated'}`)
  }
})

test('of polls at the rate of changes each finds one; more often finds nothing for the rest, and less often misses some', () => {
  // Bozdag, Mesbah and van Deursen 2007: pull is coherent with an interval as long as that of what
  // is published; a shorter one wastes requests, a longer one misses items.
  const everyMs = 15_000
  const workload = readWorkload({
    clients: 1,
    documentBytes: 1_000,
    changesPerDay: 86_400_000 / everyMs,
    restartsPerDay: 0,
    network: { rttMs: 0 },
  })
  const sharesOf = (pollIntervalMs: number) => {
    const model = pullModel({ pollIntervalMs, sweepIntervalMs: Number.MAX_SAFE_INTEGER })
    const { perDay } = estimate(model, { workload, costs: recordedCosts })
    const { unchanged = 0, release = 0 } = perDay
    return { wasted: unchanged / (unchanged + release), found: release / workload.changesPerDay }
  }
  const [same, twice, half] = [everyMs, everyMs / 2, 2 * everyMs].map(sharesOf)
  expect(same?.wasted).toBeCloseTo(0, 2)
  expect(same?.found).toBeCloseTo(1, 2)
  expect(twice?.wasted).toBeCloseTo(0.5, 2)
  expect(twice?.found).toBeCloseTo(1, 2)
  expect(half?.wasted).toBeCloseTo(0, 2)
  expect(half?.found).toBeCloseTo(0.5, 2)
  says(
    `half of the interval wastes ${figure(100 * (twice?.wasted ?? 0))} % of its requests, twice the interval finds ${figure(100 * (half?.found ?? 0))} % of the items`,
  )
})

test('a value that may be so old leaves 1 / (1 + R t) of the questions of asking at every read', async () => {
  // Gray and Cheriton 1989: R reads a second, a term of t seconds; 0.864 and 10 s leave 0.104. Here
  // on demand is that form: who reads asks once what it holds is older than maxAgeMs.
  const [readsPerSecond, termMs, reads] = [0.864, 10_000, 2_000]
  const { number } = seededDice(1, 'reads')
  const clock = virtualClock()
  const { store, asked } = await countedBoard(clock, 1)
  const client = createClient({
    namespace: NAMESPACE,
    schema: ANY_DOCUMENT,
    strategy: onDemand(store, { maxAgeMs: termMs }),
    system: { clock },
  })
  for (let read = 0; read < reads; read += 1) {
    await clock.advance((-Math.log1p(-number()) / readsPerSecond) * 1_000)
    const ready = client.ready()
    await clock.advance(0)
    await ready
  }
  await client.close()
  const left = 1 / (1 + (readsPerSecond * termMs) / 1_000)
  expect(left).toBeCloseTo(0.104, 3)
  expect(Math.abs(asked() / reads / left - 1)).toBeLessThan(0.05)
  says(`${(asked() / reads).toFixed(3)} of 2,000 reads with `)
})

test('an interval that grows with the age takes fewer bytes than being told and than a fixed interval where few changes are seen late', async () => {
  // Gwertzman and Seltzer 1996: tuned to less than 5 % stale it uses less bandwidth than
  // invalidation and than a fixed time to live. Cao and Liu 1998: its traffic and load are about
  // those of invalidation.
  const workload: WorkloadInput = { clients: 1_000, documentBytes: 20_000, changesPerDay: 4 }
  const adaptive = adaptivePullModel({ share: 0.05, mostMs: 600_000 })
  const fixed = pullModel({ pollIntervalMs: 120_000 })
  const unswept = pullModel({ pollIntervalMs: 120_000, sweepIntervalMs: 1e12, name: 'alone' })
  const { rows } = await compare(workload, { models: [adaptive, hybridModel(), fixed, unswept] })
  const [grows, told, asks, asksAlone] = rows
  expect(grows?.current).toBeGreaterThan(0.95)
  expect(grows?.bytes.perDay).toBeLessThan(told?.bytes.perDay ?? 0)
  expect(grows?.bytes.perDay).toBeLessThan(asks?.bytes.perDay ?? 0)
  const bytesBeside = (other?: Row): string =>
    ((grows?.bytes.perDay ?? 0) / (other?.bytes.perDay ?? 0)).toFixed(2)
  says(
    `with four changes a day ${figure(100 * (1 - (grows?.current ?? 0)))} % stale, ${bytesBeside(told)} of the bytes of hybrid and ${bytesBeside(asks)} of those of a poll every 2 min, and ${bytesBeside(asksAlone)} where that does not sweep either; intervals of a twentieth of the age and 10 min at most`,
  )
  const often = await compare(
    { ...workload, changesPerDay: 40 },
    { models: [adaptivePullModel(), hybridModel({ heartbeatMs: 30_000 }), hybridModel()] },
  )
  const [adapts, invalidated, usual] = often.rows
  const ratios: number[] = []
  const besideUsual: number[] = []
  for (const of of [(row?: Row) => row?.bytes.perDay, (row?: Row) => row?.cpu.share]) {
    const ratio = (of(adapts) ?? 0) / (of(invalidated) ?? 0)
    expect(ratio).toBeGreaterThan(0.5)
    expect(ratio).toBeLessThan(2)
    ratios.push(ratio)
    besideUsual.push((of(adapts) ?? 0) / (of(usual) ?? 0))
  }
  says(
    `adaptive pull takes ${ratios.map(ratio => figure(ratio)).join(' of the bytes and ')} times the processor of hybrid with a heartbeat of 30 s; ${besideUsual.map(ratio => figure(ratio)).join(' and ')} with the usual one`,
  )
})

test('an interval that adapts stays within its bounds, as a time to refresh does', () => {
  // Deolasee and others 2001: TTR = max(min, min(max, …)).
  const bounds = { share: 0.1, leastMs: 5_000, mostMs: 300_000 }
  expect([0, 50_000, 60_000, 3_000_000, 86_400_000].map(ageMs => adaptedMs(bounds, ageMs))).toEqual([
    5_000, 5_000, 6_000, 300_000, 300_000,
  ])
})

test('push costs several times the processor of pull on a server that pays for connections, and less on one that pays for events', () => {
  // Bozdag, Mesbah and van Deursen 2007: a thread for each connection, push saturates at 350-500
  // users and takes about seven times the processor of pull.
  const threaded = serverOf({ pollMs: 5, deliveryMs: 1, streamMsPerSecond: 2.3 })
  const events = serverOf({ pollMs: 5, deliveryMs: 1 })
  const cpu = (model: KnownModel, costs: Costs, clients: number): number => {
    const workload = readWorkload({ clients, documentBytes: 1_000, changesPerDay: 5_760 })
    return estimate(model, { workload, costs }).cpu.share
  }
  const pull = pullModel({ pollIntervalMs: 15_000 })
  const ratio = cpu(pushModel(), threaded, 300) / cpu(pull, threaded, 300)
  expect(ratio).toBeGreaterThan(5)
  expect(ratio).toBeLessThan(9)
  expect(cpu(pushModel(), threaded, 350)).toBeLessThan(1)
  expect(cpu(pushModel(), threaded, 500)).toBeGreaterThan(1)
  expect(cpu(pushModel(), events, 300)).toBeLessThan(cpu(pull, events, 300))
  const saturates = most(clients => cpu(pushModel(), threaded, clients) < 1)
  const onEvents = cpu(pushModel(), events, 300) / cpu(pull, events, 300)
  says(
    `${figure(ratio)} times, and ${saturates} users, on a server that pays 2.3 ms a second for each connection; ${figure(onEvents)} times on one that pays for events`,
  )
  const shown = (costs: Costs): string =>
    [pushModel(), pull].map(model => `${figure(100 * cpu(model, costs, 300))} %`).join(' | ')
  says(`| pays for events | ${shown(events)} |`)
  says(`| pays 2.3 ms a second for each connection | ${shown(threaded)} | ${figure(ratio)} times |`)
})

test('at equal staleness invalidation costs no more bytes than polling', async () => {
  // Cao and Liu 1998: polling every time costs more of both traffic and server than invalidation.
  const workload: WorkloadInput = { clients: 1_000, documentBytes: 20_000, changesPerDay: 24 }
  const { rows } = await compare(workload, {
    models: [hybridModel(), pullModel({ pollIntervalMs: 1_000 })],
  })
  const [told, polled] = rows
  expect(told?.bytes.perDay).toBeLessThan(polled?.bytes.perDay ?? 0)
  expect(told?.cpu.share).toBeLessThan(polled?.cpu.share ?? 0)
  const beside = (of: (row?: Row) => number | undefined): string =>
    ((of(told) ?? 0) / (of(polled) ?? 0)).toFixed(2)
  says(
    `${beside(row => row?.bytes.perDay)} of the bytes and ${beside(row => row?.cpu.share)} of the processor of a poll every second`,
  )
  expect(told?.stalenessMs.all).toBeLessThan(polled?.stalenessMs.all ?? 0)
})

test('polls behind polls and caches add up', () => {
  // open-feature/flagd#1629: flagd polls every ten seconds an agent that polls, behind a cache; a
  // change took a quarter of an hour.
  const workload = readWorkload({ clients: 100, documentBytes: 1_000, network: { rttMs: 0 } })
  const shapeOf = (hops: readonly number[]) => pullModel({ pollIntervalMs: 10_000, hops }).shape
  const alone = timesOf(shapeOf([]), { workload, costs: recordedCosts })
  const chained = timesOf(shapeOf([45_000, 840_000]), { workload, costs: recordedCosts })
  expect(chained.all - alone.all).toBeCloseTo(885_000)
  expect(chained.half - alone.half).toBeCloseTo(442_500)
  expect(chained.all / 60_000).toBeCloseTo(15, 0)
  says(`${(chained.all / 60_000).toFixed(1)} min with \`hops\``)
})

test('a tree spreads a change over its relays', () => {
  // The shape of Configerator (SOSP 2015): leader, observers, proxies; the tree itself takes 4.5 s
  // for hundreds of thousands of servers.
  const workload = readWorkload({
    clients: 300_000,
    documentBytes: 4_000,
    network: { rttMs: 100, serverMbps: 10_000 },
  })
  const flat = timesOf(pushModel().shape, { workload, costs: recordedCosts })
  const tree = timesOf(pushModel({ relays: 100 }).shape, { workload, costs: recordedCosts })
  expect(tree.all).toBeLessThan(4_500)
  expect(flat.all).toBeGreaterThan(tree.all)
  says(
    `${figure(tree.all / 1_000)} s to 300,000 clients of 100 relays, and ${(flat.all / 60_000).toFixed(1)} min without them`,
  )
})
