import { describe, expect, test } from 'vitest'
import type { Json } from '../../../src/contracts/json.js'
import type { StandingQuery, Store, WatchTransport } from '../../../src/contracts/transport.js'
import { MAX_UNPUBLISHED } from '../../../src/core/limits.js'
import { anything } from '../../../src/core/schema/anything.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { createLifetime } from '../../../src/server/http/lifetime.js'
import { createUnpublished } from '../../../src/server/stream/unpublished.js'
import type { Topic } from '../../../src/server/stream/subscriptions.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { memory } from '../../../src/transports/memory.js'
import { plainOf } from '../../../src/server/stream/messages.js'
import { testHub } from '../../support/test-hub.js'

/** A store that counts what it is asked, each call of which takes a millisecond. */
function counting(clock: VirtualClock, { lists }: { readonly lists: boolean }) {
  const store = memory({ system: { clock } })
  const counts = { latest: 0, watching: 0, listings: 0, inFlight: 0, mostInFlight: 0 }
  const transport: WatchTransport & Store = {
    ...store,
    async latest(query, signal) {
      counts.latest += 1
      counts.inFlight += 1
      counts.mostInFlight = Math.max(counts.mostInFlight, counts.inFlight)
      await clock.sleep(1, signal)
      counts.inFlight -= 1
      return store.latest(query, signal)
    },
    async *watch(query, signal) {
      counts.watching += 1
      try {
        yield* store.watch(query, signal)
      } finally {
        counts.watching -= 1
      }
    },
  }
  if (!lists) return { store, counts, transport: { ...transport, namespaces: undefined } as never as Store }
  const namespaces: Store['namespaces'] = signal => {
    counts.listings += 1
    return store.namespaces(signal)
  }
  return { store, counts, transport: { ...transport, namespaces } }
}

function open({
  lists = false,
  standing,
}: { readonly lists?: boolean; readonly standing?: NonNullable<Store['standing']> } = {}) {
  const clock = virtualClock()
  const counted = counting(clock, { lists })
  const { store, counts } = counted
  const transport = { ...counted.transport, ...(standing !== undefined && { standing }) }
  const lifetime = createLifetime()
  const hub = testHub(transport, {
    clock,
    lifetime,
    maxBytes: 1e6,
    heartbeatMs: 15_000,
    pollIntervalMs: 1_000,
    maxConnections: 10_000,
  })
  const join = async (namespaces: readonly string[]) => {
    const reader = { heard: '' }
    const plan = await hub.admit({ namespaces, identity: undefined, have: new Map() })
    const subscriber = plan.open({
      blocked: () => false,
      write: frame => (reader.heard += new TextDecoder().decode(plainOf(frame))),
      end() {},
      destroy() {},
    })
    return { reader, gone: () => subscriber.gone() }
  }
  const publish = async (namespace: string, document: Json = {}): Promise<void> => {
    const publisher = createPublisher({ namespace, schema: anything, store, system: { clock } })
    await publisher.publish(document, { rollout: everyone(), reason: 'a test' })
  }
  const end = async (): Promise<void> => {
    const closing = hub.close(0)
    await clock.advance(0)
    await closing
    lifetime.end(new Error('the test is over'))
    await clock.advance(0)
    expect(clock.pending).toBe(0)
  }
  return { clock, counts, hub, join, publish, end }
}

/** Streams of sixty-four names each that nobody published to. */
const streamsOf = (count: number): readonly (readonly string[])[] =>
  Array.from({ length: count }, (_, stream) => Array.from({ length: 64 }, (_, name) => `x${stream}/y${name}`))

