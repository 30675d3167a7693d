import { expect, test } from 'vitest'
import { z } from 'zod'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { Json } from '../../../src/contracts/json.js'
import { decodeRelease, type Arm, type SignedRelease } from '../../../src/core/release/release.js'
import { appendUntil, rehearse, type Decide } from '../../../src/publisher/append.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { systemClock } from '../../../src/system/system.js'
import { publisherContext } from './publisher-context.js'
import { scriptedStore, type ScriptedStore } from './scripted-store.js'

const { signal } = new AbortController()
const audit = Buffer.from('{"reason":"a test"}')
const variants = (digit: string): Arm['variants'] => [{ digest: digit.repeat(64), bytes: 9 }]
const saying =
  (digit: string): Decide =>
  () => ({ type: 'append', statement: { cause: 'publish', stable: variants(digit), audit } })

/**
 * Lets another publisher win that many races, each with a release of its own; counts the appends
 * that were tried.
 */
function lose(store: ScriptedStore, races: number): { readonly tried: () => number } {
  const rival = publisherContext(store)
  let tried = 0
  store.before = async operation => {
    if (operation !== 'append') return
    tried += 1
    if (tried > races) return
    const { before } = store
    store.before = () => {}
    await appendUntil(rival, saying((tried % 10).toString()), { signal })
    store.before = before
  }
  return { tried: () => tried }
}

test('after a lost race the decision is made anew, on the head that is really followed', async () => {
  const store = scriptedStore()
  const context = publisherContext(store)
  await appendUntil(context, saying('a'), { signal })
  lose(store, 3)
  const heads: (SignedRelease | undefined)[] = []
  const { outcome, signed } = await appendUntil(
    context,
    head => {
      heads.push(head)
      return saying('b')(head) as never
    },
    { signal },
  )
  expect(outcome).toBe('published')
  expect(heads.map(head => head?.release.sequence)).toEqual([1, 2, 3, 4])
  expect(signed.release.sequence).toBe(5)
  expect(store.log.at(-1)!.bytes).toEqual(signed.bytes)
})

test('it tries until it wins unless it is told when to give up', async () => {
  const stubborn = scriptedStore()
  const races = lose(stubborn, 100)
  await appendUntil(publisherContext(stubborn), saying('a'), { signal })
  expect(races.tried()).toBe(101)

  const bounded = scriptedStore()
  const lost = lose(bounded, 100)
  await expect(
    appendUntil(publisherContext(bounded), saying('a'), { maxRaces: 5, signal }),
  ).rejects.toMatchObject({ code: 'conflict', message: expect.stringContaining('5 times') })
  expect(lost.tried()).toBe(5)
})

/** A clock of which each wait takes a second more than it was to take, and none takes any time. */
function slowClock() {
  let ms = 0
  return { ...systemClock, monotonic: () => ms, sleep: async (forMs: number) => void (ms += forMs + 1_000) }
}

test('a minute of lost races ends it, with what to look for', async () => {
  const store = scriptedStore()
  const races = lose(store, 100)
  const context = publisherContext(store, { clock: slowClock() })
  await expect(appendUntil(context, saying('a'), { signal })).rejects.toMatchObject({
    code: 'conflict',
    message: expect.stringMatching(/times in a row, for 6\d s; find the publisher that never pauses/),
  })
  expect(races.tried()).toBeLessThan(100)
})

test('a place that is taken and shows nothing ends it after ten seconds', async () => {
  const store = scriptedStore()
  const clock = slowClock()
  await appendUntil(publisherContext(store, { clock }), saying('a'), { signal })
  let tried = 0
  const stuck: typeof store.append = async () => {
    tried += 1
    if (tried > 1_000) throw new Error('nobody gives up')
    return 'taken'
  }
  const context = publisherContext({ ...store, append: stuck }, { clock })
  await expect(appendUntil(context, saying('b'), { signal })).rejects.toMatchObject({
    code: 'store-damaged',
    message: expect.stringContaining('is taken, and no release appeared there for 10 s'),
  })
  expect(clock.monotonic()).toBeLessThan(12_000)
})

test('a place that is taken for some seconds and shows nothing is waited for, however long the program has run', async () => {
  const store = scriptedStore()
  const clock = slowClock()
  await clock.sleep(3_600_000)
  await appendUntil(publisherContext(store, { clock }), saying('a'), { signal })
  let tried = 0
  const slow: typeof store.append = async (...query) => ((tried += 1) <= 4 ? 'taken' : store.append(...query))
  const context = publisherContext({ ...store, append: slow }, { clock })
  const { outcome, signed } = await appendUntil(context, saying('b'), { signal })
  expect([tried, outcome, signed.release.sequence]).toEqual([5, 'published', 2])
})

