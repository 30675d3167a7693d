import { expect, test } from 'vitest'
import { defaultPeriods, hybrid, pull, push } from '../../../src/strategies/index.js'
import { drawn, SCALED_LIMIT_MS } from '../../support/scale.js'
import { down, faulty, publish, run, setUp } from '../../support/session.js'

/**
 * Asks a second in the busiest three seconds between two times; shorter windows show chance more
 * than the load.
 */
function busiest(times: readonly number[], fromMs: number, toMs: number): number {
  const windows = new Map<number, number>()
  for (const atMs of times) {
    if (atMs < fromMs || atMs >= toMs) continue
    const window = Math.floor((atMs - fromMs) / 3_000)
    windows.set(window, (windows.get(window) ?? 0) + 1)
  }
  return Math.max(...windows.values()) / 3
}

// At the cap a delay is 15 s in the mean: that is what a fleet is spread over. Streams also poll
// beside, once in 30 s.
test.each(
  drawn(
    [
      ['pull', pull, 15],
      ['hybrid', hybrid, 10],
    ] as const,
    { share: 1 },
  ),
)(
  'a %s fleet whose server returns asks at most 1.2 N / spread times a second',
  async (_name, make, spreadS) => {
    const { clock, store } = await setUp({ heartbeatMs: 15_000 })
    const wrapped = faulty(store, clock)
    const size = 1_000
    Object.assign(wrapped.faults, { latest: down(), watch: down() })
    const clients = Array.from({ length: size }, (_, index) =>
      run(make(wrapped.transport), { clock, clientId: `web-${index}`, seed: index }),
    )
    await clock.advance(90_000)
    Object.assign(wrapped.faults, { latest: undefined, watch: undefined })
    await publish(store, 2)
    await clock.advance(62_000)
    const stopped = clients.map(client => client.stop())
    await Promise.all(stopped)
    const times = wrapped.calls.map(({ atMs }) => atMs)
    expect(busiest(times, 90_000, 120_000)).toBeLessThanOrEqual((1.2 * size) / spreadS)
    expect(clients.every(client => client.seen()?.sequence === 2)).toBe(true)
    expect(clock.pending).toBe(0)
  },
  SCALED_LIMIT_MS,
)

test('a fleet that loses its streams together polls spread out', async () => {
  const { clock, store } = await setUp({ heartbeatMs: 15_000 })
  const wrapped = faulty(store, clock)
  const size = 1_000
  const clients = Array.from({ length: size }, (_, index) =>
    run(hybrid(wrapped.transport), { clock, clientId: `web-${index}`, seed: index }),
  )
  await clock.advance(10_000)
  wrapped.faults.watch = down()
  wrapped.calls.length = 0
  wrapped.cut()
  await clock.advance(60_000)
  await Promise.all(clients.map(client => client.stop()))
  const polls = wrapped.calls.filter(({ what }) => what === 'latest').map(({ atMs }) => atMs)
  expect(polls.length).toBeGreaterThan(1.6 * size)
  expect(busiest(polls, 0, 70_000)).toBeLessThanOrEqual(1.5 * (size / 30))
})

/**
 * The most that chance puts into a stretch into which so many come in the mean: seven standard
 * deviations above it.
 */
const mostByChance = (mean: number): number => mean + 7 * Math.sqrt(mean)

test.each(
  drawn(
    [
      ['pull', pull],
      ['push', push],
      ['hybrid', hybrid],
    ] as const,
    { share: 1 },
  ),
)(
  'a %s fleet that started together does not sweep together, neither at first nor later',
  async (_name, make) => {
    const { clock, store } = await setUp({ heartbeatMs: 15_000 })
    const medium = faulty(store, clock)
    const size = 300
    const clients = Array.from({ length: size }, (_, index) =>
      run(make(medium.transport), { clock, clientId: `web-${index}`, seed: index }),
    )
    await clock.advance(60_000)
    medium.calls.length = 0
    await clock.advance(2.5 * defaultPeriods.sweepIntervalMs)
    await Promise.all(clients.map(client => client.stop()))
    // Only a sweep walks the log.
    const sweeps = medium.calls.filter(({ what }) => what === 'next').map(({ atMs }) => atMs)
    expect(sweeps.length).toBeGreaterThan(1.5 * size)
    // Each first one falls anywhere within a fifth of the interval on both sides, and so a third
    // second holds few of them.
    const within3s = (size * 3_000) / (0.4 * defaultPeriods.sweepIntervalMs)
    expect(3 * busiest(sweeps, 0, Number.POSITIVE_INFINITY)).toBeLessThanOrEqual(mostByChance(within3s))
    expect(clock.pending).toBe(0)
  },
  SCALED_LIMIT_MS,
)
