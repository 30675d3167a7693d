import { describe, expect, test } from 'vitest'
import type { ClientReport, PreviousLife } from '../../../src/contracts/report.js'
import type { Release } from '../../../src/core/release/release.js'
import { decideStaged } from '../../../src/rollouts/decide.js'
import { evidenceOf } from '../../../src/rollouts/explanation.js'
import type { GateAnswers } from '../../../src/rollouts/gate.js'
import type { StagedPlan } from '../../../src/rollouts/plan.js'
import type { Decision } from '../../../src/rollouts/policy.js'
import { staged } from '../../../src/rollouts/staged.js'
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
  withNames,
  word,
} from './fleet.js'

/** The watch begins at minute 10 and lasts half an hour; it is to be decided by minute 120. */
const OVER = 41

const runsIt = { phase: 'applied', digest: CANDIDATE, sinceMs: 1_800_000 } as const
const refused = {
  phase: 'rejected',
  refused: CANDIDATE,
  digest: STABLE,
  code: 'invalid-document',
  sinceMs: 1,
} as const

function watched(live: number, plan: Partial<StagedPlan> = {}): Release {
  return releaseOf(undefined, {
    stage: 3,
    state: 'watching',
    plan,
    stageStart: { position: START, at: minute(10), live, exposed: live, control: 0 },
  })
}

interface Heard {
  readonly reports: readonly ClientReport[]
  readonly at?: number
  readonly gates?: GateAnswers
}

const decide = (release: Release, { reports, at = OVER, gates = {} }: Heard): Decision =>
  withNames(decideStaged({ release, hasher }, { heard: heard(reports, at), gates }, minuteMs(at)))

/** A fleet whose first clients say something else than that they run it. */
const fleet = (
  live: number,
  {
    first = 0,
    say = {},
    at = OVER,
    silentSince,
  }: {
    readonly first?: number
    readonly say?: Parameters<typeof word>[2]
    readonly at?: number
    readonly silentSince?: number
  } = {},
): readonly ClientReport[] =>
  names(live).map((name, index) =>
    index < first ? word(name, silentSince ?? at, { ...runsIt, ...say }) : word(name, at, runsIt),
  )

const kinds = ({ explanation }: Decision): readonly string[] => explanation.unknowns.map(({ kind }) => kind)

