import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { ClientReport, StageMeasures } from '../../../src/contracts/report.js'
import { isNoticeboardError } from '../../../src/contracts/errors.js'
import type { Json } from '../../../src/contracts/json.js'
import { createRegistry } from '../../../src/fleet/registry.js'
import { decideStaged } from '../../../src/rollouts/decide.js'
import { explanationLines } from '../../../src/rollouts/explanation.js'
import { readStagedPlan, type PlannedGuardrail, type StagedPlan } from '../../../src/rollouts/plan.js'
import type { Decision } from '../../../src/rollouts/policy.js'
import { staged } from '../../../src/rollouts/staged.js'
import type { StagedOptions } from '../../../src/rollouts/staged-options.js'
import type { Stage } from '../../../src/rollouts/stage.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import {
  audienceAfter,
  CANDIDATE,
  exposedIn,
  hasher,
  heard,
  membersFor,
  minute,
  minuteMs,
  names,
  PLAN,
  releaseOf,
  STABLE,
  START,
  startAt,
  word,
} from './fleet.js'

const NOW = 20
const LIVE = 100
const LATENCY: PlannedGuardrail = {
  measure: 'latencyMs',
  worseBy: 0.2,
  direction: 'up',
  onBad: 'roll-back',
}

/** What a client measured through the bake: ten values of a mean. */
function measured(mean: number, change: Partial<StageMeasures> = {}): StageMeasures {
  return {
    stage: START,
    digest: STABLE,
    overMs: PLAN.bakeMs,
    numbers: [{ name: 'latencyMs', count: 10, sum: 10 * mean }],
    ...change,
  }
}

interface Given {
  readonly stage?: number
  readonly stages?: readonly Stage[]
  readonly guardrails?: readonly PlannedGuardrail[]
  readonly plan?: Partial<StagedPlan>
  readonly labels?: (index: number) => Readonly<Record<string, string>>
  /** The mean of a client, or its measures; the index counts exposed and others each from 0 on. */
  readonly exposed: (index: number) => number | StageMeasures | undefined
  readonly control: (index: number) => number | StageMeasures | undefined
  /** Changes the reports before they are judged. */
  readonly change?: (reports: readonly ClientReport[]) => readonly ClientReport[]
}

/** A stage of 100 clients, by default of half of them, that all are healthy. */
function decide({ stage = 2, guardrails = [LATENCY], labels = () => ({}), ...given }: Given): Decision {
  const members = membersFor(names(LIVE).map((_, index) => ({ labels: labels(index) })))
  const stages = given.stages ?? PLAN.stages
  const audience = audienceAfter(stages.slice(0, stage + 1), members)
  const isIn = new Set(exposedIn(audience, members))
  const counts = { live: LIVE, exposed: isIn.size, control: LIVE - isIn.size }
  const plan = { ...given.plan, stages, ...(guardrails.length > 0 && { guardrails }) }
  const stageStart = { position: START, at: minute(10), ...counts }
  const release = releaseOf(audience, { stage, plan, stageStart })
  let [inside, outside] = [0, 0]
  const reports = names(LIVE).map((clientId, index) => {
    const exposed = isIn.has(clientId)
    const said = exposed ? given.exposed(inside++) : given.control(outside++)
    const digest = exposed ? CANDIDATE : STABLE
    const measures = typeof said === 'number' ? measured(said, { digest }) : said
    return word(clientId, NOW, {
      labels: labels(index),
      digest,
      phase: 'applied',
      sinceMs: 300_000,
      ...(measures !== undefined && { measures }),
    })
  })
  const { change = all => all } = given
  return decideStaged({ release, hasher }, { heard: heard(change(reports), NOW), gates: {} }, minuteMs(NOW))
}

/** Means around one, each a little different. */
const around =
  (mean: number, spread = 0.2) =>
  (index: number): number =>
    mean * (1 + spread * (((index * 7) % 11) / 5 - 1))
const kinds = ({ explanation }: Decision): readonly string[] => explanation.unknowns.map(({ kind }) => kind)
const lines = ({ explanation }: Decision): string => explanationLines(explanation).join('\n')

