import { expect, test } from 'vitest'
import { onAbort } from '../../../src/core/on-abort.js'

/** A signal that counts who listens to it. */
function counted() {
  const controller = new AbortController()
  const { signal } = controller
  let count = 0
  const { addEventListener, removeEventListener } = signal
  signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    count += 1
    addEventListener.apply(signal, args)
  }
  signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    count -= 1
    removeEventListener.apply(signal, args)
  }
  return { controller, signal, listeners: () => count }
}

test('any number of callbacks is one listener, and none when the last is taken back', () => {
  const { controller, signal, listeners } = counted()
  const called: number[] = []
  const forget = Array.from({ length: 100 }, (_, index) => onAbort(signal, () => called.push(index)))
  expect(listeners()).toBe(1)
  for (const index of [3, 4, 5]) forget[index]?.()
  controller.abort()
  expect(called).toHaveLength(97)
  expect(listeners()).toBe(0)
  for (const take of forget) take()
  expect(listeners()).toBe(0)
})

test('a callback taken back twice takes nothing else back, and one registered twice is called twice', () => {
  const { controller, signal, listeners } = counted()
  let calls = 0
  const call = (): void => void (calls += 1)
  const first = onAbort(signal, call)
  onAbort(signal, call)
  first()
  first()
  expect(listeners()).toBe(1)
  onAbort(signal, call)
  controller.abort()
  expect(calls).toBe(2)
})

test('after all were taken back, a signal can be listened to anew', () => {
  const { controller, signal, listeners } = counted()
  onAbort(signal, () => {})()
  expect(listeners()).toBe(0)
  let called = false
  onAbort(signal, () => (called = true))
  controller.abort()
  expect(called).toBe(true)
})
