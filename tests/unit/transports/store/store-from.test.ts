import { describe, expect, test } from 'vitest'
import { NoticeboardError } from '../../../../src/contracts/errors.js'
import type { CompleteStore, LogEntry, Store } from '../../../../src/contracts/transport.js'
import { sampleAudit, sampleLog, sampleReport } from '../../../../src/testing/conformance/fixture.js'
import { publishTo } from '../../../../src/testing/conformance/store-steps.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { memoryEngine } from '../../../../src/transports/store/memory-engine.js'
import type { Batch, StoreEngine } from '../../../../src/transports/store/engine.js'
import { changedBy, keys, namespaceOf } from '../../../../src/transports/store/keys.js'
import { storeFrom } from '../../../../src/transports/store/store-from.js'

const namespace = 'checkout/prod'
const never = new AbortController().signal

const logOf = async (store: Store): Promise<LogEntry[]> => {
  const entries: LogEntry[] = []
  for await (const entry of store.history({ namespace }, never)) entries.push(entry)
  return entries
}

describe('an engine that writes key by key', () => {
  /** An engine that loses what is written to the head from some write on. */
  function withoutHeads(): { readonly engine: StoreEngine; broken: boolean; readonly heads: Batch[] } {
    const inner = memoryEngine('by key')
    const state = {
      broken: false,
      heads: [] as Batch[],
      engine: {
        ...inner,
        atomic: 'key',
        async write(batch, signal) {
          if (changedBy(batch) === undefined) return inner.write(batch, signal)
          if (state.broken) throw new Error('the process ended here')
          state.heads.push(batch)
          return inner.write(batch, signal)
        },
      } satisfies StoreEngine as StoreEngine,
    }
    return state
  }

  test('is read to the end of its log where a writer ended before it moved the head, and the reader moves it', async () => {
    const state = withoutHeads()
    const store = storeFrom(state.engine)
    const log = sampleLog(namespace)
    const samples = [log.next(), log.next(), log.next({ epoch: '2-0badcafe' }), log.next()]
    await publishTo(store, samples[0]!, never)
    state.broken = true
    for (const sample of samples.slice(1)) await publishTo(store, sample, never)
    expect(state.heads).toHaveLength(1)
    expect(await store.latest({ namespace }, never)).toMatchObject({ bytes: samples[3]!.bytes })
    expect((await logOf(store)).map(({ bytes }) => bytes)).toEqual(
      samples.map(({ bytes }) => bytes).reverse(),
    )
    expect(await store.next!({ namespace, after: samples[1]!.at }, never)).toMatchObject({
      bytes: samples[2]!.bytes,
    })

    state.broken = false
    expect(await store.latest({ namespace }, never)).toMatchObject({ bytes: samples[3]!.bytes })
    expect(state.heads).toHaveLength(2)
    await publishTo(store, log.next(), never)
    expect(state.heads).toHaveLength(3)
    expect(await store.namespaces!(never)).toEqual([namespace])
  })

  test('says that it removes no snapshots', async () => {
    const store = storeFrom(withoutHeads().engine)
    await expect(store.remove!({ namespace, digest: 'a'.repeat(64) }, never)).rejects.toMatchObject({
      code: 'unsupported',
    })
  })

  test('keeps the audit record of the release that won, whoever wrote one before', async () => {
    const store = storeFrom(withoutHeads().engine)
    const log = sampleLog(namespace)
    const rivals = [log.rival({ audit: sampleAudit() }), log.rival({ audit: sampleAudit() })]
    for (const { snapshot } of rivals) await store.put({ namespace, ...snapshot }, never)
    const outcomes = await Promise.all(
      rivals.map(({ at, bytes, audit }) => store.append({ namespace, at, bytes, audit }, never)),
    )
    const winner = rivals[outcomes.indexOf('appended')]!
    expect(outcomes.toSorted()).toEqual(['appended', 'taken'])
    expect(await logOf(store)).toEqual([{ bytes: winner.bytes, audit: winner.audit }])
  })
})