describe('names that nobody published to', () => {
  test('cost the store the same however many there are, once their streams are open', async () => {
    const { clock, counts, join, end } = open()
    const joining = Promise.all(streamsOf(50).map(join))
    await clock.advance(2_000)
    await joining
    expect(counts.watching).toBeLessThanOrEqual(32)
    const before = counts.latest
    await clock.advance(60_000)
    // Thirty-two a second by the sweep, and those that are followed once a heartbeat.
    expect(counts.latest - before).toBeLessThanOrEqual(60 * 32 + 4 * 32)
    await end()
  })

  test('are looked up a few at a time when streams open, and a read of one release passes all of them', async () => {
    const { clock, counts, hub, join, publish, end } = open()
    await publish('shop/prod')
    const joining = Promise.all(streamsOf(100).map(join))
    await clock.advance(3)
    const read = hub.newest('shop/prod')
    await clock.advance(1)
    expect((await read)?.read?.position.sequence).toBe(1)
    expect(counts.mostInFlight).toBeLessThanOrEqual(9)
    await clock.advance(5_000)
    await joining
    await end()
  })

  test('are asked for once, however many streams of one name open at the same time', async () => {
    const { clock, counts, join, end } = open()
    const joining = Promise.all(Array.from({ length: 300 }, () => join(['shop/prod'])))
    await clock.advance(5)
    await joining
    expect(counts.latest).toBe(1)
    await end()
  })

  test('make no stream wait for more than one name of each other one', async () => {
    const { clock, join, end } = open()
    const others = Promise.all(streamsOf(80).map(join))
    let joined = false
    const mine = join(['shop/prod']).then(() => (joined = true))
    // Eighty streams, eight at a time, a millisecond each: ten, and one of its own.
    await clock.advance(12)
    expect(joined).toBe(true)
    await mine
    await clock.advance(5_000)
    await others
    await end()
  })

  test.each([false, true])(
    'are heard of when somebody publishes to one elsewhere (a store that lists: %j)',
    async lists => {
      const { clock, counts, join, publish, end } = open({ lists })
      const joining = Promise.all(streamsOf(10).map(join))
      await clock.advance(2_000)
      const last = (await joining).at(-1)
      await publish('x9/y63')
      // All of 640 names in their turn, or those that a listing names.
      await clock.advance(lists ? 11_500 : 22_000)
      expect(last?.reader.heard).toContain('event: release\ndata: x9/y63\n')
      if (lists) expect(counts.listings).toBeLessThanOrEqual(3)
      await end()
    },
  )

  test('are followed like others as soon as they have a release, and forgotten with their last reader', async () => {
    const { clock, counts, hub, join, publish, end } = open()
    const joining = Promise.all(streamsOf(2).map(join))
    await clock.advance(2_000)
    const [, second] = await joining
    await publish('x1/y63')
    const read = hub.newest('x1/y63')
    await clock.advance(5)
    await read
    await clock.advance(5)
    expect(second?.reader.heard).toContain('event: release\ndata: x1/y63\n')
    expect(counts.watching).toBe(33)
    second?.gone()
    await clock.advance(5)
    const before = counts.latest
    await clock.advance(10_000)
    // The sweep goes on over those of the first stream that are not followed.
    expect(counts.latest - before).toBeLessThanOrEqual(10 * 32 + 32)
    await end()
  })
})

test('the set of names without a release takes a hundred thousand, and then none until one of them leaves', () => {
  const unpublished = createUnpublished({
    transport: memory(),
    clock: virtualClock(),
    lifetime: createLifetime(),
    logger: undefined,
    pollIntervalMs: 1_000,
    check: async () => {},
  })
  const topicOf = (name: number): Topic => ({ namespace: `x/y${name}` }) as Topic
  for (let name = 0; name < MAX_UNPUBLISHED; name += 1) unpublished.add(topicOf(name))
  expect(() => unpublished.requireRoom(0)).not.toThrow()
  expect(() => unpublished.requireRoom(1)).toThrow(/100000 namespaces without a release/)
  expect(unpublished.remove(topicOf(7))).toBe(true)
  expect(unpublished.remove(topicOf(7))).toBe(false)
  expect(() => unpublished.requireRoom(1)).not.toThrow()
  expect(() => unpublished.requireRoom(2)).toThrow(/100000/)
  unpublished.stop()
})

