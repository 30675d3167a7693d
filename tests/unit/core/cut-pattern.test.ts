import { expect, test } from 'vitest'
import { createCutPattern, sayCut } from '../../../src/core/cut-pattern.js'

const note = (pattern: ReturnType<typeof createCutPattern>, cuts: readonly (readonly [number, number])[]) =>
  cuts.map(([silentMs, ageMs]) => pattern.note({ silentMs, ageMs }))

test('three streams that break after the same silence have one reason, told once', () => {
  const pattern = createCutPattern(3)
  const told = note(pattern, [
    [10_010, 12_000],
    [10_500, 25_000],
    [10_020, 18_000],
    [10_100, 14_000],
  ])
  expect(told).toEqual([undefined, undefined, { by: 'silence', afterMs: 10_177 }, undefined])
  expect(sayCut(told[2]!, 8_000)).toMatch(/^always after 10 s .*heartbeat of 8 s .*proxy_read_timeout/)
})

test('an odd cut now and then ends no pattern, also where it makes another one of the last few', () => {
  const pattern = createCutPattern(3)
  const told = note(
    pattern,
    Array.from({ length: 60 }, (_, index): [number, number] =>
      index % 7 < 2 ? [1_900, 10_100] : [10_000 + index, 10_100],
    ),
  )
  expect(told.filter(found => found !== undefined)).toEqual([{ by: 'age', afterMs: 10_100 }])
})

test('the same age is told as an age, and either is told again when it comes back after a while', () => {
  const pattern = createCutPattern(3)
  const told = note(pattern, [
    [3_000, 60_000],
    [9_000, 60_500],
    [14_000, 60_100],
    ...Array.from({ length: 12 }, (_, index): [number, number] => [5_000 * (index % 4), 9_000 * (index % 5)]),
    [3_000, 60_000],
    [9_000, 60_500],
    [14_000, 60_100],
  ])
  expect(told.map(found => found?.by)).toEqual([undefined, undefined, 'age', ...Array(14), 'age'])
  expect(sayCut(told[2]!, 8_000)).toMatch(/^always at the age of 60 s, .*maxConnectionAgeMs/)
})

test('streams that break at once, or at any time, have none', () => {
  const pattern = createCutPattern(3)
  expect(
    note(pattern, [
      [100, 100],
      [110, 120],
      [90, 110],
      [4_000, 9_000],
      [12_000, 80_000],
      [7_000, 30_000],
    ]),
  ).toEqual(Array(6).fill(undefined))
})
