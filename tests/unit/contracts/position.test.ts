import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  comparePositions,
  epochNumber,
  formatPosition,
  isEpoch,
  isSequence,
  nextPosition,
  parsePosition,
  type PositionOrder,
  type Position,
} from '../../../src/contracts/index.js'

/** Few values, so that equal numbers and forks are drawn often. */
const position: fc.Arbitrary<Position> = fc.record({
  epoch: fc
    .tuple(fc.constantFrom(1, 2, 9, 10, 999_999_999), fc.constantFrom('00000000', '9f3a01bc', 'ffffffff'))
    .map(([n, suffix]) => `${n}-${suffix}`),
  sequence: fc.oneof(
    { weight: 3, arbitrary: fc.integer({ min: 1, max: 3 }) },
    fc.integer({ min: 1, max: Number.MAX_SAFE_INTEGER }),
  ),
})
const opposite: Record<PositionOrder, PositionOrder> = {
  older: 'newer',
  newer: 'older',
  same: 'same',
  fork: 'fork',
}

describe('positions', () => {
  it('are ordered, forks apart', () => {
    const seen = new Set<PositionOrder>()
    fc.assert(
      fc.property(position, position, position, (a, b, c) => {
        const order = comparePositions(a, b)
        seen.add(order)
        expect(comparePositions(b, a)).toBe(opposite[order])
        expect(comparePositions(a, a)).toBe('same')
        expect(order === 'same').toBe(formatPosition(a) === formatPosition(b))
        expect(order === 'fork').toBe(a.epoch !== b.epoch && epochNumber(a.epoch) === epochNumber(b.epoch))
        if (order === 'newer' && comparePositions(b, c) === 'newer')
          expect(comparePositions(a, c)).toBe('newer')
      }),
      { numRuns: 1_000 },
    )
    expect([...seen].sort()).toEqual(['fork', 'newer', 'older', 'same'])
  })

  it('are ordered by number and not by text', () => {
    expect(comparePositions(parsePosition('10-00000000:1'), parsePosition('9-ffffffff:7'))).toBe('newer')
    expect(comparePositions(parsePosition('1-00000000:10'), parsePosition('1-00000000:9'))).toBe('newer')
  })

  it('are read as they are written', () => {
    fc.assert(
      fc.property(position, value => {
        expect(parsePosition(formatPosition(value))).toEqual(value)
      }),
    )
    for (const text of [
      '',
      ':',
      '1-9f3a01bc',
      '1-9f3a01bc:',
      '1-9f3a01bc:0',
      '1-9f3a01bc:01',
      '1-9f3a01bc:1.0',
      '1-9f3a01bc:1e3',
      '1-9f3a01bc: 1',
      '1-9f3a01bc:9007199254740992',
      '1-9F3A01BC:1',
      '0-9f3a01bc:1',
      '01-9f3a01bc:1',
      '1-9f3a01b:1',
      '1000000000-9f3a01bc:1',
      '1-9f3a01bc:1:2',
      '1-9f3a01bc:1\n',
    ]) {
      expect(() => parsePosition(text)).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    }
  })

  it('are followed by the next one in their epoch', () => {
    fc.assert(
      fc.property(
        position.filter(({ sequence }) => sequence < Number.MAX_SAFE_INTEGER),
        value => {
          expect(comparePositions(nextPosition(value), value)).toBe('newer')
          expect(nextPosition(value)).toEqual({ epoch: value.epoch, sequence: value.sequence + 1 })
        },
      ),
    )
  })

  it('refuse epochs that are none', () => {
    for (const text of ['', '1', '1-', 'x-9f3a01bc', '-1-9f3a01bc', '1-9f3a01bc\n', '1_9f3a01bc']) {
      expect(isEpoch(text)).toBe(false)
      expect(() => epochNumber(text)).toThrow(expect.objectContaining({ code: 'invalid-data' }))
    }
    for (const value of [0, -1, 1.5, 2 ** 53, Number.NaN, Infinity, '1', undefined])
      expect(isSequence(value)).toBe(false)
  })
})
