import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { createSleep } from '../../../src/async/sleep.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'

test('a sleep ends after its delay and leaves nothing behind', async () => {
  const clock = virtualClock()
  const { signal } = new AbortController()
  let over = false
  const sleeping = createSleep(clock.after)(100, signal).then(() => (over = true))
  await clock.advance(99)
  expect(over).toBe(false)
  await clock.advance(1)
  await sleeping
  expect(getEventListeners(signal, 'abort')).toHaveLength(0)
})

test('a sleep ends when the signal aborts, and sets no timer when it has aborted before', async () => {
  const clock = virtualClock()
  const controller = new AbortController()
  const sleep = createSleep(clock.after)
  const sleeping = sleep(100, controller.signal)
  expect(clock.pending).toBe(1)
  controller.abort()
  await sleeping
  await sleep(100, controller.signal)
  expect(clock.pending).toBe(0)
})