describe('the end of a watch', () => {
  test('is good where the clients are healthy, and says how many', () => {
    const decision = decide(watched(60), { reports: fleet(60) })
    expect(decision).toMatchObject({ type: 'advance', next: { state: 'completed' } })
    expect(decision.explanation.why).toContain('60 of 60 clients are healthy')
  })

  test.each([
    ['nobody was heard', 60, { reports: [] }, 'too-few'],
    ['nobody runs it', 60, { reports: fleet(60, { first: 60, say: { digest: STABLE } }) }, 'not-applied'],
    [
      'every seventh does not run it',
      60,
      { reports: fleet(60, { first: 9, say: { digest: STABLE } }) },
      'not-applied',
    ],
    ['one of five refused it', 5, { reports: fleet(5, { first: 1, say: refused }) }, 'too-few'],
    [
      'they run it for too short a time',
      60,
      { reports: fleet(60, { first: 60, say: { sinceMs: 1 } }) },
      'baking',
    ],
    [
      'a gate does not know',
      60,
      { reports: fleet(60), gates: { g: { verdict: 'unknown', stage: 3, why: 'it threw' } } },
      'gate-unknown',
    ],
    ['a gate has not answered', 60, { reports: fleet(60) }, 'gate-waiting'],
  ] satisfies readonly (readonly [string, number, Heard, string])[])(
    'is unknown while %s, and somebody has to look once it is late',
    (_, live, evidence, kind) => {
      const gates = kind.startsWith('gate') ? [{ name: 'g', onBad: 'roll-back' as const }] : []
      const held = decide(watched(live, { gates }), evidence)
      expect([held.type, held.explanation.verdict, kinds(held)]).toEqual([
        'hold',
        'unknown',
        expect.arrayContaining([kind]),
      ])
      expect(held.explanation.wouldChange).not.toEqual([])
      const reports = evidence.reports.map(report => ({ ...report, receivedAt: minute(121) }))
      const late = decide(watched(live, { gates }), { ...evidence, reports, at: 121 })
      expect([late.type, late.explanation.why[0]]).toEqual([
        'pause',
        expect.stringContaining('not decided by'),
      ])
    },
  )

  test('comes by itself once what was unknown is known', () => {
    const release = watched(5)
    expect(decide(release, { reports: fleet(5, { first: 1, say: refused, at: 121 }), at: 121 }).type).toBe(
      'pause',
    )
    expect(decide(release, { reports: fleet(5, { at: 130 }), at: 130 })).toMatchObject({
      type: 'advance',
      next: { state: 'completed' },
    })
  })

  test('does not hold a death against a client that has run it through its bake since', () => {
    const previous: PreviousLife = {
      instanceId: 'client-0-0',
      end: 'abrupt',
      digest: CANDIDATE,
      ranMs: 1_000,
    }
    const reports = fleet(2, { first: 1, say: { previous }, silentSince: 40 })
    expect(decide(watched(2), { reports }).type).toBe('advance')
  })

  test('is judged by those who are there now, where a deploy has put others in the place of most', () => {
    const stopped = names(60).map(name => word(name, 20, { ...runsIt, phase: 'stopped' }))
    const others = Array.from({ length: 50 }, (_, index) =>
      word(`pod-${index}`, OVER, { ...runsIt, firstAt: 20 }),
    )
    expect(decide(watched(60), { reports: [...stopped, ...others] })).toMatchObject({
      type: 'advance',
      next: { state: 'completed' },
    })
    const without = others.map(report => ({ ...report, digest: STABLE }))
    expect(kinds(decide(watched(60), { reports: [...stopped, ...without] }))).toContain('not-applied')
    expect(kinds(decide(watched(60), { reports: stopped }))).toContain('too-few')
  })

  test('is not brought about by others while those with which it began are there', () => {
    const strangers = names(200).map(name => word(`x-${name}`, OVER, { ...runsIt, firstAt: 20 }))
    const reports = [...fleet(60, { first: 9, say: { digest: STABLE } }), ...strangers]
    expect(decide(watched(60), { reports }).type).toBe('hold')
  })
})

