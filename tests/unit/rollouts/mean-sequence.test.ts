import fc from 'fast-check'
import jstat from 'jstat'
import { describe, expect, test } from 'vitest'
import { marginOf, momentsOf } from '../../../src/rollouts/mean-sequence.js'

const ALPHA = 0.01

/**
 * The mean likelihood ratio of a Brownian motion that stands at `at` when its time is `time`: of
 * drifts that are half-normal with a variance, against none. It is a martingale of mean 1 without a
 * drift, so it passes 1 / alpha with a chance of alpha at most. Integrated by the trapezoidal rule.
 */
function mixture(at: number, time: number, priorVariance: number): number {
  const deviation = Math.sqrt(priorVariance)
  const steps = 40_000
  const width = (12 * deviation) / steps
  let sum = 0
  for (let step = 0; step <= steps; step += 1) {
    const drift = step * width
    const term = 2 * jstat.normal.pdf(drift, 0, deviation) * Math.exp(drift * at - (drift * drift * time) / 2)
    sum += step === 0 || step === steps ? term / 2 : term
  }
  return sum * width
}

const values = fc.array(fc.double({ min: 0, max: 1_000, noNaN: true }), { minLength: 20, maxLength: 60 })

describe('the margin of a confidence sequence', () => {
  test.each([
    { counts: [30, 270], planned: { exposed: 30, control: 270 }, factor: 1 },
    { counts: [20, 200], planned: { exposed: 100, control: 900 }, factor: 1.2 },
    { counts: [300, 40], planned: { exposed: 270, control: 30 }, factor: 0.8 },
  ])('is where the mixture of likelihood ratios has passed 1 / alpha, and hardly further: $counts', given => {
    const { counts, planned, factor } = given
    const [exposed = 0, control = 0] = counts
    const margin = marginOf(
      { count: exposed, mean: 0, variance: 4 },
      { count: control, mean: 0, variance: 4 },
      { alpha: ALPHA, factor, planned },
    )
    const V = 4 / exposed + (factor ** 2 * 4) / control
    const end = 4 / planned.exposed + (factor ** 2 * 4) / planned.control
    const a = -2 * Math.log(2 * ALPHA)
    // By the information expected in the end the prior is a + ln(1 + a).
    const reached = mixture(margin / V, 1 / V, end * (a + Math.log(1 + a)))
    expect(reached).toBeGreaterThan(1 / ALPHA)
    expect(reached).toBeLessThan(1.03 / ALPHA)
  })

  test('is what the formula of the paper gives, with the mean and the variance of jstat', () => {
    fc.assert(
      fc.property(values, values, (one, other) => {
        const [exposed, control] = [momentsOf(one), momentsOf(other)]
        expect(exposed.mean).toBeCloseTo(jstat.mean(one), 6)
        const [own, others] = [jstat.variance(one, true), jstat.variance(other, true)]
        expect(exposed.variance / own || 1).toBeCloseTo(1, 6)
        const inside = one.length < other.length ? Math.max(own, others) : own
        const outside = other.length < one.length ? Math.max(own, others) : others
        const V = inside / one.length + (1.44 * outside) / other.length
        // At the end rho^2 t is the value at which it is tightest: 10.0056 for 1 %.
        const expected = Math.sqrt(V * 2 * (11.0056 / 10.0056) * Math.log(1 + Math.sqrt(11.0056) / 0.02))
        const planned = { exposed: one.length, control: other.length }
        const margin = marginOf(exposed, control, { alpha: ALPHA, factor: 1.2, planned })
        expect(margin / expected || 1).toBeCloseTo(1, 4)
      }),
    )
  })

  test('is tightest, for the variance that there is, when all have reported that are expected', () => {
    const at = (planned: number): number =>
      marginOf(
        { count: 100, mean: 0, variance: 1 },
        { count: 900, mean: 0, variance: 1 },
        { alpha: ALPHA, factor: 1, planned: { exposed: planned, control: 9 * planned } },
      )
    expect(at(100)).toBeLessThan(at(50))
    expect(at(100)).toBeLessThan(at(200))
    const least = Math.min(...Array.from({ length: 300 }, (_, index) => at(20 + index)))
    expect(at(100) / least).toBeLessThan(1.002)
  })

  test('is nothing where no value differs from another, and grows with a lower alpha', () => {
    const even = { count: 30, mean: 5, variance: 0 }
    const planned = { exposed: 30, control: 30 }
    expect(marginOf(even, even, { alpha: ALPHA, factor: 1.2, planned })).toBe(0)
    const spread = { ...even, variance: 1 }
    const at = (alpha: number): number => marginOf(spread, spread, { alpha, factor: 1, planned })
    expect(at(0.0025)).toBeGreaterThan(at(0.01))
  })

  test('follows from the values and not from their order, to the last digit', () => {
    fc.assert(
      fc.property(
        values.chain(given =>
          fc.tuple(fc.constant(given), fc.shuffledSubarray(given, { minLength: given.length })),
        ),
        ([given, shuffled]) => {
          expect(momentsOf(shuffled)).toEqual(momentsOf(given))
        },
      ),
    )
  })
})
