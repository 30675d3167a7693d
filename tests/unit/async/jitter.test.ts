import { describe, expect, test } from 'vitest'
import { jitter, phaseOf } from '../../../src/async/jitter.js'

const fixed = (number: number) => ({ number: () => number, bytes: () => new Uint8Array() })

describe('the phase', () => {
  test('is the same each time, and spread evenly over clients named alike', () => {
    expect(phaseOf('checkout/prod web-1', 30_000)).toBe(phaseOf('checkout/prod web-1', 30_000))
    for (const name of [
      (n: number) => `checkout/prod web-${n}`,
      (n: number) => `${n}`,
      (n: number) => `10.0.${n >> 8}.${n & 255}`,
    ]) {
      const tenths = Array.from({ length: 10 }, () => 0)
      for (let index = 0; index < 10_000; index += 1) {
        const tenth = Math.floor(phaseOf(name(index), 10))
        tenths[tenth] = (tenths[tenth] ?? 0) + 1
      }
      expect(tenths).toHaveLength(10)
      for (const count of tenths) expect(Math.abs(count - 1_000)).toBeLessThan(150)
    }
  })
})

describe('the jitter', () => {
  test('is the share on both sides of the length', () => {
    expect(jitter(100, 0.1, fixed(0))).toBe(90)
    expect(jitter(100, 0.1, fixed(0.5))).toBe(100)
    expect(jitter(100, 0.1, fixed(1))).toBeCloseTo(110)
  })
})
