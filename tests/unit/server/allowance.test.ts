import { expect, test } from 'vitest'
import { createAllowance } from '../../../src/server/allowance.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'

const open = () => {
  const clock = virtualClock()
  return { clock, allowance: createAllowance({ clock, perSecond: 10, burst: 100 }) }
}

test('an address brings its burst at once, and then so much a second, as others do', async () => {
  const { clock, allowance } = open()
  allowance.spend('a', 99)
  expect(allowance.waitMs('a')).toBe(0)
  allowance.spend('a', 1)
  expect([allowance.waitMs('a'), allowance.waitMs('b')]).toEqual([100, 0])
  await clock.advance(99)
  expect(allowance.waitMs('a')).toBeGreaterThan(0)
  await clock.advance(1)
  expect(allowance.waitMs('a')).toBe(0)
})

test('over any time an address brings no more than its burst, the rate, and one body', async () => {
  const { clock, allowance } = open()
  let brought = 0
  for (let step = 0; step < 600; step += 1) {
    if (allowance.waitMs('a') === 0) {
      allowance.spend('a', 7)
      brought += 7
    }
    await clock.advance(100)
  }
  expect(brought).toBeGreaterThan(100 + 59 * 10 - 7)
  expect(brought).toBeLessThanOrEqual(100 + 60 * 10 + 7)
})

test('an address owes no more than its burst, however much came at once', async () => {
  const { clock, allowance } = open()
  for (let body = 0; body < 1_000; body += 1) allowance.spend('a', 100)
  expect(allowance.waitMs('a')).toBe(10_100)
  await clock.advance(10_100)
  expect(allowance.waitMs('a')).toBe(0)
})
