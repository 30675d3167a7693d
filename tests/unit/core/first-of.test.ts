import { expect, test } from 'vitest'
import { firstOf } from '../../../src/core/first-of.js'

test('the first items are taken, and no more is gone through', () => {
  let taken = 0
  function* numbers() {
    for (;;) yield (taken += 1)
  }
  expect([firstOf(numbers(), 3), taken]).toEqual([[1, 2, 3], 3])
  expect([firstOf(numbers(), 0), taken]).toEqual([[], 3])
  expect(firstOf(new Set(['a']), 2)).toEqual(['a'])
})
