import { describe, expect, expectTypeOf, test } from 'vitest'
import type { Delivery, Mirror, Transport, WatchTransport } from '../../../src/contracts/transport.js'
import { sampleAfter, sampleLog, type SampleRelease } from '../../../src/testing/conformance/fixture.js'
import { publishTo } from '../../../src/testing/conformance/store-steps.js'
import { storeCases } from '../../../src/testing/conformance/index.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { faulty, type Fault, type FaultyOptions } from '../../../src/transports/faulty/index.js'
import { memory, type MemoryStore } from '../../../src/transports/memory.js'
import { runCases } from '../../support/run-cases.js'

const namespace = 'checkout/prod'
const never = new AbortController().signal

interface Board {
  readonly store: MemoryStore
  readonly samples: readonly SampleRelease[]
  readonly newest: SampleRelease
}

async function board(count = 1): Promise<Board> {
  const store = memory()
  const log = sampleLog(namespace)
  const samples = Array.from({ length: count }, () => log.next())
  for (const sample of samples) await publishTo(store, sample, never)
  return { store, samples, newest: samples.at(-1)! }
}

const injured = (store: MemoryStore, faults: readonly Fault[], options: FaultyOptions = {}): MemoryStore =>
  faulty(store, { faults }, { system: { random: seededRandom(7) }, ...options })

runCases(
  'faulty(memory()) with an empty plan',
  storeCases(() => ({ store: faulty(memory(), { faults: [] }), close: async () => {} }), {
    without: {
      cut: 'there is no connection to lose',
      freeze: 'nothing goes silent within a process',
      silence: 'nothing gets lost within a process',
      another: 'tried with memory() itself',
      reopen: 'what it holds ends with the process',
      damage: 'nobody else reaches its memory',
      stranger: 'who holds the object may write',
      marks: 'memory() sends none',
      audit: 'tried with memory() itself',
    },
  }),
)

test('it keeps the capabilities of what is within, and everything else', () => {
  expectTypeOf(faulty<WatchTransport>).returns.toEqualTypeOf<WatchTransport>()
  expectTypeOf(faulty<Mirror>).returns.toEqualTypeOf<Mirror>()
  const plain: Transport = {
    name: 'plain',
    latest: async () => ({ type: 'none' }),
    snapshot: async () => new Uint8Array(),
  }
  expect(Object.keys(faulty(plain, { faults: [] })).sort()).toEqual(['latest', 'name', 'snapshot'])
  expect(faulty(memory(), { faults: [] })).toMatchObject({
    name: 'faulty memory',
    durability: 'may-lose',
    maxSnapshotBytes: 1_048_576,
  })
  const flags: Transport = { ...plain, remote: true, unmanaged: true }
  expect(faulty(flags, { faults: [] })).toMatchObject({ remote: true, unmanaged: true })
})

test.each([
  ['a plan without faults', {}],
  ['a chance above one', { faults: [{ on: 'latest', type: 'stall', chance: 2 }] }],
  ['a count from nought', { faults: [{ on: 'latest', type: 'stall', from: 0 }] }],
])('%s is refused at once', (_, plan) => {
  expect(() => faulty(memory(), plan as never)).toThrowError(
    expect.objectContaining({ code: 'invalid-option' }),
  )
})

