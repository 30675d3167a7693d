import { expect, test } from 'vitest'
import { ageOf, freshnessOf } from '../../../src/compare/index.js'
import { MEAN_WAIT, lastOf, waitOf } from '../../../src/compare/formula/intervals.js'
import { seededRandom } from '../../../src/sim/index.js'

// Cho and Garcia-Molina, "Synchronizing a database to improve freshness", SIGMOD 2000.
const PUBLISHED = [
  [0.1, 0.952, 0.016],
  [0.5, 0.787, 0.074],
  [1, 0.632, 0.132],
  [2, 0.432, 0.216],
  [5, 0.199, 0.34],
] as const

test('freshness and age of a polled copy are the published ones', () => {
  for (const [r, freshness, age] of PUBLISHED) {
    expect(freshnessOf(r)).toBeCloseTo(freshness, 3)
    expect(ageOf(r)).toBeCloseTo(age, 3)
  }
})

test('a copy of what never changes is always current', () => {
  expect(freshnessOf(0)).toBe(1)
  expect(ageOf(0)).toBe(0)
  expect(ageOf(0.009_99)).toBeCloseTo(ageOf(0.010_01), 4)
})

test('changes drawn at random give the same freshness and age', () => {
  const random = seededRandom(7)
  const intervals = 100_000
  for (const [r, freshness, age] of PUBLISHED) {
    let current = 0
    let old = 0
    for (let index = 0; index < intervals; index += 1) {
      // Until the first change of an interval the copy is current; from there on it ages.
      const first = Math.min(1, -Math.log1p(-random.number()) / r)
      current += first
      old += (1 - first) ** 2 / 2
    }
    expect(Math.abs(current / intervals - freshness)).toBeLessThan(0.005)
    expect(Math.abs(old / intervals - age)).toBeLessThan(0.005)
  }
})

test('the wait for the next poll is that of intervals that are stretched by a tenth', () => {
  const random = seededRandom(11)
  const waits: number[] = []
  // One long row of intervals, looked at from instants far apart.
  let nextAt = 0
  for (let at = 0; waits.length < 100_000; at += 3.7) {
    while (nextAt < at) nextAt += 0.9 + 0.2 * random.number()
    waits.push(nextAt - at)
  }
  waits.sort((a, b) => a - b)
  for (const share of [0.1, 0.5, 0.9, 0.99, 0.999]) {
    const drawn = waits[Math.floor(share * waits.length)] ?? 0
    expect(Math.abs(waitOf(share) - drawn)).toBeLessThan(0.01)
  }
  expect(waits.reduce((sum, wait) => sum + wait, 0) / waits.length).toBeCloseTo(MEAN_WAIT, 2)
  expect(waitOf(1)).toBeCloseTo(1.1)
  expect(waitOf(lastOf(3_000))).toBeLessThan(1.1)
})
