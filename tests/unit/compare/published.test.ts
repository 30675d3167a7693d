import { expect, test } from 'vitest'
import {
  compare,
  hybridModel,
  pullModel,
  pushModel,
  recordedCosts,
  type Costs,
  type KnownModel,
  type WorkloadInput,
} from '../../../src/compare/index.js'
import { estimate } from '../../../src/compare/formula/estimate.js'
import { timesOf } from '../../../src/compare/formula/times.js'
import { readWorkload } from '../../../src/compare/workload.js'

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
  const pushed = (latencyMs: number): number =>
    Math.min(
      tried,
      most(clients => {
        const workload = readWorkload({ ...base, clients })
        return timesOf(pushModel().shape, { workload, costs }).all <= latencyMs
      }),
    )
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
})