describe('an engine', () => {
  test('is opened once, before the first call, and again when that failed', async () => {
    let opened = 0
    const engine: StoreEngine = {
      ...memoryEngine('lazy'),
      durability: 'single',
      async open() {
        opened += 1
        if (opened === 1) throw new Error('connect ECONNREFUSED')
        return { durability: 'replicated' }
      },
    }
    const store = storeFrom(engine)
    expect([opened, store.durability]).toEqual([0, 'single'])
    await expect(store.latest({ namespace }, never)).rejects.toMatchObject({ code: 'unavailable' })
    const calls = [1, 2, 3].map(() => store.latest({ namespace }, never))
    expect(await Promise.all(calls)).toEqual([1, 2, 3].map(() => ({ type: 'none' })))
    expect([opened, store.durability]).toEqual([2, 'replicated'])
  })

  test('that answers nothing is given up after `timeoutMs`, also where its driver cannot be aborted', async () => {
    const clock = virtualClock()
    const silent: StoreEngine = { ...memoryEngine('silent'), read: () => new Promise(() => {}) }
    const store = storeFrom(silent, { system: { clock }, timeoutMs: 700 })
    const outcome = store.latest({ namespace }, never).catch((error: unknown) => error)
    await clock.advance(699)
    expect(clock.pending).toBe(1)
    await clock.advance(1)
    expect(await outcome).toMatchObject({ code: 'unavailable', message: expect.stringContaining('700 ms') })
    const controller = new AbortController()
    const aborted = store.latest({ namespace }, controller.signal).catch((error: unknown) => error)
    await clock.advance(0)
    controller.abort()
    expect(await aborted).toMatchObject({ code: 'closed' })
    expect(clock.pending).toBe(0)
  })

  test('whose errors are its driver’s own is lost, and one that refuses is believed', async () => {
    const failing = (error: Error): Store =>
      storeFrom({ ...memoryEngine('failing'), read: () => Promise.reject(error) })
    const cause = new Error('password=hunter2')
    const lost = await failing(cause)
      .latest({ namespace }, never)
      .catch((error: unknown) => error)
    expect(lost).toMatchObject({ code: 'unavailable', cause })
    expect(String(lost)).not.toContain('hunter2')
    const refused = failing(new NoticeboardError('unauthorized', 'no')).latest({ namespace }, never)
    await expect(refused).rejects.toMatchObject({ code: 'unauthorized' })
  })

  test('of small values takes small snapshots', async () => {
    const engine: StoreEngine = { ...memoryEngine('small'), maxValueBytes: 1_000 }
    expect(storeFrom(engine).maxSnapshotBytes).toBe(1_000)
    expect(storeFrom(engine, { maxSnapshotBytes: 10 }).maxSnapshotBytes).toBe(10)
    expect(() => storeFrom(engine, { maxSnapshotBytes: 2_000 })).toThrow(/must be 1000 at most/)
    expect(() => storeFrom(engine, { timeoutMs: Number.NaN })).toThrow(/`timeoutMs` must be a number/)
  })

  test('that does not notify brings a watch at once what is written through the same store', async () => {
    const clock = virtualClock()
    const { listen: _, ...mute } = memoryEngine('mute')
    const store = storeFrom(mute, { system: { clock } })
    const other = storeFrom(mute, { system: { clock } })
    const log = sampleLog(namespace)
    const samples = [log.next(), log.next(), log.next()]
    const controller = new AbortController()
    const seen: Uint8Array[] = []
    await publishTo(store, samples[0]!, never)
    const watching = (async () => {
      for await (const delivery of store.watch({ namespaces: [namespace], inline: false }, controller.signal))
        if (delivery.type === 'release') seen.push(delivery.bytes)
    })()
    await clock.advance(0)
    await publishTo(store, samples[1]!, never)
    await clock.advance(0)
    expect(seen).toEqual(samples.slice(0, 2).map(({ bytes }) => bytes))
    await publishTo(other, samples[2]!, never)
    await clock.advance(9_999)
    expect(seen).toHaveLength(2)
    await clock.advance(1)
    expect(seen.at(-1)).toEqual(samples[2]!.bytes)
    controller.abort()
    await watching
    expect(clock.pending).toBe(0)
  })

  test.each<readonly [part: string, engine: unknown]>([
    ['must be an object', undefined],
    ['`name`', { ...memoryEngine('x'), name: undefined }],
    ['`write`', { ...memoryEngine('x'), write: undefined }],
    ['`now`', { ...memoryEngine('x'), now: 5 }],
    ['`durability`', { ...memoryEngine('x'), durability: 'none' }],
    ['`atomic`', { ...memoryEngine('x'), atomic: undefined }],
  ])('is refused where it is none: %s', (part, engine) => {
    expect(() => storeFrom(engine as StoreEngine)).toThrow(
      expect.objectContaining({ code: 'invalid-option', message: expect.stringContaining(part) }),
    )
  })

  test('whose notifications turn out to be lost is listened to anew', async () => {
    const clock = virtualClock()
    const inner = memoryEngine('deaf')
    let listened = 0
    const engine: StoreEngine = {
      ...inner,
      async *listen(signal) {
        listened += 1
        const deaf = listened === 1
        for await (const news of inner.listen!(signal)) if (news === 'listening' || !deaf) yield news
      },
    }
    const store = storeFrom(engine, { system: { clock }, checkIntervalMs: 1_000 })
    const log = sampleLog(namespace)
    const samples = [log.next(), log.next(), log.next()]
    const controller = new AbortController()
    const seen: number[] = []
    await publishTo(store, samples[0]!, never)
    const watching = (async () => {
      for await (const delivery of store.watch({ namespaces: [namespace], inline: false }, controller.signal))
        if (delivery.type === 'release')
          seen.push(samples.findIndex(({ bytes }) => Buffer.compare(bytes, delivery.bytes) === 0))
    })()
    await clock.advance(0)
    await publishTo(store, samples[1]!, never)
    await clock.advance(999)
    const before = [...seen]
    await clock.advance(1)
    expect([before.at(-1), seen.at(-1), listened]).toEqual([0, 1, 2])
    await publishTo(store, samples[2]!, never)
    await clock.advance(0)
    expect(seen.at(-1)).toBe(2)
    controller.abort()
    await watching
    expect(clock.pending).toBe(0)
  })

  test('with a clock of its own stamps reports by that clock, and the first one of an instance for good', async () => {
    let nowMs = Date.UTC(2026, 0, 1)
    const engine = memoryEngine('timed')
    const store = storeFrom({ ...engine, now: async () => nowMs })
    await store.report([sampleReport(namespace)], never)
    nowMs += 60_000
    await store.report([sampleReport(namespace, { count: 2 })], never)
    const { reports } = await store.reports!({ namespace }, never)
    expect(reports).toMatchObject([
      { count: 2, firstHeardAt: '2026-01-01T00:00:00.000Z', receivedAt: '2026-01-01T00:01:00.000Z' },
    ])
    nowMs += 3_600_000
    expect((await store.reports!({ namespace }, never)).reports).toHaveLength(1)
    nowMs += 1
    expect((await store.reports!({ namespace }, never)).reports).toEqual([])
    expect(await engine.list({ prefix: `reports/${namespace}=/`, limit: 9 }, never)).toEqual([])
  })

  test('that lost a part of its log says so', async () => {
    const inner = memoryEngine('torn')
    const store = storeFrom(inner)
    const log = sampleLog(namespace)
    for (const sample of [log.next(), log.next(), log.next()]) await publishTo(store, sample, never)
    await inner.write({ if: [], put: [], remove: [keys.place(namespace, 2)] }, never)
    await expect(logOf(store)).rejects.toMatchObject({ code: 'store-damaged' })
    expect(await store.latest({ namespace }, never)).toMatchObject({ type: 'release' })
  })
})

