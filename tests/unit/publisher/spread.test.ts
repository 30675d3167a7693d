import { expect, test } from 'vitest'
import { createClient } from '../../../src/client/index.js'
import type { ClientReport, HeardReports } from '../../../src/contracts/report.js'
import type { CompleteStore } from '../../../src/contracts/transport.js'
import type { Release } from '../../../src/core/release/release.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { assertSpreading, spreadFor, type Spreading } from '../../../src/publisher/spread.js'
import { anything } from '../../../src/core/schema/anything.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { pull } from '../../../src/strategies/pull.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'
import { reportOf } from '../../support/report-of.js'
import { publisherContext } from './publisher-context.js'
import { scriptedStore } from './scripted-store.js'

const AS_OF = '2026-01-02T00:00:00.000Z'
const fleet = (count: number, phase: ClientReport['phase'] = 'applied'): readonly ClientReport[] =>
  Array.from({ length: count }, (_, index) => ({
    ...reportOf({ namespace: 'checkout/prod', instanceId: `${phase}-${index}`, phase }),
    receivedAt: AS_OF,
  }))
const heard = (reports: readonly ClientReport[]): HeardReports => ({
  since: '2026-01-01T00:00:00.000Z',
  asOf: AS_OF,
  reports,
})
const arm = (...bytes: readonly number[]): Release['stable']['variants'] =>
  bytes.map(size => ({
    digest: 'a'.repeat(64),
    bytes: size,
  })) as unknown as Release['stable']['variants']
const spread = (
  asked: Spreading,
  reports: HeardReports | undefined,
  variants = arm(200_000),
): ReturnType<typeof spreadFor> => spreadFor(asked, { variants, heard: reports, newest: undefined })

test('a spread by bandwidth follows from the live instances and the largest document', () => {
  const reports = heard([...fleet(60), ...fleet(40, 'stopped')])
  expect(spread({ bytesPerSecond: 1_000_000 }, reports, arm(1_000, 200_000, 10))).toEqual({
    spreadMs: 12_000,
    notes: ['60 live instances fetch 200000 bytes each, spread over 12.0 s'],
  })
  expect(spread({ bytesPerSecond: 1_000_000_000 }, reports).spreadMs).toBe(12)
  // Clients wait an hour at most.
  expect(spread({ bytesPerSecond: 1_000 }, reports)).toEqual({
    spreadMs: 3_600_000,
    notes: [expect.stringContaining('the most there is')],
  })
})

test('a spread that is named holds, and nothing is spread where nobody is heard', () => {
  expect(spread({ spreadMs: 500 }, heard(fleet(60)))).toEqual({ spreadMs: 500, notes: [] })
  expect(spread({}, heard(fleet(60))).spreadMs).toBeUndefined()
  for (const nobody of [undefined, heard([])])
    expect(spread({ bytesPerSecond: 1_000 }, nobody)).toEqual({
      spreadMs: undefined,
      notes: [expect.stringContaining('it is unknown how many')],
    })
})

test.each<Spreading>([
  { spreadMs: -1 },
  { spreadMs: 3_600_001 },
  { bytesPerSecond: 0 },
  { bytesPerSecond: 1.5 },
  { spreadMs: 1, bytesPerSecond: 1 },
])('%j is refused', asked => {
  expect(() => assertSpreading(asked)).toThrow(expect.objectContaining({ code: 'invalid-option' }))
})

test('a release says the spread that its bandwidth comes to, and the publisher tells why', async () => {
  const store = scriptedStore()
  const { clock } = publisherContext(store)
  const publisher = createPublisher({
    namespace: 'checkout/prod',
    schema: anything,
    store,
    system: { clock },
  })
  const options = { rollout: everyone(), reason: 'a test' }
  await publisher.publish({ text: '' }, options)
  store.heard = fleet(10)
  const { notes } = await publisher.publish({ text: 'x'.repeat(989) }, { ...options, bytesPerSecond: 1_000 })
  expect(notes).toContain('10 live instances fetch 1000 bytes each, spread over 10.0 s')
  expect(JSON.parse(new TextDecoder().decode(store.log.at(-1)?.bytes))).toMatchObject({
    release: { spreadMs: 10_000 },
  })
})

test('clients fetch over the time that the bandwidth comes to, a share of it each second', async () => {
  const clock = virtualClock()
  const systemOf = (seed: number) => ({ clock, random: seededRandom(seed), hasher: systemHasher })
  const inside = memory({ system: systemOf(0) })
  const fetchedMs: number[] = []
  const store: CompleteStore = {
    ...inside,
    snapshot(query, signal) {
      fetchedMs.push(clock.monotonic())
      return inside.snapshot(query, signal)
    },
  }
  const namespace = 'checkout/prod'
  const publisher = createPublisher({ namespace, schema: anything, store: inside, system: systemOf(1) })
  const options = { rollout: everyone(), reason: 'a test' }
  await publisher.publish({ text: '' }, options)
  const clients = Array.from({ length: 40 }, (_, index) =>
    createClient({
      namespace,
      schema: anything,
      clientId: `web-${index}`,
      strategy: pull(store, { pollIntervalMs: 1_000 }),
      system: systemOf(index + 2),
    }),
  )
  for (const client of clients) client.ready({ timeoutMs: 0 }).catch(() => {})
  await clock.advance(60_000)
  const before = fetchedMs.splice(0).length
  const publishedMs = clock.monotonic()
  const { notes } = await publisher.publish({ text: 'x'.repeat(989) }, { ...options, bytesPerSecond: 1_000 })
  expect(notes).toContain('40 live instances fetch 1000 bytes each, spread over 40.0 s')
  await clock.advance(60_000)
  const seconds = fetchedMs.map(ms => Math.floor((ms - publishedMs) / 1_000))
  expect([before, seconds.length]).toEqual([40, 40])
  expect(Math.max(...seconds)).toBeLessThanOrEqual(41)
  expect(Math.max(...seconds)).toBeGreaterThan(30)
  const each = Array.from({ length: 42 }, (_, second) => seconds.filter(one => one === second).length)
  expect(Math.max(...each)).toBeLessThanOrEqual(5)
  await Promise.all([...clients.map(client => client.close()), publisher.close()])
})
