import fc from 'fast-check'
import jstat from 'jstat'
import { describe, expect, test } from 'vitest'
import { canReach, eValue, PAUSE_AT, ROLL_BACK_AT } from '../../../src/rollouts/e-process.js'
import { chanceOfAtLeast, chanceOfNone } from '../../../src/rollouts/hypergeometric.js'
import { excludedShare, healthyToExclude, sayResolvingPower } from '../../../src/rollouts/resolving-power.js'

/** A binomial coefficient, exactly. */
function choose(all: number, chosen: number): bigint {
  if (chosen < 0 || chosen > all) return 0n
  let value = 1n
  for (let index = 0; index < chosen; index += 1) value = (value * BigInt(all - index)) / BigInt(index + 1)
  return value
}
const ratio = (a: bigint, b: bigint): number => Number((a * 10n ** 18n) / b) / 1e18

const draw = fc
  .integer({ min: 1, max: 300 })
  .chain(all => fc.record({ all: fc.constant(all), marked: fc.nat(all), drawn: fc.nat(all) }))

describe('the hypergeometric distribution', () => {
  test('is that of exact arithmetic', () => {
    fc.assert(
      fc.property(draw, fc.nat(300), ({ all, marked, drawn }, least) => {
        const whole = choose(all, drawn)
        const none = chanceOfNone({ all, marked, drawn })
        expect(none).toBeCloseTo(ratio(choose(all - marked, drawn), whole), 9)
        expect(none).toBeCloseTo(jstat.hypgeom.pdf(0, all, marked, drawn), 6)
        let exact = 0n
        for (let hits = least; hits <= drawn; hits += 1)
          exact += choose(marked, hits) * choose(all - marked, drawn - hits)
        expect(chanceOfAtLeast({ all, marked, drawn }, least)).toBeCloseTo(ratio(exact, whole), 9)
      }),
    )
  })
})

describe('what a stage can see', () => {
  test.each([
    [60, 38],
    [20, 20],
    [1_000, 57],
    [1_000_000, 59],
    [1, 1],
  ])('of %i clients, faults that hit 5 %% are excluded by %i healthy ones', (live, needed) => {
    expect(healthyToExclude({ live, share: 0.05 })).toBe(needed)
  })

  test('is the share that a smaller sample would miss, and a larger one excludes', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 2, max: 400 }),
        fc.double({ min: 0.005, max: 1, noNaN: true }),
        (live, share) => {
          const healthy = healthyToExclude({ live, share })
          expect(excludedShare({ live, healthy })).toBeLessThanOrEqual(Math.ceil(share * live) / live)
          expect(excludedShare({ live, healthy: healthy - 1 })).toBeGreaterThan(
            (Math.ceil(share * live) - 1) / live,
          )
          // Each healthy client more makes the share smaller, or leaves it.
          expect(excludedShare({ live, healthy: Math.min(live, healthy + 1) })).toBeLessThanOrEqual(
            excludedShare({ live, healthy }),
          )
        },
      ),
    )
  })

  test('is said in a sentence', () => {
    expect(sayResolvingPower({ live: 60, healthy: 12 })).toBe(
      '12 of 60 clients; with no failure seen this excludes faults that hit more than 20 %; to exclude 5 % you need 38',
    )
    expect(sayResolvingPower({ live: 3, healthy: 1 })).toBe(
      '1 of 3 clients; too few to exclude any fault; to exclude faults that hit more than 5 % you need all 3',
    )
    expect(sayResolvingPower({ live: 20_000, healthy: 2_000 })).toBe(
      '2000 of 20000 clients; with no failure seen this excludes faults that hit more than 0.14 %',
    )
    expect(sayResolvingPower({ live: 0, healthy: 0 })).toBe('0 of 0 clients; too few to exclude any fault')
  })
})

describe('the e-value', () => {
  test('is the mean of the likelihood ratios of its alternatives', () => {
    const ratios = Array.from({ length: 24 }, (_, index) => 1.5 * (1_000 / 1.5) ** (index / 23))
    const count = fc.integer({ min: 1, max: 60 })
    fc.assert(
      fc.property(count, count, fc.nat(6), fc.nat(6), (exposed, control, failedExposed, failedControl) => {
        const failures = failedExposed + failedControl
        const q0 = exposed / (exposed + control)
        const chance = (q: number): number => jstat.binomial.pdf(failedExposed, failures, q)
        const terms = ratios.map(r => chance((r * q0) / (r * q0 + 1 - q0)) / chance(q0))
        const mean = terms.reduce((sum, term) => sum + term, 0) / terms.length
        const value = eValue({ exposed, control, failedExposed, failedControl })
        expect(value / mean).toBeCloseTo(1, 6)
      }),
    )
  })

  test.each([
    [6, 54, 3, 0, 'rolls back'],
    [6, 54, 2, 0, 'pauses'],
    [6, 54, 1, 0, 'goes on'],
    [100, 9_900, 2, 0, 'rolls back'],
    [100, 9_900, 1, 0, 'pauses'],
    [12, 48, 3, 0, 'pauses'],
    [12, 48, 4, 0, 'rolls back'],
    [30, 30, 3, 3, 'goes on'],
    [100, 9_900, 2, 198, 'goes on'],
    [0, 60, 0, 9, 'goes on'],
    [60, 0, 9, 0, 'goes on'],
  ])(
    'of %i and %i clients of which %i and %i failed %s%s',
    (exposed, control, failedExposed, failedControl, outcome) => {
      const value = eValue({ exposed, control, failedExposed, failedControl })
      expect(value >= ROLL_BACK_AT ? 'rolls back' : value >= PAUSE_AT ? 'pauses' : 'goes on').toBe(outcome)
    },
  )

  test('grows with each failure among the exposed and falls with each of the others, and stays a number', () => {
    const count = fc.integer({ min: 1, max: 100_000 })
    fc.assert(
      fc.property(
        count,
        count,
        fc.nat(2_000),
        fc.nat(2_000),
        (exposed, control, failedExposed, failedControl) => {
          const at = (more: number, others: number): number =>
            eValue({
              exposed,
              control,
              failedExposed: failedExposed + more,
              failedControl: failedControl + others,
            })
          expect(at(0, 0)).toBeGreaterThanOrEqual(0)
          expect(at(1, 0)).toBeGreaterThanOrEqual(at(0, 0))
          expect(at(0, 1)).toBeLessThanOrEqual(at(0, 0))
        },
      ),
    )
  })

  test('cannot reach its bound where the control group is too small', () => {
    expect(canReach({ exposed: 6, control: 54 }, ROLL_BACK_AT)).toBe(true)
    expect(canReach({ exposed: 1, control: 59 }, ROLL_BACK_AT)).toBe(false)
    expect(canReach({ exposed: 58, control: 2 }, ROLL_BACK_AT)).toBe(false)
    expect(canReach({ exposed: 60, control: 0 }, ROLL_BACK_AT)).toBe(false)
  })
})
