import { expect, test } from 'vitest'
import { countRounds } from '../../../benchmarks/rounds.js'

test('rounds become fewer on a machine that is too busy, and some are always measured', () => {
  const roundsWithin = (budgetMs: number): readonly boolean[] =>
    [...countRounds({ warmUps: 1, most: 9, least: 3, budgetMs })].map(({ isMeasured }) => isMeasured)
  expect(roundsWithin(-1)).toEqual([false, true, true, true])
  expect(roundsWithin(1e9)).toEqual([false, ...Array.from({ length: 9 }, () => true)])
})