describe('calls', () => {
  test('fail with the planned code, and only those in the planned range', async () => {
    const { store } = await board()
    const broken = injured(store, [
      { on: 'latest', type: 'fail', code: 'unauthorized', retryAfterMs: 40, from: 2, to: 3 },
    ])
    const codes: string[] = []
    for (let call = 1; call <= 4; call += 1) {
      await broken.latest({ namespace }, never).then(
        answer => codes.push(answer.type),
        error => codes.push(`${error.code} ${error.retryAfterMs}`),
      )
    }
    expect(codes).toEqual(['release', 'unauthorized 40', 'unauthorized 40', 'release'])
  })

  test('whose answer is lost have been made', async () => {
    const { store, newest } = await board()
    const sample = sampleAfter(namespace, newest)
    const broken = injured(store, [{ on: 'append', type: 'fail', afterwards: true, to: 1 }])
    await expect(publishTo(broken, sample, never)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await store.latest({ namespace }, never)).toMatchObject({ bytes: sample.bytes })
    await publishTo(broken, sample, never)
  })

  test('that fail before they are made leave no trace', async () => {
    const { store, newest } = await board()
    const broken = injured(store, [{ on: 'append', type: 'fail' }])
    await expect(publishTo(broken, sampleAfter(namespace, newest), never)).rejects.toMatchObject({
      code: 'unavailable',
    })
    expect(await store.latest({ namespace }, never)).toMatchObject({ bytes: newest.bytes })
  })

  test('that stall end when the caller aborts', async () => {
    const { store } = await board()
    const controller = new AbortController()
    const asked = injured(store, [{ on: 'latest', type: 'stall' }]).latest({ namespace }, controller.signal)
    controller.abort()
    await expect(asked).rejects.toMatchObject({ code: 'closed' })
  })

  test('that are delayed take their time on the clock they are given', async () => {
    const { store } = await board()
    const clock = virtualClock()
    const broken = injured(store, [{ on: 'latest', type: 'delay', minMs: 500, maxMs: 900 }], {
      system: { clock },
    })
    let answered = false
    const asked = broken.latest({ namespace }, never).then(() => (answered = true))
    await clock.advance(499)
    expect(answered).toBe(false)
    await clock.advance(401)
    await asked
  })

  test('answer with what was right before', async () => {
    const { store, newest } = await board()
    const broken = injured(store, [{ on: 'latest', type: 'stale', from: 2 }])
    await broken.latest({ namespace }, never)
    await publishTo(store, sampleAfter(namespace, newest), never)
    expect(await broken.latest({ namespace }, never)).toMatchObject({ type: 'release', bytes: newest.bytes })
  })

  test('lose the end of bytes, or change one of them, and leave what is kept alone', async () => {
    const { store, newest } = await board()
    const { digest, bytes } = newest.snapshot
    const query = { namespace, digest, maxSnapshotBytes: 1_000_000 }
    const half = await injured(store, [{ on: 'snapshot', type: 'truncate', keep: 0.5 }]).snapshot(
      query,
      never,
    )
    expect(half).toEqual(bytes.slice(0, Math.floor(bytes.length / 2)))
    const other = await injured(store, [{ on: 'snapshot', type: 'corrupt' }]).snapshot(query, never)
    expect(other.filter((byte, at) => byte !== bytes[at])).toHaveLength(1)
    expect(await store.snapshot(query, never)).toEqual(bytes)
  })

  test('made twice reach the transport twice', async () => {
    const { store, newest } = await board()
    let appends = 0
    const counting = {
      ...store,
      append: (...call: Parameters<MemoryStore['append']>) => (appends++, store.append(...call)),
    }
    await publishTo(
      injured(counting, [{ on: 'append', type: 'duplicate' }]),
      sampleAfter(namespace, newest),
      never,
    )
    expect(appends).toBe(2)
  })

  test('meet the same faults again with the same seed, and others with another', async () => {
    const run = async (seed: number): Promise<string> => {
      const { store } = await board()
      const broken = faulty(
        store,
        { faults: [{ on: 'latest', type: 'fail', chance: 0.5 }] },
        { system: { random: seededRandom(seed) } },
      )
      let seen = ''
      for (let call = 0; call < 64; call += 1)
        seen += await broken.latest({ namespace }, never).then(
          () => '+',
          () => '-',
        )
      return seen
    }
    expect(await run(1)).toBe(await run(1))
    expect(await run(1)).not.toBe(await run(2))
    expect(await run(1)).toMatch(/^(?=.*\+)(?=.*-)/)
  })
})

describe('watches', () => {
  /** What a watch over three releases brings, each published after the one before was read. */
  async function watched(faults: readonly Fault[]): Promise<string> {
    const controller = new AbortController()
    const samples: SampleRelease[] = []
    const source: WatchTransport = {
      ...memory(),
      async *watch(): AsyncGenerator<Delivery> {
        const log = sampleLog(namespace)
        for (let left = 4; left > 0; left -= 1) {
          samples.push(log.next())
          yield { type: 'release', namespace, bytes: samples.at(-1)!.bytes }
        }
        controller.abort()
      },
    }
    const seen: string[] = []
    try {
      for await (const delivery of faulty(source, { faults }, { system: { random: seededRandom(3) } }).watch(
        { namespaces: [namespace], inline: false },
        controller.signal,
      )) {
        if (delivery.type === 'release')
          seen.push(String(samples.findIndex(({ bytes }) => Buffer.compare(bytes, delivery.bytes) === 0) + 1))
      }
    } catch (error) {
      seen.push((error as { code: string }).code)
    }
    return seen.join(' ')
  }

  test.each<[string, Fault, string]>([
    ['bring everything without faults', { on: 'latest', type: 'fail' }, '1 2 3 4'],
    ['lose a delivery', { on: 'watch', type: 'drop', from: 2, to: 2 }, '1 3 4'],
    ['bring one twice', { on: 'watch', type: 'duplicate', from: 2, to: 2 }, '1 2 2 3 4'],
    ['swap two', { on: 'watch', type: 'reorder', from: 2, to: 2 }, '1 3 2 4'],
    ['cut one', { on: 'watch', type: 'truncate', from: 2, to: 2 }, '1 0 3 4'],
    ['fail after one', { on: 'watch', type: 'fail', from: 2, to: 2 }, '1 2 unavailable'],
    ['end without a word', { on: 'watch', type: 'end', from: 2, to: 2 }, '1 2'],
  ])('%s', async (_, fault, expected) => {
    expect(await watched([fault])).toBe(expected)
  })

  test('are half-open when they stall: nothing comes until they are aborted, and then they end in order', async () => {
    const { store, newest } = await board()
    const controller = new AbortController()
    const broken = injured(store, [{ on: 'watch', type: 'stall', from: 2 }])
    const iterator = broken
      .watch({ namespaces: [namespace], inline: false }, controller.signal)
      [Symbol.asyncIterator]()
    expect((await iterator.next()).value).toMatchObject({ bytes: newest.bytes })
    await publishTo(store, sampleAfter(namespace, newest), never)
    const silent = iterator.next()
    let came = false
    void silent.then(() => (came = true))
    for (let turn = 0; turn < 20; turn += 1) await new Promise(resolve => setImmediate(resolve))
    expect(came).toBe(false)
    controller.abort()
    expect((await silent).done).toBe(true)
  })
})