test('a key tells its namespace, and a batch tells whose newest release it moves', () => {
  const all = [
    keys.head('a/b'),
    keys.place('a/b', 7),
    keys.snapshot('a/b', 'f'.repeat(64)),
    keys.schema('a/b'),
    keys.audit('a/b', 'f'.repeat(64)),
    keys.report('a/b', 'instance-1'),
  ]
  expect(all.map(namespaceOf)).toEqual(all.map(() => 'a/b'))
  const put = all.map(key => ({ key, value: new Uint8Array() }))
  expect(changedBy({ if: [], put, remove: [] })).toBe('a/b')
  expect(changedBy({ if: [], put: put.slice(1), remove: [] })).toBeUndefined()
})

test('a reader of the log that stops at its head reads a few releases, and one that goes on reads them all in order', async () => {
  const inner = memoryEngine('counted')
  let read = 0
  const store = storeFrom({
    ...inner,
    read: (wanted, signal) => {
      read += wanted.length
      return inner.read(wanted, signal)
    },
  })
  const log = sampleLog(namespace)
  const samples = Array.from({ length: 120 }, () => log.next())
  for (const sample of samples) await publishTo(store, sample, never)
  expect((await logOf(store)).map(({ bytes }) => bytes)).toEqual(samples.map(({ bytes }) => bytes).reverse())
  read = 0
  for await (const entry of store.history({ namespace }, never)) {
    expect(entry.bytes).toEqual(samples.at(-1)?.bytes)
    break
  }
  expect(read).toBeLessThanOrEqual(10)
})

