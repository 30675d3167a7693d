import { describe, expect, test } from 'vitest'
import type { Strategy } from '../../../src/contracts/strategy.js'
import { hybrid, pull, push } from '../../../src/strategies/index.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { http } from '../../../src/transports/http/http.js'
import { memory, type MemoryStore } from '../../../src/transports/memory.js'
import { publish, run, type Run } from '../../support/session.js'
import { openPlace, WAYS, type Host, type Place, type Sent, type Way } from './place.js'

const N = 100
const WINDOW_MS = 3_000
/**
 * At its cap a delay is 15 s in the mean: that is what a fleet is spread over. Streams also poll
 * beside, once in 30 s.
 */
const spreadS = ({ strategy }: Way): number => (strategy === 'pull' ? 15 : 10)

interface Fleet {
  readonly place: Place
  readonly clock: VirtualClock
  readonly store: MemoryStore
  /** Whom the clients ask. */
  readonly host: Host
  /**
   * Begins that many light clients: a strategy and the http transport, and the least of a client
   * above them.
   */
  join(count: number): void
  readonly clients: readonly Run[]
  end(): Promise<void>
}

async function fleetOf(way: Way): Promise<Fleet> {
  const clock = virtualClock({ turns: 1 })
  const store = memory({ system: { clock } })
  await publish(store, 1)
  const place = openPlace({ clock, store })
  const host = way.relayed ? place.relay : place.origin
  const clients: Run[] = []
  const strategyOf = (): Strategy =>
    ({ pull, push, hybrid })[way.strategy](
      http('http://board.test', { system: { clock }, fetch: host.fetch }),
    )
  return {
    place,
    clock,
    store,
    host,
    clients,
    join(count) {
      for (let left = count; left > 0; left -= 1) {
        const index = clients.length
        clients.push(run(strategyOf(), { clock, clientId: `web-${index}`, seed: index }))
      }
    },
    end: async () => void (await place.done(Promise.all(clients.map(client => client.stop())))),
  }
}

/** Asks in each window between two times. */
function windows(heard: readonly Sent[], fromMs: number, toMs: number): readonly number[] {
  const counts = Array.from({ length: Math.floor((toMs - fromMs) / WINDOW_MS) }, () => 0)
  for (const { atMs } of heard) {
    const index = Math.floor((atMs - fromMs) / WINDOW_MS)
    if (atMs >= fromMs && counts[index] !== undefined) counts[index] += 1
  }
  return counts
}

/** What chance adds to the mean of a window at the most, four times its deviation. */
const withChance = (mean: number): number => mean + 4 * Math.sqrt(mean)

describe.each(WAYS)('19. load (%s)', (_name, way) => {
  test('N clients whose server returns ask at most 1.2 N / spread times a second', async () => {
    const { clock, store, host, place, join, clients, end } = await fleetOf(way)
    join(N)
    await clock.advance(40_000)
    await place.done(host.end())
    await clock.advance(75_000)
    if (way.relayed) place.restartRelay()
    else host.start(store)
    const backMs = clock.monotonic()
    await publish(store, 2)
    await clock.advance(45_000)
    const mean = ((1.2 * N) / spreadS(way)) * (WINDOW_MS / 1_000)
    expect(Math.max(...windows(host.heard, backMs, backMs + 45_000))).toBeLessThanOrEqual(withChance(mean))
    expect(clients.filter(client => client.seen()?.sequence === 2)).toHaveLength(N)
    await end()
  })
})

// What a client does before anybody answered is the same, whoever it asks.
describe.each(WAYS.filter(([, { relayed }]) => !relayed))('19. load (%s)', (_name, way) => {
  test('a cold start asks at once, then by its backoff', async () => {
    const { clock, store, host, place, join, clients, end } = await fleetOf(way)
    await place.done(host.end())
    join(N)
    await clock.advance(1)
    // Who hears of releases by a stream opens it, and asks beside it once that is refused.
    expect(host.heard.length).toBe(way.strategy === 'pull' ? N : 2 * N)
    await clock.advance(89_999)
    const mean = ((1.2 * N) / spreadS(way)) * (WINDOW_MS / 1_000)
    expect(Math.max(...windows(host.heard, 60_000, 90_000))).toBeLessThanOrEqual(withChance(mean))
    host.start(store)
    await clock.advance(45_000)
    expect(clients.filter(client => client.seen()?.sequence === 1)).toHaveLength(N)
    await end()
  })
})

describe.each(WAYS.filter(([, { strategy }]) => strategy !== 'pull'))('19. load (%s)', (_name, way) => {
  test('N clients that connect at once ask for nothing beside their streams', async () => {
    const { clock, host, join, clients, end } = await fleetOf(way)
    join(N)
    await clock.advance(5_000)
    expect(clients.filter(client => client.seen()?.sequence === 1)).toHaveLength(N)
    expect(host.heard).toHaveLength(N)
    await end()
  })
})

describe.each(WAYS.filter(([, { strategy }]) => strategy === 'pull'))('19. load (%s)', (_name, way) => {
  test('steady polling is spread evenly', async () => {
    const { clock, host, join, end } = await fleetOf(way)
    join(N)
    await clock.advance(150_000)
    const steady = windows(host.heard, 30_000, 150_000)
    const mean = (N / 30) * (WINDOW_MS / 1_000)
    expect(Math.max(...steady)).toBeLessThanOrEqual(withChance(mean))
    expect(Math.min(...steady)).toBeGreaterThanOrEqual(mean / 4)
    await end()
  })
})

describe.each(WAYS.filter(([, { relayed }]) => relayed))('19. load (%s)', (_name, way) => {
  test('a fleet behind a relay costs the origin about what one client does', async () => {
    const { clock, store, place, join, end } = await fleetOf(way)
    let sequence = 1
    const asked: number[] = []
    for (const more of [1, N - 1]) {
      join(more)
      await clock.advance(60_000)
      const before = place.origin.heard.length
      for (const _publish of [1, 2]) {
        sequence += 1
        await publish(store, sequence)
        await clock.advance(60_000)
      }
      asked.push(place.origin.heard.length - before)
    }
    // A relay that hears of releases by its stream asks for nothing; one that nobody listens to
    // asks once a second at the most.
    expect(asked[1]).toBeLessThanOrEqual(way.strategy === 'pull' ? 125 : (asked[0] as number) + 5)
    await end()
  })
})
