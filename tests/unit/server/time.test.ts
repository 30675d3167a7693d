import { describe, expect, onTestFinished, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { Delivery, Store, Transport, WatchTransport } from '../../../src/contracts/transport.js'
import { decodeMark, encodeMark } from '../../../src/core/release/mark.js'
import { releaseDigest } from '../../../src/core/release/release.js'
import { encodeText } from '../../../src/core/json/text.js'
import { systemHasher } from '../../../src/system/system.js'
import { createHandler, type HandlerOptions } from '../../../src/server/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { http } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { EPOCH, NAMESPACE, never, publish, TOKEN, type Published } from '../../support/server-fixtures.js'
import { openReader } from '../../support/stream-reader.js'

/** A handler in virtual time, and readers of its stream. */
function setUp(source: Transport | Store, options: HandlerOptions = {}) {
  const clock = virtualClock({ turns: 20 })
  const handler = createHandler(source, { system: { clock, random: seededRandom(1) }, ...options })
  onTestFinished(async () => {
    const closed = handler.close({ drainMs: 0, graceMs: 1 })
    await clock.advance(10)
    await closed
  })
  return {
    clock,
    handler,
    read: (query: string, take = true) => openReader(handler.fetch, clock, query, take),
  }
}

/** The same store without its notifications. */
function deaf(store: Store): Store {
  const { watch: _watch, ...rest } = store as Store & WatchTransport
  return rest
}

describe('heartbeats', () => {
  test('bring a mark for each namespace that has a release, made from what the store says now', async () => {
    const store = memory()
    const { bytes } = await publish(store, { pool: 10 })
    const { clock, read } = setUp(store)
    const reader = read(`ns=${NAMESPACE}&ns=empty`)
    await clock.advance(7_999)
    expect(reader.of('mark')).toEqual([])
    await clock.advance(1)
    await clock.advance(8_000)
    const marks = reader
      .of('mark')
      .map(([namespace, text]) => [namespace, decodeMark(encodeText(text ?? ''))])
    expect(marks).toEqual(
      [0, 1].map(beat => [
        NAMESPACE,
        {
          v: 1,
          namespace: NAMESPACE,
          epoch: EPOCH,
          sequence: 1,
          digest: releaseDigest(systemHasher, bytes),
          asOf: `2026-01-01T00:00:${beat === 0 ? '08' : '16'}.000Z`,
          validUntil: `2026-01-01T00:00:${beat === 0 ? '28' : '36'}.000Z`,
        },
      ]),
    )
    expect(reader.of('alive')).toHaveLength(1)
  })

  test('say alive where there is no mark', async () => {
    const { clock, read } = setUp(memory(), { heartbeatMs: 1_000 })
    const reader = read('ns=empty')
    await clock.advance(5_000)
    expect(reader.events.map(({ name, atMs }) => [name, atMs])).toEqual(
      [0, 1, 2, 3, 4, 5].map(second => ['alive', second * 1_000]),
    )
  })

  test('a store that does not answer is marked by nobody, and readers hear that the server lives', async () => {
    const store = memory()
    await publish(store, { pool: 10 })
    let fails = false
    const source: Store = {
      ...deaf(store),
      latest: async (query, signal) => {
        if (fails) throw new NoticeboardError('unavailable', 'gone')
        return store.latest(query, signal)
      },
    }
    const { clock, read } = setUp(source)
    const reader = read(`ns=${NAMESPACE}`)
    await clock.advance(8_000)
    expect(reader.of('mark')).toHaveLength(1)
    fails = true
    await clock.advance(16_000)
    expect([reader.of('mark').length, reader.of('alive').length]).toEqual([1, 3])
    fails = false
    await clock.advance(8_000)
    expect(reader.of('mark')).toHaveLength(2)
  })

  test('a store that hangs does not hold the signs of life up', async () => {
    const store = memory()
    await publish(store, { pool: 10 })
    let hangs = false
    const source: Store = {
      ...deaf(store),
      latest: (query, signal) => (hangs ? new Promise(() => {}) : store.latest(query, signal)),
    }
    const { clock, read } = setUp(source)
    const reader = read(`ns=${NAMESPACE}`)
    await clock.advance(1_000)
    hangs = true
    await clock.advance(45_000)
    expect(reader.of('alive').length).toBeGreaterThanOrEqual(3)
  })

  test('one timer serves all connections, and there is none without them', async () => {
    const { clock, read } = setUp(memory())
    const readers = Array.from({ length: 50 }, () => read('ns=empty'))
    await clock.advance(20_000)
    expect(clock.pending).toBe(1)
    for (const reader of readers) reader.stop()
    await clock.advance(1)
    expect(clock.pending).toBe(0)
  })
})

describe('following the store', () => {
  test('a store with notifications is seen at once', async () => {
    const store = memory()
    const { clock, read } = setUp(store)
    const reader = read(`ns=${NAMESPACE}`)
    await clock.advance(1_000)
    await publish(store, { pool: 10 })
    await clock.advance(0)
    expect(reader.of('release')).toHaveLength(1)
  })

  test('a store without them is asked once a second', async () => {
    const store = memory()
    const { clock, read } = setUp(deaf(store))
    const reader = read(`ns=${NAMESPACE}`)
    await clock.advance(10)
    await publish(store, { pool: 10 })
    await clock.advance(1_000)
    expect(reader.of('release')).toHaveLength(1)
  })

  test('a watch that says nothing is found out by the next heartbeat', async () => {
    const store = memory()
    const silent: Store & WatchTransport = {
      ...store,
      // oxlint-disable-next-line require-yield -- it is silent
      async *watch(_query, signal) {
        await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
      },
    }
    const { clock, read } = setUp(silent)
    const reader = read(`ns=${NAMESPACE}`)
    await clock.advance(1_000)
    await publish(store, { pool: 10 })
    await clock.advance(14_000)
    expect(reader.of('release')).toHaveLength(1)
  })

  test('a watch that breaks is opened again, with a pause that grows', async () => {
    const store = memory()
    let opened = 0
    const breaking: Store & WatchTransport = {
      ...store,
      async *watch() {
        opened += 1
        yield { type: 'alive' }
        throw new NoticeboardError('unavailable', 'gone')
      },
    }
    const { clock, read } = setUp(breaking)
    const reader = read(`ns=${NAMESPACE}`)
    await clock.advance(60_000)
    expect(opened).toBeGreaterThan(3)
    expect(opened).toBeLessThan(40)
    await publish(store, { pool: 10 })
    await clock.advance(31_000)
    expect(reader.of('release')).toHaveLength(1)
  })

  test('a watch that turns out not to be there is replaced by asking', async () => {
    const store = memory()
    const { clock, read } = setUp({
      ...store,
      // oxlint-disable-next-line require-yield -- it refuses before it could
      async *watch() {
        throw new NoticeboardError('no-watch', 'none here')
      },
    } as Store & WatchTransport)
    const reader = read(`ns=${NAMESPACE}`)
    await clock.advance(1_000)
    await publish(store, { pool: 10 })
    await clock.advance(1_000)
    expect(reader.of('release')).toHaveLength(1)
  })

  test('a watch that was not there is tried again, so that a page of a proxy does not end it for good', async () => {
    const store = memory()
    let absent = true
    let watches = 0
    let asked = 0
    const { clock, read } = setUp({
      ...store,
      async latest(query, signal) {
        asked += 1
        return store.latest(query, signal)
      },
      async *watch(query, signal) {
        watches += 1
        if (absent) throw new NoticeboardError('no-watch', 'none here')
        yield* store.watch(query, signal)
      },
    } as Store & WatchTransport)
    const reader = read(`ns=${NAMESPACE}`)
    await clock.advance(100_000)
    // Once in a while only.
    expect(watches).toBe(2)
    absent = false
    await clock.advance(100_000)
    expect(watches).toBe(3)
    const before = asked
    await publish(store, { pool: 10 })
    await clock.advance(0)
    expect(reader.of('release')).toHaveLength(1)
    expect(asked).toBe(before)
  })

  test('never goes back: an older answer that comes late changes nothing', async () => {
    const store = memory()
    const first = await publish(store, { pool: 10 })
    let answer = (): void => {}
    let holds = false
    const source: Store & WatchTransport = {
      ...store,
      async latest(query, signal) {
        if (!holds) return store.latest(query, signal)
        holds = false
        await new Promise<void>(resolve => (answer = resolve))
        return { type: 'release', bytes: first.bytes }
      },
    }
    const { clock, handler, read } = setUp(source)
    const reader = read(`ns=${NAMESPACE}`)
    await clock.advance(7_000)
    // The question of a heartbeat is on its way while a release is appended, and answered long
    // after.
    holds = true
    await clock.advance(1_000)
    await publish(store, { pool: 20 })
    await clock.advance(5_000)
    answer()
    await clock.advance(5_000)
    expect(reader.of('release')).toHaveLength(2)
    expect(reader.of('release')[1]?.[1]).toContain('"sequence":2')
    const pointer = await handler.fetch(new Request(`http://board.test/v1/${NAMESPACE}/release.json`))
    expect(await pointer.text()).toContain('"sequence":2')
  })

  test('nobody follows what nobody listens to', async () => {
    const store = memory()
    let watching = 0
    const counted: Store & WatchTransport = {
      ...store,
      async *watch(query, signal) {
        watching += 1
        try {
          yield* store.watch(query, signal)
        } finally {
          watching -= 1
        }
      },
    }
    const { clock, read } = setUp(counted)
    const [one, two] = [read(`ns=${NAMESPACE}`), read(`ns=${NAMESPACE}`)]
    await clock.advance(10)
    expect(watching).toBe(1)
    one.stop()
    await clock.advance(10)
    expect(watching).toBe(1)
    two.stop()
    await clock.advance(10)
    expect([watching, clock.pending]).toEqual([0, 0])
  })
})

describe('a pointer that is asked for', () => {
  test('comes from memory for a second, and then from the store', async () => {
    const store = memory()
    await publish(store, { pool: 10 })
    let asked = 0
    const source: Store = {
      ...store,
      latest: (query, signal) => {
        asked += 1
        return store.latest(query, signal)
      },
    }
    const { clock, handler } = setUp(source)
    const sequence = async (): Promise<number> => {
      const response = await handler.fetch(new Request(`http://board.test/v1/${NAMESPACE}/release.json`))
      return ((await response.json()) as { release: { sequence: number } }).release.sequence
    }
    for (let count = 0; count < 10; count += 1) expect(await sequence()).toBe(1)
    expect(asked).toBe(1)
    await publish(store, { pool: 20 })
    const askedBefore = asked
    await clock.advance(1_000)
    expect(await sequence()).toBe(2)
    expect(asked - askedBefore).toBe(1)
  })

  test('what is not there is looked for each time, and remembered by nobody', async () => {
    const { handler } = setUp(memory())
    for (let count = 0; count < 20_000; count += 1) {
      const response = await handler.fetch(new Request(`http://board.test/v1/n${count}/release.json`))
      if (response.status !== 404) throw new Error('found')
    }
  })
})

describe('connections', () => {
  test('are sent away after half an hour, give or take a fifth, to come back soon', async () => {
    const { clock, read } = setUp(memory())
    const readers = Array.from({ length: 40 }, () => read('ns=empty'))
    await clock.advance(24 * 60_000 - 1)
    expect(readers.filter(({ ended }) => ended() !== undefined)).toHaveLength(0)
    await clock.advance(6 * 60_000)
    const gone = readers.filter(({ ended }) => ended() !== undefined).length
    expect(gone).toBeGreaterThan(5)
    expect(gone).toBeLessThan(35)
    await clock.advance(6 * 60_000 + 15_001)
    expect(readers.every(({ ended }) => ended() === 'ended')).toBe(true)
    const delays = readers.map(
      ({ events }) => (JSON.parse(events.at(-1)?.data[0] ?? '{}') as { delayMs: number }).delayMs,
    )
    expect(Math.max(...delays)).toBeLessThanOrEqual(2_000)
    expect(new Set(delays).size).toBeGreaterThan(30)
  })

  test('that take nothing for 2.5 heartbeats are ended', async () => {
    const store = memory()
    const { clock, handler, read } = setUp(store)
    read(`ns=${NAMESPACE}&inline=1&client=a`, false)
    await clock.advance(0)
    await publish(store, 'x'.repeat(100_000))
    await clock.advance(0)
    await publish(store, 'y'.repeat(100_000))
    await clock.advance(19_000)
    expect(handler.connections).toBe(1)
    await clock.advance(30_000)
    expect(handler.connections).toBe(0)
  })
})

describe('a relay', () => {
  /** An origin, and a relay that reads from it over its fetch. */
  function relayed(options: HandlerOptions = {}) {
    const store = memory()
    const clock = virtualClock({ turns: 30 })
    const origin = createHandler(store, {
      system: { clock, random: seededRandom(1) },
      write: { token: TOKEN },
    })
    let cut = false
    let requests = 0
    const upstream = http('http://origin.test', {
      system: { clock },
      fetch: async (url, init) => {
        requests += 1
        if (cut) throw new TypeError('fetch failed')
        return origin.fetch(new Request(url, init))
      },
    })
    const relay = createHandler(upstream, { system: { clock, random: seededRandom(2) }, ...options })
    onTestFinished(async () => {
      const closed = Promise.all([
        relay.close({ drainMs: 0, graceMs: 1 }),
        origin.close({ drainMs: 0, graceMs: 1 }),
      ])
      await clock.advance(10)
      await closed
    })
    return {
      store,
      clock,
      relay,
      requests: () => requests,
      read: (query: string) => openReader(relay.fetch, clock, query, true),
      cut: (state: boolean) => (cut = state),
    }
  }

  test('passes releases, snapshots and the marks of the origin on, byte by byte, and makes none', async () => {
    const { store, clock, read } = relayed()
    const { bytes, digest } = await publish(store, { pool: 10 })
    const reader = read(`ns=${NAMESPACE}&inline=1&client=a`)
    await clock.advance(1_000)
    expect(reader.of('release')).toEqual([
      [NAMESPACE, new TextDecoder().decode(bytes), `${digest} {"pool":10}`],
    ])
    await clock.advance(30_000)
    const times = reader.of('mark').map(([, text]) => decodeMark(encodeText(text ?? '')).asOf)
    expect(times).toEqual(['08', '16', '24'].map(second => `2026-01-01T00:00:${second}.000Z`))
    await publish(store, { pool: 20 })
    await clock.advance(100)
    expect(reader.of('release')).toHaveLength(2)
  })

  test('that hears nothing from its origin says that it lives, and marks nothing', async () => {
    const upstream: WatchTransport = {
      name: 'upstream',
      latest: async () => ({ type: 'none' }),
      snapshot: async () => {
        throw new NoticeboardError('not-found', 'none')
      },
      async *watch(_query, signal): AsyncIterable<Delivery> {
        yield { type: 'alive' }
        await new Promise<void>(resolve => signal.addEventListener('abort', () => resolve(), { once: true }))
      },
    }
    const { clock, read } = setUp(upstream)
    const reader = read(`ns=${NAMESPACE}`)
    await clock.advance(32_000)
    expect(reader.events.map(({ name }) => name)).toEqual(['alive', 'alive', 'alive', 'alive', 'alive'])
  })

  test('holds one connection to its origin for all its readers and namespaces, and asks nothing beside it', async () => {
    const { store, clock, read, relay, requests } = relayed()
    for (const name of ['a', 'b', 'c']) await publish(store, { name }, name)
    for (let count = 0; count < 30; count += 1) read(`ns=${['a', 'b', 'c'][count % 3]}`)
    await clock.advance(5_000)
    const before = requests()
    expect(before).toBeLessThan(12)
    await clock.advance(100_000)
    for (const name of ['a', 'b', 'c'])
      expect((await relay.fetch(new Request(`http://relay.test/v1/${name}/release.json`))).status).toBe(200)
    expect(requests()).toBe(before)
  })

  test('that lost its origin finds back to it, and its readers get what they missed', async () => {
    const { store, clock, read, cut } = relayed()
    await publish(store, { pool: 10 })
    const reader = read(`ns=${NAMESPACE}`)
    await clock.advance(1_000)
    cut(true)
    await clock.advance(24 * 60_000 + 12 * 60_000)
    cut(false)
    await publish(store, { pool: 20 })
    await clock.advance(120_000)
    const last = reader.of('release').at(-1)?.[1] ?? ''
    expect(reader.ended() === undefined ? last : 'sent away').toMatch(/"sequence":2|sent away/)
  })

  test('over a bare transport takes no writes, and says so at once', () => {
    const { append: _append, ...bare } = memory()
    expect(() => createHandler(bare as Transport, { write: { token: TOKEN } })).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    )
  })

  test('passes the log on', async () => {
    const { store, relay } = relayed()
    const first = await publish(store, { pool: 10 })
    await publish(store, { pool: 20 })
    await publish(store, { pool: 30 })
    const read = async (sequence: number) =>
      (
        await relay.fetch(new Request(`http://relay.test/v1/${NAMESPACE}/releases/${EPOCH}/${sequence}.json`))
      ).text()
    expect(await read(2)).toContain('"sequence":2')
    expect(first.release.sequence).toBe(1)
  })
})