describe('what an engine answers wrongly is told, and is taken neither for loss nor for an empty store', () => {
  const inner = memoryEngine('map')
  const storeOf = (change: Partial<StoreEngine>): CompleteStore => storeFrom({ ...inner, ...change })
  const failing = (call: Promise<unknown>): Promise<unknown> =>
    call.then(
      () => 'resolved',
      (error: NoticeboardError) => `${error.code}: ${error.message}`,
    )

  test.each<readonly [answer: string, change: Partial<StoreEngine>, says: RegExp]>([
    [
      'null in place of an entry',
      { read: async keys => keys.map(() => null as never) },
      /^internal: the engine of map is not as it should be: read\(\) gave null in place of an entry; give `undefined`/,
    ],
    ['no entry for a missing key', { read: async () => [] }, /read\(\) gave 0 entries for 1 keys/],
    [
      'nothing instead of entries',
      { read: async () => undefined as never },
      /read\(\) resolved to undefined; return an array/,
    ],
    [
      'a text as a value',
      { read: async keys => keys.map(() => ({ value: '1\n{}' as never, version: '1' })) },
      /whose `value` is a string; give a Uint8Array/,
    ],
    [
      'no version',
      { read: async keys => keys.map(() => ({ value: new Uint8Array(3) }) as never) },
      /whose `version` is undefined; give a string/,
    ],
  ])('read: %s', async (_, change, says) => {
    expect(await failing(storeOf(change).latest({ namespace }, never))).toMatch(says)
  })

  test('write: anything but its two outcomes', async () => {
    const store = storeOf({ write: async () => undefined as never })
    const { snapshot } = sampleLog(namespace).next()
    expect(await failing(store.put({ namespace, ...snapshot }, never))).toMatch(
      /write\(\) resolved to undefined; return 'written', or 'refused'/,
    )
  })

  test.each<readonly [answer: string, list: StoreEngine['list'], says: RegExp]>([
    [
      'more than `limit`',
      async ({ prefix }) => Array.from({ length: 101 }, (_, at) => prefix + at),
      /101 keys/,
    ],
    ['another prefix', async () => ['board/log/a'], /does not begin with `prefix`/],
    [
      'what comes after `before`, which would never come to an end',
      async ({ prefix, limit }) =>
        Array.from({ length: limit }, (_, at) => `${prefix}n${String(limit - at).padStart(3, '0')}`),
      /does not come before `before`/,
    ],
    ['keys that ascend', async ({ prefix }) => [`${prefix}a`, `${prefix}b`], /keys that do not descend/],
    ['no array', async () => null as never, /list\(\) resolved to null; return an array of keys/],
    ['no text', async () => [1 as never], /list\(\) gave a number in place of a key/],
  ])('list: %s', async (_, list, says) => {
    expect(await failing(storeOf({ list }).namespaces(never))).toMatch(says)
  })
})
