import fc from 'fast-check'
import { expect, test } from 'vitest'
import { shrink } from '../../../src/sim/index.js'

test('what fails because of some parts together is left with exactly these, in their order', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.integer({ min: 1, max: 60 }),
      fc.array(fc.nat(), { maxLength: 5 }),
      async (count, picks) => {
        const parts = Array.from({ length: count }, (_, index) => index)
        const needed = [...new Set(picks.map(pick => pick % count))].sort((a, b) => a - b)
        const left = await shrink(parts, async kept => needed.every(part => kept.includes(part)))
        expect(left).toEqual(needed)
      },
    ),
    { numRuns: 50 },
  )
})

test('shrinking stops after so many attempts or when it is aborted, with the smallest that failed', async () => {
  const parts = Array.from({ length: 40 }, (_, index) => index)
  const smaller: number[] = []
  const onSmaller = (left: readonly number[]): void => void smaller.push(left.length)
  expect(await shrink(parts, async () => true, { maxAttempts: 2, onSmaller })).toHaveLength(24)
  expect(smaller).toEqual([32, 24])
  const stop = new AbortController()
  const left = await shrink(
    parts,
    async () => {
      stop.abort()
      return true
    },
    { signal: stop.signal },
  )
  expect(left).toHaveLength(32)
  expect(await shrink([], async () => true)).toEqual([])
})