/** A mark of a first release, as old as can be. */
function markOf({ bytes }: Published): Uint8Array {
  const asOf = '2026-01-01T00:00:00.000Z'
  return encodeMark({
    v: 1,
    namespace: NAMESPACE,
    epoch: EPOCH,
    sequence: 1,
    digest: releaseDigest(systemHasher, bytes),
    asOf,
    validUntil: asOf,
  })
}

test('a mark whose release was overtaken is not sent to those who got the newer one', async () => {
  const store = memory()
  const first = await publish(store, { pool: 10 })
  let say: (delivery: Delivery) => void = () => {}
  const { append: _append, ...rest } = store
  const upstream: WatchTransport = {
    ...rest,
    async *watch(_query, signal): AsyncIterable<Delivery> {
      const queue: Delivery[] = [{ type: 'release', namespace: NAMESPACE, bytes: first.bytes }]
      let wake = (): void => {}
      say = delivery => {
        queue.push(delivery)
        wake()
      }
      signal.addEventListener('abort', () => wake(), { once: true })
      while (!signal.aborted) {
        const next = queue.shift()
        if (next === undefined) await new Promise<void>(resolve => (wake = resolve))
        else yield next
      }
    },
  }
  const { clock, read } = setUp(upstream)
  const reader = read(`ns=${NAMESPACE}`)
  await clock.advance(100)
  const mark = markOf(first)
  say({ type: 'mark', namespace: NAMESPACE, bytes: mark })
  await clock.advance(0)
  expect(reader.of('mark')).toEqual([[NAMESPACE, new TextDecoder().decode(mark)]])
  const late = read(`ns=${NAMESPACE}`)
  await clock.advance(0)
  expect(late.of('mark')).toHaveLength(1)
  const second = await publish(store, { pool: 20 })
  say({ type: 'release', namespace: NAMESPACE, bytes: second.bytes })
  await clock.advance(0)
  const later = read(`ns=${NAMESPACE}`)
  await clock.advance(0)
  expect([later.of('release').length, later.of('mark').length]).toEqual([1, 0])
  expect(never.aborted).toBe(false)
})