describe('a number that is worse than is allowed', () => {
  test('takes the candidate back, and the explanation says both means and of how many clients', () => {
    const decision = decide({ exposed: around(15), control: around(10) })
    expect(decision.type).toBe('roll-back')
    expect(decision.explanation.verdict).toBe('bad')
    expect(decision.explanation.why[0]).toMatch(
      /^latencyMs is more than 20 % higher beyond chance: 1\d(\.\d)? in 50 exposed and [\d.]+ in 50 others$/,
    )
  })

  test('pauses or is only written down, where the plan says so', () => {
    const bad = { exposed: around(15), control: around(10) }
    expect(decide({ ...bad, guardrails: [{ ...LATENCY, onBad: 'pause' }] }).type).toBe('pause')
    const recorded = decide({ ...bad, guardrails: [{ ...LATENCY, onBad: 'record' }] })
    expect(recorded.type).toBe('advance')
    expect(lines(recorded)).toContain('only recorded: latencyMs is more than 20 % higher')
  })

  test('is one that is lower, where lower is worse', () => {
    const guardrails = [{ ...LATENCY, direction: 'down' as const }]
    expect(decide({ exposed: around(6), control: around(10), guardrails }).type).toBe('roll-back')
    expect(decide({ exposed: around(15), control: around(10), guardrails }).type).toBe('advance')
  })

  test('only pauses where a whole label is exposed: the label may be what is slow', () => {
    const stages: readonly Stage[] = [{ by: 'labels', labels: { zone: ['a'] } }, { by: 'all' }]
    const given: Given = {
      exposed: around(15),
      control: around(10),
      stages,
      stage: 0,
      labels: index => ({ zone: index % 2 === 0 ? 'a' : 'b' }),
    }
    expect(decide(given).type).toBe('pause')
  })
})

describe('a number that is as good as is allowed', () => {
  test.each([
    ['values lie close together', () => 10, /it is more than 20 % lower below [78](\.\d+)?$/],
    ['they are too scattered', (index: number) => (index % 10 === 0 ? 100 : 0.1), /lower at no value yet$/],
  ])('says below what a number would be too low when %s', (_, mean, text) => {
    const lower: PlannedGuardrail = { ...LATENCY, direction: 'down' }
    const decision = decide({ guardrails: [lower], exposed: mean, control: mean })
    expect(lines(decision)).toMatch(new RegExp(text.source, 'm'))
  })

  test('lets the stage go on, and the explanation says from where on it would be bad', () => {
    const decision = decide({ exposed: around(11), control: around(10) })
    expect(decision.type).toBe('advance')
    expect(lines(decision)).toMatch(
      /latencyMs is [\d.]+ in 50 exposed and [\d.]+ in 50 others; it is more than 20 % higher from [\d.]+ on/,
    )
  })

  test('is one that one loud client makes high: it is one voice, however many values it has', () => {
    const loud: StageMeasures = measured(0, {
      digest: CANDIDATE,
      numbers: [{ name: 'latencyMs', count: 1_000_000, sum: 100_000_000 }],
    })
    const decision = decide({
      exposed: index => (index === 0 ? loud : around(10)(index)),
      control: around(10),
    })
    expect(decision.type).toBe('advance')
    expect(lines(decision)).toContain('in 50 exposed')
  })
})

describe('a number that cannot be compared', () => {
  test('holds the stage as an unknown while fewer than twenty of either have measured through the bake', () => {
    const few = decide({
      exposed: index => (index < 19 ? 15 + index / 10 : undefined),
      control: around(10),
    })
    expect(few.type).toBe('hold')
    expect(kinds(few)).toEqual(['guardrail-waiting'])
    expect(lines(few)).toContain('by 19 exposed and 50 others: 20 of each are needed')
    expect(decide({ exposed: around(10), control: () => undefined }).type).toBe('hold')
  })

  test('is said and lets the stage go on, where the stage is too small for it', () => {
    const first = decide({ exposed: around(15), control: around(10), stage: 0 })
    expect(first.type).toBe('advance')
    expect(lines(first)).toContain('latencyMs cannot be compared with 1 exposed and 99 others')
    expect(decide({ exposed: around(15), control: () => undefined, stage: 3 }).type).toBe('advance')
  })

  test('holds nothing where it is only recorded', () => {
    const guardrails = [{ ...LATENCY, onBad: 'record' as const }]
    expect(decide({ exposed: () => undefined, control: () => undefined, guardrails }).type).toBe('advance')
  })
})

