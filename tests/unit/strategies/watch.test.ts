import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { Strategy } from '../../../src/contracts/strategy.js'
import type { Delivery, NoticeTransport, WatchTransport } from '../../../src/contracts/transport.js'
import { defaultPeriods, hybrid, phaseOf, push, type WatchOptions } from '../../../src/strategies/index.js'
import { encodeMark } from '../../../src/core/release/mark.js'
import { decodeRelease } from '../../../src/core/release/release.js'
import { memory, type MemoryStore } from '../../../src/transports/memory.js'
import {
  down,
  epoch,
  faulty,
  namespace,
  publish,
  releaseOf,
  run,
  sessionOf,
  setUp,
} from '../../support/session.js'

const both: readonly (readonly [string, (transport: WatchTransport, options?: WatchOptions) => Strategy])[] =
  [
    ['push', push],
    ['hybrid', hybrid],
  ]
const noWatch = (): NoticeboardError => new NoticeboardError('no-watch', 'no notifications here')
const { heartbeatMs } = defaultPeriods

describe.each(both)('%s', (name, make) => {
  test('brings the current release at once, and each change as it happens', async () => {
    const { clock, store, transport } = await setUp({ heartbeatMs })
    const client = run(make(transport), { clock })
    await clock.advance(0)
    expect(client.sequences()).toEqual([1])
    await publish(store, 2)
    await clock.advance(0)
    expect(client.sequences()).toEqual([1, 2])
    await client.stop()
    expect(clock.pending).toBe(0)
  })

  test('brings the newest of a burst, never an older one after it', async () => {
    const { clock, store, transport } = await setUp({ heartbeatMs })
    const client = run(make(transport), { clock })
    await clock.advance(0)
    for (let sequence = 2; sequence <= 30; sequence += 1) await publish(store, sequence)
    await clock.advance(0)
    await client.stop()
    const sequences = client.sequences()
    expect(sequences.at(-1)).toBe(30)
    expect([...sequences].sort((a, b) => a - b)).toEqual(sequences)
  })

  test('notices a stream that dies silently within two and a half heartbeats', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 600_000 }),
        fc.integer({ min: 200, max: 60_000 }),
        async (diesAtMs, beatMs) => {
          const { clock, store, transport, freeze, calls } = await setUp({ heartbeatMs: beatMs })
          const client = run(make(transport), { clock })
          await clock.advance(diesAtMs)
          freeze()
          await clock.advance(2.5 * beatMs + 1)
          expect(client.errors()).toEqual(['timeout'])
          await clock.advance(501)
          await publish(store, 2)
          await clock.advance(0)
          expect(client.seen()?.sequence).toBe(2)
          expect(calls.filter(({ what }) => what === 'watch')).toHaveLength(2)
          await client.stop()
          expect(clock.pending).toBe(0)
        },
      ),
      { numRuns: 20 },
    )
  })

  test('does not take a stream for dead that keeps its heartbeat', async () => {
    const { clock, transport, calls } = await setUp({ heartbeatMs })
    const client = run(make(transport, { maxConnectionAgeMs: 1e9 }), { clock })
    await clock.advance(3_600_000)
    expect(client.errors()).toEqual([])
    expect(calls.filter(({ what }) => what === 'watch')).toHaveLength(1)
    await client.stop()
  })

  test('believes the heartbeat that the server tells, and says how long a proof lasts then', async () => {
    const { clock, transport, calls } = await setUp({ heartbeatMs: 100_000 })
    const strategy = make(transport, { maxConnectionAgeMs: 1e9 })
    const client = run(strategy, { clock })
    await clock.advance(1_000_000)
    expect(client.errors()).toEqual([])
    expect(calls.filter(({ what }) => what === 'watch')).toHaveLength(1)
    expect(strategy.freshMs).toBe(250_000)
    await client.stop()
  })

  test('asks once a heartbeat where no marks come', async () => {
    const { clock, transport, calls } = await setUp()
    const client = run(make(transport, { sweepIntervalMs: 1e9, maxConnectionAgeMs: 1e9 }), { clock })
    await clock.advance(40 * heartbeatMs)
    await client.stop()
    const asked = calls.filter(({ what }) => what === 'latest').length
    expect(asked).toBeGreaterThanOrEqual(36)
    expect(asked).toBeLessThanOrEqual(44)
  })

  test('does not ask while marks come, and asks when one is missing', async () => {
    const { clock, store, calls } = await setUp()
    let silent = false
    const wrapped = faulty(store, clock)
    const marked: WatchTransport = {
      ...wrapped.transport,
      async *watch(_query, signal) {
        yield { type: 'release', namespace, bytes: releaseOf(1).bytes }
        while (!signal.aborted) {
          await clock.sleep(heartbeatMs, signal)
          if (!silent) yield { type: 'mark', namespace, bytes: markBytes }
        }
      },
    }
    const client = run(make(marked, { sweepIntervalMs: 1e9, maxConnectionAgeMs: 1e9 }), { clock })
    await clock.advance(1_000_000)
    // One before the first mark at the most.
    expect(wrapped.calls.length).toBeLessThanOrEqual(1)
    expect(client.log.filter(({ arrival }) => arrival.type === 'mark').length).toBeGreaterThan(60)
    silent = true
    wrapped.calls.length = 0
    await clock.advance(1.5 * heartbeatMs * 1.1)
    expect(wrapped.calls.length).toBeGreaterThan(0)
    await client.stop()
    expect(calls).toHaveLength(0)
  })

  test('brings a change over a stream that died unnoticed within what it states', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 200, max: 60_000 }),
        fc.integer({ min: 1, max: 1_000 }),
        async (beatMs, seed) => {
          const { clock, store } = await setUp()
          let isDead = false
          const marked: WatchTransport = {
            ...store,
            async *watch(_query, signal) {
              yield { type: 'alive', heartbeatMs: beatMs }
              yield { type: 'release', namespace, bytes: releaseOf(1).bytes }
              while (!signal.aborted) {
                yield { type: 'mark', namespace, bytes: markBytes }
                do await clock.sleep(beatMs, signal)
                while (isDead && !signal.aborted)
              }
            },
          }
          const strategy = make(marked, { sweepIntervalMs: 1e9, maxConnectionAgeMs: 1e9 })
          const client = run(strategy, { clock, seed })
          await clock.advance(5 * beatMs)
          isDead = true
          await publish(store, 2)
          expect(strategy.stream?.heartbeatMs).toBe(beatMs)
          expect(strategy.stream?.deadStreamMs).toBeCloseTo(1.65 * beatMs)
          await clock.advance(1.35 * beatMs - 2)
          expect(client.seen()?.sequence).toBe(1)
          await clock.advance(0.3 * beatMs + 2)
          expect(client.seen()?.sequence).toBe(2)
          await client.stop()
        },
      ),
      { numRuns: 20 },
    )
  })

  test('notices a stream without signs of life by what it does not bring', async () => {
    const { clock, store, transport, faults, calls } = await setUp()
    const client = run(make(transport), { clock })
    await clock.advance(60_000)
    faults.dead = true
    await publish(store, 2)
    await clock.advance(heartbeatMs * 1.1)
    expect(client.seen()?.sequence).toBe(2)
    faults.dead = false
    await clock.advance(heartbeatMs * 1.1 + 501)
    expect(client.errors()).toEqual(['timeout'])
    expect(calls.filter(({ what }) => what === 'watch')).toHaveLength(2)
    await client.stop()
  })

  test('takes the clean end of a stream for a failure: connects ever more slowly', async () => {
    const { clock, transport, faults, calls } = await setUp({ heartbeatMs })
    faults.hangUp = true
    const client = run(make(transport), { clock })
    await clock.advance(600_000)
    await client.stop()
    const connects = calls.filter(({ what }) => what === 'watch').length
    expect(connects).toBeGreaterThan(20)
    expect(connects).toBeLessThan(80)
    expect(client.errors().every(code => code === 'unavailable')).toBe(true)
    expect(clock.pending).toBe(0)
  })

  test('still asks while streams begin and break without bringing anything', async () => {
    const { clock, store, transport } = await setUp()
    const broken: WatchTransport = {
      ...transport,
      async *watch(): AsyncGenerator<Delivery> {
        yield { type: 'alive', heartbeatMs }
      },
    }
    // A client whose place in the interval lies later than any delay between two streams.
    const clientId = ['a', 'b', 'c', 'd', 'e', 'f'].find(id => phaseOf(`${namespace} ${id}`, 30_000) > 6_000)!
    const client = run(make(broken, { backoff: { capMs: 5_000 } }), { clock, clientId })
    await clock.advance(2_000)
    expect(client.seen()?.sequence).toBe(1)
    await publish(store, 2)
    await clock.advance(100_000)
    expect(client.seen()?.sequence).toBe(2)
    await client.stop()
  })

  test('says once that streams always break after the same time, and what to change', async () => {
    const { clock, transport } = await setUp({ heartbeatMs })
    const cut: WatchTransport = {
      ...transport,
      // A proxy that closes what was silent for 5 s.
      async *watch(_query, signal): AsyncGenerator<Delivery> {
        yield { type: 'alive', heartbeatMs }
        await clock.sleep(5_000, signal)
        throw new NoticeboardError('unavailable', 'the event stream ended in the middle')
      },
    }
    const client = run(make(cut), { clock })
    await clock.advance(3_600_000)
    await client.stop()
    const told = client.messages().filter(message => message.includes('always'))
    expect(told).toEqual([expect.stringMatching(/always after 5 s .* heartbeat of 8 s .*proxy_read_timeout/)])
  })

  test('says in full once that something gathers its streams, where polls are answered, and names it from then on', async () => {
    for (const answers of [true, false]) {
      const { clock, transport, faults } = await setUp({ heartbeatMs })
      faults.mute = true
      if (!answers) faults.latest = down()
      const client = run(make(transport), { clock })
      await clock.advance(600_000)
      await client.stop()
      const named = client.messages().filter(message => message.includes('proxy_buffering'))
      const inFull = named.filter(message => message.includes('although the transport answers'))
      expect(inFull).toHaveLength(answers ? 1 : 0)
      expect(named.length > 1).toBe(answers)
    }
  })

  test('gives a stream ten seconds for its first frame', async () => {
    const { clock, transport, faults, open } = await setUp({ heartbeatMs })
    faults.mute = true
    const client = run(make(transport), { clock })
    await clock.advance(9_999)
    expect(client.errors()).toEqual([])
    await clock.advance(1)
    expect(client.errors()).toEqual(['timeout'])
    // Nothing was heard yet, so the transport is asked instead.
    expect(client.sequences()).toEqual([1])
    expect(open()).toBe(0)
    faults.mute = false
    await clock.advance(501)
    expect(open()).toBe(1)
    await client.stop()
    expect(open()).toBe(0)
  })

  test('polls while no stream is live', async () => {
    const { clock, store, transport, faults, cut } = await setUp({ heartbeatMs })
    const client = run(make(transport), { clock })
    await clock.advance(10_000)
    faults.watch = down()
    cut()
    await publish(store, 2)
    await clock.advance(30_001)
    expect(client.seen()?.sequence).toBe(2)
    for (const sequence of [3, 4, 5]) {
      await publish(store, sequence)
      await clock.advance(33_001)
      expect(client.seen()?.sequence).toBe(sequence)
    }
    faults.watch = undefined
    await clock.advance(30_001)
    await publish(store, 6)
    await clock.advance(0)
    expect(client.seen()?.sequence).toBe(6)
    await client.stop()
  })

  test('polls over a transport that turns out not to notify, says so once, and tries again with each sweep', async () => {
    const { clock, store, transport, faults, calls } = await setUp()
    faults.watch = noWatch()
    const client = run(make(transport), { clock })
    await clock.advance(0)
    expect(client.sequences()).toEqual([1])
    await publish(store, 2)
    await clock.advance(30_001)
    expect(client.seen()?.sequence).toBe(2)
    await clock.advance(3_600_000)
    expect(client.errors()).toEqual(['no-watch'])
    const connects = calls.filter(({ what }) => what === 'watch').length
    expect(connects).toBeGreaterThanOrEqual(11)
    expect(connects).toBeLessThanOrEqual(16)
    faults.watch = undefined
    await clock.advance(360_000)
    await publish(store, 3)
    await clock.advance(0)
    expect(client.seen()?.sequence).toBe(3)
    await client.stop()
    expect(clock.pending).toBe(0)
  })

  test('sweeps although all is well', async () => {
    const { clock, transport, calls } = await setUp({ heartbeatMs })
    const client = run(make(transport), { clock })
    await clock.advance(3_600_000)
    await client.stop()
    const bare = calls.filter(({ what, tag }) => what === 'latest' && tag === undefined).length
    expect(bare).toBeGreaterThanOrEqual(10)
    expect(bare).toBeLessThanOrEqual(16)
    expect(calls.filter(({ what }) => what === 'next').length).toBeGreaterThanOrEqual(10)
  })

  test('makes up for a sweep that failed as soon as it can', async () => {
    const { clock, transport, faults, calls } = await setUp({ heartbeatMs })
    const client = run(make(transport), { clock })
    await clock.advance(100_000)
    faults.latest = down()
    await clock.advance(300_000)
    faults.latest = undefined
    calls.length = 0
    await clock.advance(30_001)
    expect(calls.some(({ what, tag }) => what === 'latest' && tag === undefined)).toBe(true)
    await client.stop()
  })

  test('finds by its sweep what stream and pointer hide', async () => {
    const { clock, store, transport } = await setUp({ heartbeatMs })
    const blind: WatchTransport = {
      ...transport,
      latest: async () => ({ type: 'release', bytes: releaseOf(1).bytes }),
      async *watch(_query, signal) {
        yield { type: 'release', namespace, bytes: releaseOf(1).bytes }
        while (!signal.aborted) {
          await clock.sleep(heartbeatMs, signal)
          yield { type: 'alive' }
        }
      },
    }
    const strategy = make(blind)
    const client = run(strategy, { clock })
    await clock.advance(1_000)
    for (const sequence of [2, 3]) await publish(store, sequence)
    await clock.advance(strategy.lookMs)
    expect(client.seen()?.sequence).toBe(3)
    await client.stop()
  })

  test('looks at once when the client asks', async () => {
    const { clock, store, transport, faults, calls } = await setUp({ heartbeatMs })
    const client = run(make(transport), { clock })
    await clock.advance(1_000)
    faults.dead = true
    await publish(store, 2)
    const before = calls.length
    client.ask()
    await clock.advance(0)
    expect(client.seen()?.sequence).toBe(2)
    expect(calls[before]).toEqual({ what: 'latest', atMs: 1_000, tag: undefined })
    await client.stop()
  })

  test('renews its stream by age, without calling that a failure', async () => {
    const { clock, transport, calls, open } = await setUp({ heartbeatMs })
    const client = run(make(transport), { clock })
    await clock.advance(4 * 3_600_000)
    const connects = calls.filter(({ what }) => what === 'watch').map(({ atMs }) => atMs)
    expect(connects.length).toBeGreaterThanOrEqual(7)
    for (let index = 1; index < connects.length; index += 1) {
      const age = connects[index]! - connects[index - 1]!
      expect(age >= 1_440_000 && age <= 2_160_001).toBe(true)
    }
    expect(client.errors()).toEqual([])
    expect(open()).toBe(1)
    await client.stop()
    expect(open()).toBe(0)
  })

  test('stays away for as long as the server asked, with streams and questions alike', async () => {
    const { clock, transport, faults, calls, cut } = await setUp({ heartbeatMs })
    const client = run(make(transport), { clock })
    await clock.advance(1_000)
    faults.watch = down(60_000)
    cut()
    await clock.advance(501)
    const before = calls.length
    await clock.advance(59_000)
    expect(calls).toHaveLength(before)
    client.ask()
    await clock.advance(0)
    expect(calls).toHaveLength(before)
    expect(client.errors().length).toBe(3)
    faults.watch = undefined
    await clock.advance(30_000)
    expect(calls.length).toBeGreaterThan(before)
    await client.stop()
  })

  test('opens no stream either while an answer asked to be left alone', async () => {
    const { clock, transport, faults, calls } = await setUp({ heartbeatMs })
    Object.assign(faults, { watch: down(), latest: down(60_000) })
    const client = run(make(transport), { clock })
    await clock.advance(59_000)
    expect(calls).toHaveLength(2)
    await clock.advance(40_000)
    expect(calls.length).toBeGreaterThan(2)
    await client.stop()
  })

  test('holds the newest release only while its client is slow', async () => {
    const { clock, store, transport } = await setUp({ heartbeatMs })
    const controller = new AbortController()
    const arrivals = make(transport)
      .deliver(sessionOf({ clock, signal: controller.signal }))
      [Symbol.asyncIterator]()
    const take = async () => {
      const { value } = await arrivals.next()
      return value?.type === 'release' ? decodeRelease(value.bytes).release.sequence : value?.type
    }
    expect(await take()).toBe(1)
    for (const sequence of [2, 3, 4]) {
      await publish(store, sequence)
      await clock.advance(0)
    }
    expect(await take()).toBe(4)
    controller.abort()
    await arrivals.return?.()
    expect(clock.pending).toBe(0)
  })

  test.each([
    'at the start',
    'while live',
    'before the first frame',
    'in a question',
    'in a backoff',
    'without a watch',
  ])('leaves nothing when it is stopped %s', async when => {
    const { clock, transport, faults, open } = await setUp({ heartbeatMs })
    if (when === 'before the first frame') faults.mute = true
    if (when === 'in a question') Object.assign(faults, { hang: true, watch: noWatch() })
    if (when === 'in a backoff') Object.assign(faults, { watch: down(), latest: down() })
    if (when === 'without a watch') faults.watch = noWatch()
    const client = run(make(transport), { clock })
    if (when !== 'at the start') await clock.advance(40)
    await client.stop()
    expect(clock.pending).toBe(0)
    expect(open()).toBe(0)
  })

  test('hands on how old a release is that its stream remembers, and asks as if that were its last proof', async () => {
    const { clock, transport, calls } = await setUp()
    const joined: WatchTransport = {
      ...transport,
      async *watch(_query, signal) {
        yield { type: 'alive', heartbeatMs }
        yield { type: 'release', namespace, bytes: releaseOf(1).bytes, ageMs: 6_000 }
        await clock.sleep(Number.POSITIVE_INFINITY, signal)
      },
    }
    const client = run(make(joined), { clock })
    await clock.advance(0)
    expect(client.log.map(({ arrival }) => arrival)).toMatchObject([{ type: 'release', ageMs: 6_000 }])
    expect(calls).toEqual([])
    // A heartbeat after it was known, give or take a tenth.
    await clock.advance(2_800)
    expect(calls.map(({ what }) => what)).toEqual(['latest'])
    await client.stop()
    expect(clock.pending).toBe(0)
  })

  test('is not held by a stream that ignores its signal', async () => {
    const { clock, transport } = await setUp()
    const deaf: WatchTransport = {
      ...transport,
      watch: () => ({ [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => {}) }) }),
    }
    const client = run(make(deaf), { clock })
    await clock.advance(60_000)
    expect(client.errors().length).toBeGreaterThan(2)
    const stopped = client.stop()
    await clock.advance(1_000)
    await stopped
    expect(clock.pending).toBe(0)
  })

  test('takes whatever a stream throws for a loss, also before it begins', async () => {
    const { clock, transport } = await setUp()
    const rude: WatchTransport = {
      ...transport,
      watch() {
        throw new TypeError('secret=1')
      },
    }
    const client = run(make(rude), { clock })
    await clock.advance(0)
    expect(client.errors()).toEqual(['unavailable'])
    expect(client.sequences()).toEqual([1])
    await client.stop()
    expect(clock.pending).toBe(0)
  })

  test('never has two streams open, whatever happens', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer(),
        fc.array(
          fc.tuple(
            fc.integer({ min: 1, max: 60_000 }),
            fc.constantFrom(
              'down',
              'up',
              'cut',
              'hangUp',
              'mute',
              'dead',
              'absent',
              'publish',
              'ask',
              'hang',
            ),
          ),
          { maxLength: 25 },
        ),
        async (seed, steps) => {
          const { clock, store, transport, faults, cut, open } = await setUp({ heartbeatMs })
          const strategy = make(transport)
          const client = run(strategy, { clock, seed })
          let sequence = 1
          for (const [ms, step] of steps) {
            if (step === 'down') Object.assign(faults, { watch: down(), latest: down() })
            if (step === 'absent') faults.watch = noWatch()
            if (step === 'hangUp' || step === 'mute' || step === 'dead' || step === 'hang')
              faults[step] = true
            if (step === 'up') for (const key of Object.keys(faults)) delete faults[key as 'watch']
            if (step === 'cut') cut()
            if (step === 'ask') client.ask()
            if (step === 'publish') await publish(store, (sequence += 1))
            await clock.advance(ms)
            expect(open()).toBeLessThanOrEqual(1)
          }
          // When faults stop, a client is where it should be within one look and two backoff caps.
          for (const key of Object.keys(faults)) delete faults[key as 'watch']
          await publish(store, sequence + 1)
          await clock.advance(strategy.lookMs + 60_000)
          expect(client.seen()?.sequence).toBe(sequence + 1)
          await client.stop()
          expect(clock.pending).toBe(0)
          expect(open()).toBe(0)
        },
      ),
      { numRuns: 40 },
    )
  })
})

