import fc from 'fast-check'
import { expect, test } from 'vitest'
import { fairShare } from '../../../src/fleet/fair-share.js'
import { firstToForget } from '../../../src/fleet/first-to-forget.js'

test('a fair share uses all of the total, takes from nobody who has less, and bounds nothing that fits', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(1_000), { maxLength: 12 }),
      fc.integer({ min: 1, max: 3_000 }),
      (wanted, total) => {
        const share = fairShare(wanted, total)
        const given = wanted.map(each => Math.min(each, share)).reduce((sum, each) => sum + each, 0)
        const all = wanted.reduce((sum, each) => sum + each, 0)
        expect(given).toBeCloseTo(Math.min(all, total), 6)
        expect(share === Number.POSITIVE_INFINITY).toBe(all <= total)
        expect(share).toBeGreaterThanOrEqual(total / Math.max(1, wanted.length))
      },
    ),
  )
})

test('who stopped is forgotten first, then who was heard for less than three periods, whatever period they say', () => {
  const start = Date.UTC(2026, 0, 1)
  const time = (minutes: number): string => new Date(start + minutes * 60_000).toISOString()
  const word = (name: string, first: number, last: number, more: object = {}) => ({
    name, phase: 'applied' as const, nextReportWithinMs: 1, firstHeardAt: time(first), receivedAt: time(last), ...more,
  }) // prettier-ignore
  const words = [
    word('settled', 0, 15),
    word('settled later', 0, 16),
    word('slow', 0, 20, { nextReportWithinMs: 600_000 }),
    word('newcomer', 6, 20),
    word('stopped', 0, 21, { phase: 'stopped' }),
    { ...word('once', 0, 2), firstHeardAt: undefined } as never,
  ]
  expect(firstToForget<(typeof words)[number]>(words).map(({ name }) => name)).toEqual([
    'stopped',
    'once',
    'slow',
    'newcomer',
    'settled',
    'settled later',
  ])
})
