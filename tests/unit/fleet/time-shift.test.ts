import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { clockAhead, shiftTimes } from '../../../src/fleet/time-shift.js'
import { reportOf } from '../../support/report-of.js'

const START_MS = Date.parse('2026-01-01T00:00:00.000Z')
const time = (afterMs: number): string => new Date(START_MS + afterMs).toISOString()

/** Answers of a clock that is so much ahead, each of which takes its time there and back. */
const exchanges = fc.record({
  aheadMs: fc.integer({ min: -86_400_000, max: 86_400_000 }),
  ways: fc.array(fc.record({ there: fc.nat(5_000), back: fc.nat(5_000) }), { minLength: 1, maxLength: 20 }),
})
const answerOf = (aheadMs: number, at: number, { there, back }: { there: number; back: number }) => {
  const askedAtMs = START_MS + at * 60_000
  return { askedAtMs, answeredAtMs: askedAtMs + there + back, asOfMs: askedAtMs + there + aheadMs }
}

describe('how far another clock is ahead', () => {
  test('is known as exactly as its fastest answer allows, and does not waver after that', () => {
    fc.assert(
      fc.property(exchanges, ({ aheadMs, ways }) => {
        let known = 0
        let off = Number.POSITIVE_INFINITY
        let fastest = Number.POSITIVE_INFINITY
        for (const [at, way] of ways.entries()) {
          known = clockAhead(known, answerOf(aheadMs, at, way))
          fastest = Math.min(fastest, way.there + way.back)
          expect(Math.abs(known - aheadMs)).toBeLessThanOrEqual(Math.min(off, fastest))
          off = Math.abs(known - aheadMs)
        }
        const before = known
        for (const [at, way] of ways.entries()) known = clockAhead(known, answerOf(aheadMs, at, way))
        expect(known).toBe(before)
      }),
    )
  })

  test('is nothing where both are one clock, however long its answers take', () => {
    fc.assert(
      fc.property(exchanges, ({ ways }) => {
        for (const [at, way] of ways.entries()) expect(clockAhead(0, answerOf(0, at, way))).toBeCloseTo(0)
      }),
    )
  })
})

test('times are told by the other clock, and none of them after its answer', () => {
  const reports = [
    reportOf({ namespace: 'a', instanceId: 'x', firstHeardAt: time(1_000), receivedAt: time(4_000) }),
    reportOf({ namespace: 'a', instanceId: 'unstamped' }),
  ]
  for (const aheadMs of [-3_600_000, 0, 3_600_000])
    expect(shiftTimes({ since: time(0), reports }, { aheadMs, asOf: time(aheadMs + 3_000) })).toEqual({
      since: time(aheadMs),
      asOf: time(aheadMs + 3_000),
      reports: [
        { ...reports[0], firstHeardAt: time(aheadMs + 1_000), receivedAt: time(aheadMs + 3_000) },
        reports[1],
      ],
    })
})
