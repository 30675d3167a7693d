import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../src/client/client.js'
import { createFleetClock } from '../../../src/client/receive/fleet-clock.js'
import { createPublisher } from '../../../src/publisher/index.js'
import { createHandler } from '../../../src/server/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { hybrid } from '../../../src/strategies/hybrid.js'
import { push } from '../../../src/strategies/push.js'
import { systemHasher } from '../../../src/system/system.js'
import { httpStore } from '../../../src/transports/http/http-store.js'
import { http } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { NAMESPACE, publish, TOKEN } from '../../support/server-fixtures.js'

const MINUTE_MS = 60_000
const DAY_MS = 86_400_000

/**
 * Two servers over one store, whose clocks are set apart, and a client that is sent to one of them.
 */
async function setUp(make: typeof push | typeof hybrid) {
  const clock = virtualClock({ turns: 20 })
  const store = memory({ system: { clock } })
  const skewMs = { a: 0, b: 0 }
  const handlerOf = (name: keyof typeof skewMs) => {
    const own = { ...clock, now: () => clock.now() + skewMs[name] }
    const system = { clock: own, random: seededRandom(1) }
    return createHandler(store, { system, write: { token: TOKEN } })
  }
  const handlers = { a: handlerOf('a'), b: handlerOf('b') }
  let to: keyof typeof skewMs = 'a'
  const streams = new Set<AbortController>()
  const fetch = async (url: string, init: RequestInit): Promise<Response> => {
    const own = new AbortController()
    streams.add(own)
    init.signal?.addEventListener('abort', () => own.abort())
    return handlers[to].fetch(new Request(url, { ...init, signal: own.signal }))
  }
  await publish(store, 1)
  const warnings: string[] = []
  const say = (message: string): void => void warnings.push(message)
  const client = createClient({
    namespace: NAMESPACE,
    schema: z.unknown(),
    strategy: make(http('http://board.test', { fetch: fetch as never, system: { clock } })),
    logger: { debug() {}, info() {}, warn: say, error: say },
    system: { clock, random: seededRandom(1), hasher: systemHasher },
  })
  onTestFinished(async () => {
    const closed = Promise.all([
      client.close(),
      ...Object.values(handlers).map(each => each.close({ drainMs: 0 })),
    ])
    await clock.advance(10_000)
    await closed
  })
  client.ready({ timeoutMs: 0 }).catch(() => {})
  await clock.advance(1_000)
  return {
    clock,
    client,
    skewMs,
    warnings,
    /** From here on requests go to the other server, and its streams end. */
    goTo(name: keyof typeof skewMs) {
      to = name
      for (const stream of streams) stream.abort()
      streams.clear()
    },
    /** Who publishes, or looks, over the first server, with a clock that is so far ahead. */
    publisherAt(aheadMs: number) {
      const own = { ...clock, now: () => clock.now() + aheadMs }
      const toFirst = async (url: string, init: RequestInit): Promise<Response> =>
        handlers.a.fetch(new Request(url, init))
      const store = httpStore('http://board.test', { fetch: toFirst, token: TOKEN, system: { clock: own } })
      return createPublisher({ namespace: NAMESPACE, schema: z.unknown(), store, system: { clock: own } })
    },
    /** What the client says of itself each second. */
    async statuses(forMs: number): Promise<ReadonlySet<string>> {
      const said = new Set<string>()
      for (let passed = 0; passed < forMs; passed += 1_000) {
        await clock.advance(1_000)
        said.add(client.status)
      }
      return said
    },
  }
}

describe.each([
  ['push', push],
  ['hybrid', hybrid],
] as const)('%s', (_, make) => {
  test('stays ready when a server was a day ahead for a minute, and says that its clock was', async () => {
    const { skewMs, statuses, warnings } = await setUp(make)
    expect(await statuses(2 * MINUTE_MS)).toEqual(new Set(['ready']))
    skewMs.a = DAY_MS
    expect(await statuses(MINUTE_MS)).toEqual(new Set(['ready']))
    skewMs.a = 0
    expect(await statuses(10 * MINUTE_MS)).toEqual(new Set(['ready']))
    expect(warnings.filter(text => text.includes('clock'))).toEqual([
      expect.stringMatching(/a server's clock was 864\d\d s ahead of the marks after it/),
    ])
  })

  test('stays ready between two servers whose clocks differ by 40 s', async () => {
    const { skewMs, statuses, goTo } = await setUp(make)
    skewMs.a = 40_000
    for (const name of ['b', 'a', 'b', 'a', 'b'] as const) {
      goTo(name)
      await statuses(30_000)
      expect(await statuses(3 * MINUTE_MS)).toEqual(new Set(['ready']))
    }
  })
})

describe('the fleet clock', () => {
  const at = (clock: VirtualClock, ms = 0): string => new Date(clock.now() + ms).toISOString()

  test('leaves a clock behind that was ahead once three marks agree, and not before', async () => {
    const clock = virtualClock()
    const left: number[] = []
    const fleet = createFleetClock(clock, ms => left.push(ms))
    fleet.hear(at(clock, DAY_MS))
    for (let mark = 1; mark <= 3; mark += 1) {
      expect(fleet.now() - clock.now()).toBe(DAY_MS)
      await clock.advance(15_000)
      fleet.hear(at(clock))
    }
    expect(fleet.now()).toBe(clock.now())
    expect(left).toEqual([DAY_MS])
  })

  test('is not set back by one mark that comes again and again, nor by marks that are late', async () => {
    const clock = virtualClock()
    const fleet = createFleetClock(clock)
    const first = at(clock)
    await clock.advance(60_000)
    fleet.hear(at(clock))
    for (let again = 0; again < 9; again += 1) fleet.hear(first)
    for (let mark = 0; mark < 9; mark += 1) {
      await clock.advance(15_000)
      fleet.hear(at(clock, -29_000))
    }
    expect(fleet.now()).toBe(clock.now())
  })
})

test('the age of a report is counted by the clock of the server, however wrong the clock is of who asks', async () => {
  const { clock, client, skewMs, publisherAt } = await setUp(push)
  await clock.advance(10_000)
  // It says its last word while the server is a day ahead.
  skewMs.a = DAY_MS
  client.pause()
  await clock.advance(10_000)
  void client.close()
  skewMs.a = 0
  await clock.advance(3 * MINUTE_MS)
  for (const askerMs of [0, 2 * DAY_MS, -2 * DAY_MS]) {
    const fleet = await publisherAt(askerMs).fleet()
    const silent = fleet.type === 'known' ? fleet.members.map(({ silentMs = -1 }) => silentMs) : []
    expect(silent).toHaveLength(1)
    expect(silent[0]).toBeGreaterThan(2 * MINUTE_MS)
    expect(silent[0]).toBeLessThan(4 * MINUTE_MS)
  }
})

test('three marks that are 31 s behind set the clock of the fleet back', async () => {
  const clock = virtualClock()
  const fleet = createFleetClock(clock)
  fleet.hear(new Date(clock.now()).toISOString())
  for (let mark = 1; mark <= 3; mark += 1) {
    expect(fleet.now()).toBe(clock.now())
    await clock.advance(15_000)
    fleet.hear(new Date(clock.now() - 31_000).toISOString())
  }
  expect(fleet.now()).toBe(clock.now() - 31_000)
})
