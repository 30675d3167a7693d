import { expect, test } from 'vitest'
import { savedOf, sayBeside } from '../../../src/compare/verdict/saved.js'

test('what is told as the same is told once', () => {
  expect(sayBeside('7.7 GB', '27 GB', ' a day')).toBe('7.7 GB a day in place of 27 GB')
  expect(sayBeside('12 GB', '12 GB', ' a day')).toBe('12 GB a day as without')
  expect(sayBeside('477 ms', '477 ms')).toBe('477 ms as without')
})

test('a row says as much more or less of a variant as the formula has between the two', () => {
  const figures = (all: number, perDay: number) =>
    ({ stalenessMs: { all }, bytes: { perDay } }) as Parameters<typeof savedOf>[0]
  const saved = savedOf(figures(1_000, 80), { from: figures(400, 20), to: figures(100, 5) })
  expect(saved).toEqual({ allMs: 250, bytesPerDay: 20 })
})