test('marks of many namespaces are made a few at a time, and all of them arrive within the heartbeat', async () => {
  const { clock, counts, join, publish, end } = open()
  const names = Array.from({ length: 60 }, (_, name) => `n${name}`)
  for (const name of names) await publish(name)
  const joining = Promise.all(names.map(name => join([name])))
  await clock.advance(1_000)
  const readers = await joining
  counts.mostInFlight = 0
  await clock.advance(15_000)
  for (const { reader } of readers) expect(reader.heard).toContain('event: mark\n')
  expect(counts.mostInFlight).toBeLessThanOrEqual(8)
  await end()
})

test('what the store says to stand is marked without a look at it, and the rest is looked at', async () => {
  const names = Array.from({ length: 300 }, (_, name) => `n${name}`)
  const asked: number[] = []
  let moved = ''
  const { clock, counts, join, publish, end } = open({
    async standing(queries) {
      asked.push(queries.length)
      return new Set(queries.map(({ namespace }) => namespace).filter(namespace => namespace !== moved))
    },
  })
  for (const name of names) await publish(name)
  const joining = Promise.all(names.map(name => join([name])))
  await clock.advance(2_000)
  const readers = await joining
  Object.assign(counts, { latest: 0 })
  await clock.advance(15_000)
  expect(asked).toEqual([300])
  expect(counts.latest).toBe(0)
  for (const { reader } of readers) expect(reader.heard.match(/event: mark\n/g)).toHaveLength(1)
  moved = 'n7'
  await clock.advance(15_000)
  expect(counts.latest).toBe(1)
  for (const { reader } of readers) expect(reader.heard.match(/event: mark\n/g)).toHaveLength(2)
  await end()
})

test('while nothing changes the store is asked the same question, and is not once something did', async () => {
  const asked: (readonly StandingQuery[])[] = []
  const { clock, join, publish, end } = open({
    async standing(queries) {
      asked.push(queries)
      return new Set(queries.map(({ namespace }) => namespace))
    },
  })
  for (const name of ['a', 'b']) await publish(name)
  const joining = Promise.all([join(['a']), join(['b'])])
  await clock.advance(2_000)
  await joining
  await clock.advance(30_000)
  await publish('b', { size: 2 })
  await clock.advance(30_000)
  const [first, second, third, fourth] = asked
  expect(asked).toHaveLength(4)
  expect(second).toBe(first)
  expect(third).not.toBe(first)
  expect(third!.map(({ namespace, position }) => [namespace, position.sequence])).toEqual([
    ['a', 1],
    ['b', 2],
  ])
  expect(fourth).toBe(third)
  await end()
})

test('what stands is marked as of the question, with one time for all of it', async () => {
  const askedAtMs: number[] = []
  const scene = open({
    async standing(queries) {
      askedAtMs.push(scene.clock.now())
      await scene.clock.sleep(100, new AbortController().signal)
      return new Set(queries.map(({ namespace }) => namespace))
    },
  })
  const names = Array.from({ length: 20 }, (_, name) => `n${name}`)
  for (const name of names) await scene.publish(name)
  const joining = Promise.all(names.map(name => scene.join([name])))
  await scene.clock.advance(1_000)
  const readers = await joining
  await scene.clock.advance(15_000)
  const times = readers.map(({ reader }) => /"asOf":"([^"]+)"/.exec(reader.heard)?.[1])
  const [asked = 0] = askedAtMs
  expect(times).toEqual(names.map(() => new Date(asked).toISOString()))
  await scene.end()
})

test('a store that cannot say what stands is looked at, one namespace after the other', async () => {
  const { clock, counts, join, publish, end } = open({
    standing: () => Promise.reject(new Error('the disk failed')),
  })
  await publish('shop')
  const joining = join(['shop'])
  await clock.advance(2_000)
  const { reader } = await joining
  Object.assign(counts, { latest: 0 })
  await clock.advance(15_000)
  expect(counts.latest).toBe(1)
  expect(reader.heard).toContain('event: mark\n')
  await end()
})