test('a relay that lost its origin gives nobody a mark from before: those are a proof whatever their time', async () => {
  const store = memory()
  const first = await publish(store, { pool: 10 })
  const mark = markOf(first)
  let cut: (error: Error) => void = () => {}
  const { append: _append, ...rest } = store
  const upstream: WatchTransport = {
    ...rest,
    async *watch(): AsyncIterable<Delivery> {
      yield { type: 'release', namespace: NAMESPACE, bytes: first.bytes }
      yield { type: 'mark', namespace: NAMESPACE, bytes: mark }
      await new Promise((_, reject) => (cut = reject))
    },
  }
  const { clock, read } = setUp(upstream)
  const reader = read(`ns=${NAMESPACE}`)
  await clock.advance(100)
  expect(reader.of('mark')).toHaveLength(1)
  cut(new NoticeboardError('unavailable', 'gone'))
  await clock.advance(10)
  const late = read(`ns=${NAMESPACE}`)
  await clock.advance(1)
  expect([late.of('release').length, late.of('mark').length]).toEqual([1, 0])
})

test('a store that listens to every signal it is given never sees eleven listeners on one', async () => {
  const store = memory()
  const seen = new Map<AbortSignal, number>()
  const count = (signal: AbortSignal): void => void seen.set(signal, (seen.get(signal) ?? 0) + 1)
  const source: Store = {
    ...store,
    latest: async (query, signal) => {
      count(signal)
      return store.latest(query, signal)
    },
    snapshot: async (query, signal) => {
      count(signal)
      return store.snapshot(query, signal)
    },
  }
  const { clock, handler, read } = setUp(source)
  const names = Array.from({ length: 60 }, (_, index) => `n${index}`)
  const digests = await Promise.all(names.map(async name => (await publish(store, { name }, name)).digest))
  read(names.map(name => `ns=${name}`).join('&'))
  await clock.advance(60_000)
  await Promise.all(
    names.map((name, index) =>
      handler.fetch(new Request(`http://board.test/v1/${name}/snapshots/${digests[index]}.json`)),
    ),
  )
  expect(Math.max(...seen.values())).toBe(1)
})