describe('what counts', () => {
  const bad: Given = { exposed: around(15), control: around(10) }

  test.each<[string, Partial<StageMeasures>]>([
    ['of another stage', { stage: { ...START, sequence: 6 } }],
    ['of a part of the bake', { overMs: PLAN.bakeMs - 1 }],
    ['of what ran before', { digest: STABLE }],
    ['of another number', { numbers: [{ name: 'errors', count: 10, sum: 900 }] }],
  ])('is not what exposed clients measured %s', (_, change) => {
    const decision = decide({
      ...bad,
      exposed: index => measured(around(15)(index), { digest: CANDIDATE, ...change }),
    })
    expect(kinds(decision)).toEqual(['guardrail-waiting'])
  })

  test('is not what others measured of the candidate, such as one that was taken back there', () => {
    const decision = decide({ ...bad, control: index => measured(around(10)(index), { digest: CANDIDATE }) })
    expect(kinds(decision)).toEqual(['guardrail-waiting'])
  })

  test('is no word of a stranger: fifty that come in the stage make nothing good and nothing bad', () => {
    const strangers = (mean: number): readonly ClientReport[] =>
      Array.from({ length: 50 }, (_, index) =>
        word(`stranger-${index}`, NOW, {
          firstAt: 12,
          measures: measured(mean + index / 10, { digest: index % 2 === 0 ? CANDIDATE : STABLE }),
        }),
      )
    const quiet: Given = { exposed: around(10), control: around(10) }
    const change =
      (mean: number) =>
      (reports: readonly ClientReport[]): readonly ClientReport[] => [...reports, ...strangers(mean)]
    expect(decide({ ...quiet, change: change(9_000) }).explanation).toEqual(decide(quiet).explanation)
    expect(decide({ ...bad, change: change(0) }).explanation).toEqual(decide(bad).explanation)
  })

  test('is no word of two that share a name', () => {
    const change = (reports: readonly ClientReport[]): readonly ClientReport[] =>
      reports.flatMap(report => [
        report,
        // Heard first in time, so an incumbent, and both go on reporting.
        { ...report, instanceId: `${report.instanceId}-twin`, firstHeardAt: minute(5) },
      ])
    expect(decide({ ...bad, change }).type).not.toBe('roll-back')
  })

  test('is a client that was started again once, by what all its lives measured through a bake', () => {
    const decision = decide({
      ...bad,
      change: reports =>
        reports.flatMap(report => {
          const { instanceId, clientId, measures } = report
          const next = word(clientId, NOW, {
            instanceId: `${clientId}-2`,
            firstAt: 19,
            phase: 'applied',
            sinceMs: 300_000,
            ...(report.digest !== undefined && { digest: report.digest }),
            ...(measures !== undefined && { measures: { ...measures, overMs: 60_000 } }),
            previous: { instanceId, end: 'clean', ranMs: 500_000 },
          })
          return [{ ...report, phase: 'stopped', receivedAt: minute(18.9) } as const, next]
        }),
    })
    expect(decision.type).toBe('roll-back')
    expect(decision.explanation.why[0]).toContain('in 50 exposed')
  })

  test('is one voice for all clients of one value of the label that the plan counts by', () => {
    const given: Given = { ...bad, plan: { cluster: 'host' }, labels: index => ({ host: `h${index % 10}` }) }
    const decision = decide(given)
    expect(decision.type).not.toBe('roll-back')
    expect(lines(decision)).toContain('cannot be compared with 10 exposed and 10 others')
  })

  test('is the same in whatever order reports come, and however often each of them does', () => {
    const of = (means: Given): readonly ClientReport[] => {
      let all: readonly ClientReport[] = []
      decide({ ...means, change: reports => (all = reports) })
      return all
    }
    const reports = of(bad)
    const told = decide(bad).explanation.why
    fc.assert(
      fc.property(fc.integer(), fc.nat(150), (seed, again) => {
        const random = seededRandom(seed)
        const clock = virtualClock({ startMs: minuteMs(0) })
        const registry = createRegistry({ clock })
        const sent = [...reports, ...reports.slice(0, again), ...reports.slice(0, again)]
        // What a client said before its bake was over comes late, and has no say any more.
        const early = reports.map(report => ({
          ...report,
          count: 1,
          ...(report.measures !== undefined && { measures: { ...report.measures, overMs: 1 } }),
        }))
        const arrivals = [...sent.map(report => ({ ...report, count: 2 })), ...early]
          .map(report => ({ report, at: random.number() }))
          .sort((a, b) => a.at - b.at)
        for (const { report } of arrivals) registry.add(report)
        const heardBy = registry.of('checkout/prod')
        const decision = decide({
          ...bad,
          change: () => heardBy.map(report => ({ ...report, receivedAt: minute(NOW) })),
        })
        expect(decision.explanation.why).toEqual(told)
      }),
      { numRuns: 10 },
    )
  })

  test('spends 1 % a stage, of which each guardrail has its part', () => {
    const other: PlannedGuardrail = { ...LATENCY, measure: 'errors' }
    const boundOf = (guardrails: readonly PlannedGuardrail[]): number => {
      const text = lines(decide({ exposed: around(10), control: around(10), guardrails }))
      return Number(/higher from ([\d.]+) on/.exec(text)?.[1])
    }
    const more = [LATENCY, { ...other, onBad: 'record' as const }]
    expect(boundOf(more)).toBeGreaterThan(boundOf([LATENCY]))
  })
})

