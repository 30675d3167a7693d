import { getEventListeners } from 'node:events'
import { expect, test } from 'vitest'
import { createWakeable } from '../../../src/async/wakeable.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'

function setUp() {
  const clock = virtualClock()
  const controller = new AbortController()
  const wakeable = createWakeable(clock)
  const wait = (delayMs: number) => wakeable.wait(delayMs, controller.signal)
  const leavesNothing = (): void => {
    expect(clock.pending).toBe(0)
    expect(getEventListeners(controller.signal, 'abort')).toHaveLength(0)
  }
  return { clock, controller, wakeable, wait, leavesNothing }
}

test('a wait ends after its delay when nothing wakes it', async () => {
  const { clock, wait, leavesNothing } = setUp()
  const waiting = wait(100)
  await clock.advance(100)
  await expect(waiting).resolves.toBe('elapsed')
  leavesNothing()
})

test('waking ends every wait, also one without a delay', async () => {
  const { wakeable, wait, leavesNothing } = setUp()
  const waits = [wait(100), wait(Number.POSITIVE_INFINITY)]
  wakeable.wake()
  await expect(Promise.all(waits)).resolves.toEqual(['woken', 'woken'])
  leavesNothing()
})

test('waking while nothing waits ends the next wait at once, and that one alone', async () => {
  const { clock, wakeable, wait } = setUp()
  wakeable.wake()
  wakeable.wake()
  await expect(wait(100)).resolves.toBe('woken')
  const second = wait(100)
  await clock.advance(100)
  await expect(second).resolves.toBe('elapsed')
})

test('a wake that ended a wait is not remembered', async () => {
  const { clock, wakeable, wait } = setUp()
  const first = wait(100)
  wakeable.wake()
  await first
  const second = wait(100)
  await clock.advance(100)
  await expect(second).resolves.toBe('elapsed')
})

test('a remembered wake can be forgotten', async () => {
  const { clock, wakeable, wait } = setUp()
  wakeable.wake()
  wakeable.clear()
  const waiting = wait(100)
  await clock.advance(100)
  await expect(waiting).resolves.toBe('elapsed')
})

test('an abort ends a wait, and none begins after it', async () => {
  const { controller, wakeable, wait, leavesNothing } = setUp()
  const waiting = wait(100)
  controller.abort()
  await expect(waiting).resolves.toBe('elapsed')
  wakeable.wake()
  await expect(wait(100)).resolves.toBe('elapsed')
  leavesNothing()
})