test('push asks for snapshots along with their releases, and hybrid does not', async () => {
  const { clock, transport } = await setUp()
  const pushed = run(push(transport), { clock })
  const noticed = run(hybrid(transport), { clock })
  await clock.advance(0)
  const [first] = pushed.log
  expect(first?.arrival).toMatchObject({
    type: 'release',
    from: transport,
    snapshots: [{ digest: releaseOf(1).digest }],
  })
  expect(noticed.log[0]?.arrival).not.toHaveProperty('snapshots')
  await Promise.all([pushed.stop(), noticed.stop()])
})

test('hybrid over two transports fetches, asks and sweeps at the one, and only listens to the other', async () => {
  const { clock, store, transport, calls } = await setUp()
  const notifier = faulty(store, clock)
  const client = run(hybrid({ notify: notifier.transport, fetch: transport }), { clock })
  await clock.advance(600_000)
  await client.stop()
  expect(new Set(notifier.calls.map(({ what }) => what))).toEqual(new Set(['watch']))
  expect(new Set(calls.map(({ what }) => what))).toEqual(new Set(['latest', 'next']))
  expect(client.log.every(({ arrival }) => arrival.type !== 'release' || arrival.from === transport)).toBe(
    true,
  )
})

describe('hybrid over what only notifies', () => {
  /**
   * Tells what is published while it listens, as far as it is not lost, and knows nothing of
   * before.
   */
  const noticesOf = (store: MemoryStore, isLost: (sequence: number) => boolean = () => false) => {
    let watches = 0
    const notify: NoticeTransport = {
      name: 'notices',
      async *watch(query, signal) {
        watches += 1
        yield { type: 'alive' }
        let listening = false
        for await (const delivery of store.watch(query, signal)) {
          const told = delivery.type === 'release' && listening
          listening = true
          if (told && !isLost(decodeRelease(delivery.bytes).release.sequence)) yield delivery
        }
      },
    }
    return { notify, watches: () => watches }
  }

  test('fetches from the other one what is told, and what was current before it listened', async () => {
    const { clock, store, transport } = await setUp()
    const { notify } = noticesOf(store)
    const client = run(hybrid({ notify, fetch: transport }), { clock })
    await clock.advance(1_001)
    expect(client.sequences()).toEqual([1])
    await clock.advance(30_000)
    await publish(store, 2)
    await clock.advance(0)
    expect(client.seen()?.sequence).toBe(2)
    expect(client.log.every(({ arrival }) => arrival.type !== 'release' || arrival.from === transport)).toBe(
      true,
    )
    await client.stop()
    expect(clock.pending).toBe(0)
  })

  test('blames it for nothing that was published before it listened', async () => {
    const { clock, store, transport } = await setUp()
    const { notify, watches } = noticesOf(store)
    const client = run(hybrid({ notify, fetch: transport }, { maxConnectionAgeMs: 1e9 }), { clock })
    await clock.advance(3_600_000)
    expect([client.errors(), watches()]).toEqual([[], 1])
    await client.stop()
  })

  test('finds what was lost within a heartbeat, and listens anew', async () => {
    const { clock, store, transport } = await setUp()
    const { notify, watches } = noticesOf(store, sequence => sequence % 2 === 0)
    const client = run(hybrid({ notify, fetch: transport }), { clock })
    for (let sequence = 2; sequence <= 9; sequence += 1) {
      await clock.advance(60_000)
      await publish(store, sequence)
      await clock.advance(sequence % 2 === 0 ? heartbeatMs * 1.1 : 0)
      expect(client.seen()?.sequence).toBe(sequence)
    }
    expect(client.errors()).toEqual(['timeout', 'timeout', 'timeout', 'timeout'])
    expect(watches()).toBe(5)
    await client.stop()
  })
})