describe('guardrails of a plan', () => {
  const planOf = (guardrails: NonNullable<StagedOptions['guardrails']>): Json => {
    const reports = names(60).map(name => word(name, NOW))
    const step = staged({ guardrails }).start(startAt(NOW, heard(reports, NOW)))
    if (step.type !== 'stage') throw new Error(step.type)
    expect(step.evidence?.measures).toEqual(guardrails.map(({ measure }) => measure))
    return step.plan
  }

  test('come back with their defaults, and clients are asked for what they name', () => {
    const plan = planOf([
      { measure: 'latencyMs', worseBy: 0.2 },
      { measure: 'done', worseBy: 0.01, direction: 'down', onBad: 'pause' },
    ])
    expect(readStagedPlan(plan).guardrails).toEqual([
      { measure: 'latencyMs', worseBy: 0.2, direction: 'up', onBad: 'roll-back' },
      { measure: 'done', worseBy: 0.01, direction: 'down', onBad: 'pause' },
    ])
  })

  const one = { measure: 'latencyMs', worseBy: 0.2, direction: 'up', onBad: 'roll-back' }
  test.each<[string, readonly object[]]>([
    ['a share below nothing', [{ ...one, worseBy: -0.1 }]],
    ['a share that is no number', [{ ...one, worseBy: '20%' }]],
    ['a share beyond all', [{ ...one, worseBy: 101 }]],
    ['all of it lower', [{ ...one, worseBy: 1, direction: 'down' }]],
    ['no direction that there is', [{ ...one, direction: 'sideways' }]],
    ['no name', [{ ...one, measure: '' }]],
    ['a name of 65 characters', [{ ...one, measure: 'x'.repeat(65) }]],
    ['something else to do', [{ ...one, onBad: 'cry' }]],
    ['one measure twice', [one, { ...one, worseBy: 0.3 }]],
    ['five of them', Array.from({ length: 5 }, (_, index) => ({ ...one, measure: `m${index}` }))],
  ])('are refused with %s, in a plan and as an option', (_, guardrails) => {
    const refusals: unknown[] = []
    for (const attempt of [
      () => readStagedPlan({ ...PLAN, guardrails } as unknown as Json),
      () => staged({ guardrails } as unknown as StagedOptions),
    ]) {
      try {
        attempt()
      } catch (error) {
        refusals.push(isNoticeboardError(error) ? error.code : error)
      }
    }
    expect(refusals).toEqual(['invalid-data', 'invalid-option'])
  })
})
