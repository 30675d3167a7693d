import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { createLatestByKey } from '../../../src/async/latest.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'

function setUp() {
  const clock = virtualClock()
  const controller = new AbortController()
  const latest = createLatestByKey<string, number>(clock)
  const read: number[] = []
  const reading = async (): Promise<void> => {
    for await (const item of latest.items(controller.signal)) read.push(item)
  }
  return { clock, controller, latest, read, reading }
}

test('a newer item takes the place of one that was not read, and its turn', () => {
  const { latest } = setUp()
  latest.put('a', 1)
  latest.put('b', 2)
  latest.put('a', 3)
  expect([latest.take(), latest.take(), latest.take()]).toEqual([3, 2, undefined])
})

test('what waits can be looked at and dropped', () => {
  const { latest } = setUp()
  latest.put('a', 1)
  expect(latest.peek('a')).toBe(1)
  latest.drop('a')
  expect(latest.peek('a')).toBeUndefined()
  expect(latest.take()).toBeUndefined()
})

test('a reader gets what waits and then what comes, until the signal aborts', async () => {
  const { clock, controller, latest, read, reading } = setUp()
  latest.put('a', 1)
  const ending = reading()
  await clock.advance(0)
  expect(read).toEqual([1])
  latest.put('a', 2)
  latest.put('a', 3)
  await clock.advance(0)
  expect(read).toEqual([1, 3])
  controller.abort()
  latest.put('a', 4)
  await ending
  expect(read).toEqual([1, 3])
  expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
})

test('a failure comes after what waits, and the first one counts', async () => {
  const { latest, read, reading } = setUp()
  latest.put('a', 1)
  latest.fail(new Error('lost'))
  latest.fail(new Error('closed'))
  await expect(reading()).rejects.toThrow('lost')
  expect(read).toEqual([1])
  expect(() => latest.take()).toThrow('lost')
})

test('a failure ends a reader that waits', async () => {
  const { clock, latest, reading } = setUp()
  const failed = expect(reading()).rejects.toThrow('lost')
  await clock.advance(0)
  latest.fail(new Error('lost'))
  await failed
})

test('a wait ends with an item, with a failure, and else after its delay', async () => {
  const { clock, controller, latest } = setUp()
  const { signal } = controller
  latest.put('a', 1)
  await latest.wait(100, signal)
  expect(clock.pending).toBe(0)
  latest.take()

  let elapsed = false
  const waiting = latest.wait(100, signal).then(() => (elapsed = true))
  await clock.advance(99)
  expect(elapsed).toBe(false)
  await clock.advance(1)
  await waiting

  latest.fail(new Error('lost'))
  await latest.wait(100, signal)
  expect(clock.pending).toBe(0)
})