test('a Retry-After of the notifying transport does not keep a client from the other one', async () => {
  const { clock, store, transport } = await setUp()
  const notifier = faulty(store, clock)
  notifier.faults.watch = down(600_000)
  const client = run(hybrid({ notify: notifier.transport, fetch: transport }), { clock })
  await clock.advance(0)
  expect(client.sequences()).toEqual([1])
  await publish(store, 2)
  await clock.advance(33_000)
  expect(client.seen()?.sequence).toBe(2)
  expect(notifier.calls).toHaveLength(1)
  await client.stop()
})

test('a stream without anything published says so soon', async () => {
  const { clock } = await setUp()
  const client = run(hybrid(memory({ system: { clock }, heartbeatMs })), { clock })
  await clock.advance(1_001)
  expect(client.log.map(({ arrival }) => arrival.type)).toEqual(['none'])
  await clock.advance(600_000)
  expect(client.errors()).toEqual([])
  await client.stop()
})

test('a stream that is silent because nothing was published is not taken for dead', async () => {
  const { clock } = await setUp()
  const empty = memory({ system: { clock } })
  const client = run(hybrid(empty), { clock })
  await clock.advance(600_000)
  expect(client.errors()).toEqual([])
  await publish(empty, 1)
  await clock.advance(0)
  expect(client.sequences()).toEqual([1])
  await client.stop()
})

const markBytes = encodeMark({
  v: 1,
  namespace,
  epoch,
  sequence: 1,
  digest: releaseOf(1).digest,
  asOf: '2026-01-01T00:00:00.000Z',
  validUntil: '2026-01-01T00:01:00.000Z',
})

test.each(both)('%s tells of a proxy that cuts streams when the third was cut', async (_name, make) => {
  const { clock, transport } = await setUp({ heartbeatMs })
  let opened = 0
  const cut: WatchTransport = {
    ...transport,
    async *watch(_query, signal): AsyncGenerator<Delivery> {
      opened += 1
      yield { type: 'alive', heartbeatMs }
      await clock.sleep(5_000, signal)
      throw new NoticeboardError('unavailable', 'the event stream ended in the middle')
    },
  }
  const client = run(make(cut), { clock })
  const isTold = (): boolean => client.messages().some(message => message.includes('always'))
  for (let passedMs = 0; passedMs < 600_000 && !isTold(); passedMs += 10) await clock.advance(10)
  expect([isTold(), opened]).toEqual([true, 3])
  await client.stop()
})
