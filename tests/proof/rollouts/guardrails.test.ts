import { describe, expect, test } from 'vitest'
import { GUARDRAIL_ALPHA } from '../../../src/rollouts/guardrail.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { scaled, SCALED_LIMIT_MS, WHOLE } from '../../support/scale.js'
import { DISTRIBUTIONS, RULES, runTrial, SIZES, type Rule, type TrialKind } from './guardrail-trial.js'

/** Stages of each kind. */
const TRIALS = scaled({ share: 20, whole: 5_000 })

const DIRECTIONS = [
  { name: 'nothing worse is allowed, up', sign: 1, factor: 1 },
  { name: 'nothing worse is allowed, down', sign: -1, factor: 1 },
  { name: '20 % is allowed, and is so, up', sign: 1, factor: 1.2 },
  { name: '20 % is allowed, and is so, down', sign: -1, factor: 0.8 },
] as const

interface Row {
  readonly kind: string
  readonly alarms: number
}

/** The false alarms of candidates that are as much worse as is just allowed, by kind of stage. */
function falseAlarms(rule: Rule, trials: number): readonly Row[] {
  return Object.entries(DISTRIBUTIONS).flatMap(([shape, draw]) =>
    SIZES.flatMap(([exposed, control]) =>
      DIRECTIONS.map(({ name, sign, factor }): Row => {
        const random = seededRandom(exposed * control + shape.length)
        const kind: TrialKind = { draw, exposed, control, factor, effect: factor, sign }
        let alarms = 0
        for (let trial = 0; trial < trials; trial += 1)
          if (runTrial(kind, rule, random) !== undefined) alarms += 1
        return { kind: `${exposed} of ${exposed + control}, ${shape}, ${name}`, alarms }
      }),
    ),
  )
}

const spreadOf = (name: string): TrialKind['draw'] => {
  const draw = DISTRIBUTIONS[name]
  if (draw === undefined) throw new Error(`no spread is called ${name}`)
  return draw
}
const worst = (rows: readonly Row[]): Row => rows.reduce((a, b) => (b.alarms > a.alarms ? b : a))
const all = (rows: readonly Row[]): number => rows.reduce((sum, { alarms }) => sum + alarms, 0)

describe('a guardrail whose number is just as much worse as is allowed', () => {
  test(
    'alarms in one of a hundred stages at most, for every spread, size and direction, looked at after each client',
    { timeout: SCALED_LIMIT_MS },
    () => {
      const rows = falseAlarms(RULES.sequence, TRIALS)
      const { kind, alarms } = worst(rows)
      const allowed = GUARDRAIL_ALPHA + 4 * Math.sqrt((GUARDRAIL_ALPHA * (1 - GUARDRAIL_ALPHA)) / TRIALS)
      if (WHOLE)
        console.log(
          `false alarms: ${((100 * all(rows)) / rows.length / TRIALS).toFixed(2)} % of all, at most ${((100 * alarms) / TRIALS).toFixed(2)} % (${kind})`,
        )
      expect(alarms / TRIALS, kind).toBeLessThanOrEqual(allowed)
      expect(all(rows) / rows.length / TRIALS).toBeLessThan(GUARDRAIL_ALPHA)
    },
  )

  test('would alarm far more often by a test that is made for one look, or by the variance that a small group shows itself', () => {
    const shareOfAlarms = (spread: string, rule: Rule): number => {
      const random = seededRandom(3)
      const kind: TrialKind = {
        draw: spreadOf(spread),
        exposed: 100,
        control: 900,
        factor: 1,
        effect: 1,
        sign: -1,
      }
      return (
        Array.from({ length: 150 }, () => runTrial(kind, rule, random)).filter(at => at !== undefined)
          .length / 150
      )
    }
    expect(shareOfAlarms('normal', RULES['one look'])).toBeGreaterThan(0.03)
    expect(shareOfAlarms('normal', RULES.sequence)).toBeLessThan(0.02)
    const rare = 'a tenth is ten times as slow'
    expect(shareOfAlarms(rare, RULES['own variances'])).toBeGreaterThan(0.05)
    expect(shareOfAlarms(rare, RULES.sequence)).toBeLessThan(0.02)
  })
})

describe('a guardrail whose number is worse than is allowed', () => {
  test.each([
    { spread: 'log-normal, s = 0.5', exposed: 30, control: 30, effect: 3 },
    { spread: 'log-normal, s = 0.5', exposed: 30, control: 270, effect: 3 },
    { spread: 'log-normal, s = 0.5', exposed: 100, control: 900, effect: 2 },
    { spread: 'log-normal, s = 0.5', exposed: 500, control: 4_500, effect: 1.5 },
    { spread: 'normal', exposed: 500, control: 4_500, effect: 1.3 },
  ])(
    'alarms in $exposed clients and $control others that it makes $effect times as slow, 20 % being allowed: $spread',
    ({ spread, ...sizes }) => {
      const draw = spreadOf(spread)
      const random = seededRandom(sizes.exposed)
      const trials = scaled({ share: 40, whole: 2_000 })
      const found = Array.from({ length: trials }, () =>
        runTrial({ draw, factor: 1.2, sign: 1, ...sizes }, RULES.sequence, random),
      ).filter(count => count !== undefined)
      const mean = found.reduce((sum, count) => sum + count, 0) / found.length
      if (WHOLE)
        console.log(
          `${spread}, ${sizes.exposed} of ${sizes.exposed + sizes.control}, ${sizes.effect} times as slow: caught in ${((100 * found.length) / trials).toFixed(1)} %, after ${mean.toFixed(0)} exposed clients`,
        )
      expect(found.length / trials).toBeGreaterThan(0.95)
      expect(mean).toBeLessThanOrEqual(sizes.exposed)
    },
  )
})