test('it pauses after each lost race, for a random time below 50 ms, and not before the first try', async () => {
  const store = scriptedStore()
  lose(store, 20)
  const slept: number[] = []
  const clock = { ...systemClock, sleep: async (ms: number) => void slept.push(ms) }
  await appendUntil(publisherContext(store, { clock }), saying('a'), { signal })
  expect(slept).toHaveLength(20)
  expect(new Set(slept).size).toBeGreaterThan(1)
  expect(slept.every(ms => ms >= 0 && ms < 50)).toBe(true)
})

test('an abort during the pause ends it, and nothing more is appended', async () => {
  const store = scriptedStore()
  const races = lose(store, 100)
  const controller = new AbortController()
  const reason = new Error('enough')
  const clock = { ...systemClock, sleep: async () => controller.abort(reason) }
  await expect(
    appendUntil(publisherContext(store, { clock }), saying('a'), { signal: controller.signal }),
  ).rejects.toBe(reason)
  expect(races.tried()).toBe(1)
})

test('a refusal is thrown, and nothing is written', async () => {
  const store = scriptedStore()
  const error = new NoticeboardError('forbidden', 'not today')
  const snapshots = [{ digest: 'a'.repeat(64), bytes: Buffer.from('{}') }]
  const decide: Decide = () => ({ type: 'refuse', error })
  await expect(appendUntil(publisherContext(store), decide, { snapshots, signal })).rejects.toBe(error)
  await expect(rehearse(publisherContext(store), decide, signal)).rejects.toBe(error)
  expect([store.log.length, store.snapshots.size]).toEqual([0, 0])
})

test('where nothing is to be done its snapshots are repaired all the same, and nothing is appended', async () => {
  const store = scriptedStore()
  const context = publisherContext(store)
  const { signed } = await appendUntil(context, saying('a'), { signal })
  const snapshots = [{ digest: 'a'.repeat(64), bytes: Buffer.from('{}') }]
  const decide: Decide = head => ({ type: 'unchanged', head: head! })
  const appended = await appendUntil(context, decide, { snapshots, signal })
  expect(appended).toEqual({ outcome: 'unchanged', signed, withdrawn: [] })
  expect([store.log.length, store.snapshots.size]).toEqual([1, 1])
})

test('a rehearsal says what would be appended and writes nothing', async () => {
  const store = scriptedStore()
  const context = publisherContext(store)
  expect(await rehearse(context, saying('a'), signal)).toMatchObject({
    outcome: 'dry-run',
    release: { sequence: 1, stable: { version: 1, variants: variants('a') } },
  })
  expect([store.log.length, store.snapshots.size]).toEqual([0, 0])
})

test('an append that is never acknowledged says what the store said, and that it may have been written', async () => {
  const store = scriptedStore()
  store.before = operation => {
    if (operation === 'append')
      throw new NoticeboardError('unavailable', 'the disk is full', { retryAfterMs: 7 })
  }
  await expect(appendUntil(publisherContext(store), saying('a'), { signal })).rejects.toMatchObject({
    code: 'unavailable',
    message: expect.stringMatching(/^the disk is full\..* may have been written: /),
    retryAfterMs: 7,
  })
})

test('validators compare with the document that is really followed, also after a lost race', async () => {
  const store = scriptedStore()
  const schema = z.object({ size: z.number() })
  const clock = { ...systemClock, sleep: async () => {} }
  const options = { namespace: 'checkout/prod', schema, store, system: { clock } }
  const seen: (Json | undefined)[] = []
  const publisher = createPublisher({
    ...options,
    validators: [{ name: 'compares', validate: (_value, { previous }) => void seen.push(previous) }],
  })
  const rival = createPublisher(options)
  const why = { rollout: everyone(), reason: 'a test' }
  await rival.publish({ size: 1 }, why)
  store.before = async operation => {
    if (operation !== 'append') return
    store.before = () => {}
    await rival.publish({ size: 2 }, why)
  }
  await publisher.publish({ size: 3 }, why)
  expect(seen).toEqual([{ size: 1 }, { size: 2 }])
  expect(store.log.map(({ bytes }) => decodeRelease(bytes).release.sequence)).toEqual([1, 2, 3])
})