describe('while it is watched', () => {
  test('it is said how many run it', () => {
    const sayAt20 = (first: number): string =>
      decide(watched(60), { reports: fleet(60, { first, say: { digest: STABLE }, at: 20 }), at: 20 })
        .explanation.why[0] ?? ''
    expect(sayAt20(0)).toContain('all run it')
    expect(sayAt20(20)).toContain('40 of 60 clients run it')
  })

  test.each([
    ['the only client falls silent', 1, 1],
    ['one of two falls silent', 2, 1],
    ['seven of 60 fall silent', 60, 7],
  ])('somebody has to look when %s', (_, live, first) => {
    const decision = decide(watched(live), {
      reports: fleet(live, { first, silentSince: 12, at: 20 }),
      at: 20,
    })
    expect([decision.type, decision.explanation.why[0], kinds(decision)]).toEqual([
      'pause',
      expect.stringContaining('fell silent'),
      ['fleet-silent'],
    ])
  })

  test.each([
    ['one of three', 3, 1],
    ['six of 60', 60, 6],
  ])('%s that fall silent are not enough', (_, live, first) => {
    expect(
      decide(watched(live), { reports: fleet(live, { first, silentSince: 12, at: 20 }), at: 20 }).type,
    ).toBe('hold')
  })

  test('somebody has to look when the probes of more than a tenth say unhealthy', () => {
    const unwell = { health: { before: 'healthy', now: 'unhealthy' } } as unknown as Partial<ClientReport>
    const of = (first: number): Decision =>
      decide(watched(60), { reports: fleet(60, { first, say: unwell, at: 20 }), at: 20 })
    expect([of(7).type, of(7).explanation.why[0], kinds(of(7))]).toEqual([
      'pause',
      'the probes of 7 of 60 clients say unhealthy',
      ['fleet-unhealthy'],
    ])
    expect([of(6).type, kinds(of(6))]).toEqual(['hold', ['watching']])
  })

  test.each([1, 2])('a fleet of %d that has only just come is watched as well', live => {
    const come = (say: Parameters<typeof word>[2], at: number): readonly ClientReport[] =>
      names(live).map(name => word(name, at, { firstAt: 9.9, ...say }))
    const first = staged().start(startAt(10, heard(come({}, 10), 10)))
    expect(first).toMatchObject({ type: 'stage', next: { state: 'watching', start: { live } } })
    expect(decide(watched(live), { reports: come(refused, 11), at: 11 })).toMatchObject({ type: 'roll-back' })
    expect(decide(watched(live), { reports: come(runsIt, OVER) })).toMatchObject({
      next: { state: 'completed' },
    })
  })

  test('silence beside those who were held back takes it back, and withdraws nothing', () => {
    const members = membersFor(names(60).map(() => ({})))
    const audience = audienceAfter(PLAN.stages, members, 0.2)
    const exposed = exposedIn(audience, members)
    const of = (late: StagedPlan['late'], say: Parameters<typeof word>[2], at: number): Decision => {
      const running = releaseOf(audience, {
        stage: 3,
        plan: { holdback: 0.2, late },
        stageStart: {
          position: START,
          at: minute(10),
          live: 60,
          exposed: exposed.length,
          control: 60 - exposed.length,
        },
      })
      const { rollout } = running as Required<Release>
      const reports = names(60).map(name =>
        !exposed.includes(name)
          ? word(name, 20)
          : exposed.indexOf(name) < 40
            ? word(name, at, { ...runsIt, ...say })
            : word(name, 20, runsIt),
      )
      return decide({ ...running, rollout: { ...rollout, state: 'watching' } }, { reports, at: 20 })
    }
    expect(of('roll-back', {}, 12).type).toBe('retreat')
    expect(of('alarm', {}, 12).type).toBe('pause')
    expect(of('roll-back', refused, 20).type).toBe('roll-back')
  })
})

describe('a gate that is only recorded', () => {
  const gates = [{ name: 'g', onBad: 'record' as const }]
  const red: GateAnswers = { g: { verdict: 'bad', stage: 3, why: 'p99 is 3 s' } }
  const RECORDED = 'gate g is red and only recorded: p99 is 3 s'

  test('is written down with whatever is decided', () => {
    const release = watched(60, { gates })
    const ends = decide(release, { reports: fleet(60), gates: red })
    expect([ends.type, evidenceOf(ends.explanation, 'complete').why]).toEqual([
      'advance',
      expect.stringContaining(RECORDED),
    ])
    const goesBack = decide(release, { reports: fleet(60, { first: 30, say: refused }), gates: red })
    expect([goesBack.type, goesBack.explanation.why]).toEqual([
      'roll-back',
      expect.arrayContaining([RECORDED]),
    ])
    const holds = decide(release, { reports: fleet(60, { at: 20 }), at: 20, gates: red })
    expect([holds.type, holds.explanation.why]).toEqual(['hold', expect.arrayContaining([RECORDED])])
  })

  test('says as well that it does not know, and stands in nothing\u2019s way', () => {
    const unsure: GateAnswers = { g: { verdict: 'unknown', stage: 3, why: 'it threw' } }
    const decision = decide(watched(60, { gates }), { reports: fleet(60), gates: unsure })
    expect([decision.type, decision.explanation.why]).toEqual([
      'advance',
      expect.arrayContaining(['gate g does not know and is only recorded: it threw']),
    ])
  })

  test('is said before the start', () => {
    const policy = staged({
      gates: [{ name: 'g', onBad: 'record', check: async () => 'bad' as const }] as never,
    })
    const reports = names(60).map(name => word(name, 10))
    const answers: GateAnswers = { g: { verdict: 'bad', stage: 0, why: 'p99 is 3 s' } }
    expect(policy.start({ ...startAt(10, heard(reports, 10)), gates: answers })).toMatchObject({
      type: 'stage',
      says: expect.arrayContaining([RECORDED]),
    })
  })
})
