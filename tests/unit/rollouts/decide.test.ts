import { describe, expect, test } from 'vitest'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { Audience } from '../../../src/core/release/audience.js'
import type { Release } from '../../../src/core/release/release.js'
import type { RolloutState } from '../../../src/core/release/rollout.js'
import { isWider } from '../../../src/rollouts/cohort.js'
import { decideStaged } from '../../../src/rollouts/decide.js'
import { evidenceOf, explanationLines } from '../../../src/rollouts/explanation.js'
import type { GateAnswers } from '../../../src/rollouts/gate.js'
import { membersOf } from '../../../src/rollouts/members.js'
import type { StagedPlan } from '../../../src/rollouts/plan.js'
import type { Decision } from '../../../src/rollouts/policy.js'
import type { Stage } from '../../../src/rollouts/stage.js'
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
  withNames,
  word,
} from './fleet.js'

const NOW = 20

/** A stage of a fleet: who is in its audience, and the release of it. */
interface Place {
  readonly exposed: ReadonlySet<string>
  readonly release: Release
}

interface Shape {
  readonly live?: number
  readonly stage?: number
  readonly rollout?: Partial<Omit<RolloutState, 'plan'>>
  readonly plan?: Partial<StagedPlan>
  readonly labels?: (index: number) => Readonly<Record<string, string>>
}

function place({ live = 60, stage = 0, rollout = {}, plan = {}, labels = () => ({}) }: Shape = {}): Place {
  const members = membersFor(names(live).map((_, index) => ({ labels: labels(index) })))
  const { stages } = { ...PLAN, ...plan }
  const audience = audienceAfter(stages.slice(0, stage + 1), members, plan.holdback)
  const exposed = rollout.state === 'watching' ? names(live) : exposedIn(audience, members)
  const counts = { live, exposed: exposed.length, control: live - exposed.length }
  return {
    exposed: new Set(exposed),
    release: releaseOf(audience, {
      stage,
      ...rollout,
      plan,
      stageStart: { position: START, at: minute(10), ...counts, ...rollout.stageStart },
    }),
  }
}

const WELL: Partial<ClientReport> = { phase: 'applied', digest: CANDIDATE, sinceMs: 300_000 }

/** What clients say at minute 20; the index counts the exposed, and then the others, from 0 on. */
interface Said {
  readonly exposed?: (index: number, name: string) => Partial<ClientReport> | undefined
  readonly control?: (index: number, name: string) => Partial<ClientReport> | undefined
  readonly more?: readonly ClientReport[]
  readonly at?: number
  readonly gates?: GateAnswers
  readonly labels?: Shape['labels']
}

function decide({ release, exposed }: Place, said: Said = {}): Decision {
  const { more = [], at = NOW, gates = {}, labels = () => ({}) } = said
  let [inside, outside] = [0, 0]
  const live = release.rollout?.stageStart.live ?? 0
  const reports = names(live).map((name, index) => {
    const isIn = exposed.has(name)
    const given = isIn ? said.exposed?.(inside++, name) : said.control?.(outside++, name)
    const { receivedAt = minute(at), ...rest } = given ?? {}
    return { ...word(name, at, { labels: labels(index), ...(isIn ? WELL : {}), ...rest }), receivedAt }
  })
  const evidence = { heard: heard([...reports, ...more], at), gates }
  return withNames(decideStaged({ release, hasher }, evidence, minuteMs(at)))
}

/** Whom an audience exposes of the sixty clients that most places have. */
const exposedOf60 = (audience: Audience | undefined): ReadonlySet<string> =>
  new Set(exposedIn(audience as Audience, membersFor(names(60).map(() => ({})))))
const kinds = ({ explanation }: Decision): readonly string[] => explanation.unknowns.map(({ kind }) => kind)
const rejected: Partial<ClientReport> = {
  phase: 'rejected',
  refused: CANDIDATE,
  digest: STABLE,
  code: 'invalid-document',
}
const silent: Partial<ClientReport> = { receivedAt: minute(12) }
/** The client died on the candidate, and what was there before has outlived that. */
const diedOn = (name: string): readonly ClientReport[] => [
  word(name, NOW, {
    instanceId: `${name}-2`,
    firstAt: 15,
    phase: 'applied',
    digest: STABLE,
    sinceMs: 200_000,
    previous: { instanceId: `${name}-1`, digest: CANDIDATE, end: 'abrupt', ranMs: 300 },
  }),
]
const named = (of: Place, index: number): string => [...of.exposed].at(index) ?? ''
const first = (count: number, more: Partial<ClientReport>) => (index: number) =>
  index < count ? more : undefined

describe('a stage that is good', () => {
  test.each([0, 1, 2])('%i goes on to the next one, wider, with the numbers of its start', stage => {
    const where = place({ stage })
    const decision = decide(where)
    if (decision.type !== 'advance') throw new Error(decision.explanation.why.join())
    const { next } = decision
    expect(next).toMatchObject({ state: 'running', stage: stage + 1, start: { at: minute(NOW), live: 60 } })
    expect(next.start.exposed).toBe([6, 30, 60][stage])
    expect(next.start.control).toBe(60 - next.start.exposed)
    expect(next.start.before).toEqual({ control: 60 - where.exposed.size, failed: 0 })
    expect(isWider(next.audience as Audience, where.release.audience as Audience)).toBe(true)
    expect(decision.explanation.verdict).toBe('good')
  })

  test('becomes the watch after the last one, and the watch ends by itself', () => {
    const decision = decide(place({ stage: 3 }))
    expect(decision).toMatchObject({
      type: 'advance',
      next: { state: 'watching', audience: undefined, start: { exposed: 60, control: 0 } },
    })
    const watch = place({ stage: 3, rollout: { state: 'watching' } })
    expect(decide(watch)).toMatchObject({ type: 'hold' })
    expect(decide(watch, { at: 41 })).toMatchObject({ type: 'advance', next: { state: 'completed' } })
  })

  test('needs the word of nine in ten, and of all where they are fewer than ten', () => {
    const lagging: Partial<ClientReport> = { sinceMs: 1_000 }
    expect(decide(place({ stage: 2 }), { exposed: first(3, lagging) }).type).toBe('advance')
    const held = decide(place({ stage: 2 }), { exposed: first(4, lagging) })
    expect([held.type, kinds(held)]).toEqual(['hold', ['baking', 'too-few']])
    expect(decide(place({ stage: 1 }), { exposed: first(1, lagging) }).type).toBe('hold')
  })

  test('rounds the number of clients that it needs up', () => {
    const said = (lagging: number) => (index: number) =>
      index < 2 ? ({ phase: 'paused' } as const) : index < 2 + lagging ? { sinceMs: 1 } : undefined
    // Of 28 that are asked, 26.
    expect(decide(place({ stage: 2 }), { exposed: said(2) }).type).toBe('advance')
    expect(decide(place({ stage: 2 }), { exposed: said(3) }).type).toBe('hold')
  })

  test('does not wait for those who are paused, stopped, invented for one life or without a timer', () => {
    const excuses = [
      { phase: 'paused' },
      { phase: 'stopped' },
      { ephemeral: true },
      { nextReportWithinMs: undefined },
    ] as const
    const decision = decide(place({ stage: 2 }), { exposed: index => excuses[index] })
    expect(decision.type).toBe('advance')
    expect(decision.explanation.counts).toMatchObject({
      'left-out:paused': 1,
      'left-out:stopped': 1,
      healthy: 26,
    })
  })

  test('says how many of the exposed are not protected, and by when it is to be decided', () => {
    const { explanation } = decide(place({ stage: 2 }), {
      exposed: index => ({ sinceMs: 1, protection: index < 3 ? 'none' : 'disk' }),
      control: () => ({ protection: 'none' }),
    })
    expect(explanation).toMatchObject({ counts: { exposed: 30, unprotected: 3 }, decideBy: minute(120) })
    const lines = explanationLines(explanation)
    expect(lines).toContain(
      '3 of 30 clients are not protected: their state does not outlive a restart, or did not answer in time; noticeboard status --all marks them',
    )
    expect(lines.at(-1)).toBe(`to be decided by ${minute(120)}`)
  })

  test('is not reached because a store forgot who was in it', () => {
    const where = place({ stage: 2 })
    const reports = names(60).filter(name => !where.exposed.has(name) || name === named(where, 0))
    const evidence = {
      heard: heard(
        reports.map(name => word(name, NOW, where.exposed.has(name) ? WELL : {})),
        NOW,
      ),
      gates: {},
    }
    const decision = decideStaged({ release: where.release, hasher }, evidence, minuteMs(NOW))
    expect([decision.type, kinds(decision)]).toEqual(['hold', ['too-few']])
  })

  test('waits until nine in ten of all live clients have seen it', () => {
    const behind = { seen: { ...START, sequence: START.sequence - 1 } }
    expect(decide(place(), { control: first(6, behind) }).type).toBe('advance')
    const held = decide(place(), { control: first(7, behind) })
    expect([held.type, kinds(held)]).toEqual(['hold', ['not-seen']])
  })

  test('waits for every client that was named, but for those who stopped', () => {
    const plan = { stages: [{ by: 'share', share: 0.5 }, { by: 'all' }] } as const
    const where = place({ plan })
    const name = [...where.exposed][0] ?? ''
    const id = audienceAfter(
      [{ by: 'count', count: 1 }],
      membersOf(heard([word(name, 0)], 0), minuteMs(0)),
    ).clauses
    const audience = { ...(where.release.audience as Audience) }
    const withName: Place = {
      ...where,
      release: { ...where.release, audience: { ...audience, clauses: [...audience.clauses, ...id] } },
    }
    expect(decide(withName, { exposed: first(1, { sinceMs: 1 }) }).type).toBe('hold')
    expect(decide(where, { exposed: first(1, { sinceMs: 1 }) }).type).toBe('advance')
    expect(decide(withName, { exposed: first(1, { phase: 'stopped' }) }).type).toBe('advance')
  })
})

describe('a failure in the first two stages', () => {
  test.each([0, 1])('that a client claims in its own words is enough (%i)', stage => {
    const decision = decide(place({ stage }), { exposed: first(1, rejected) })
    expect([decision.type, decision.explanation.verdict]).toEqual(['roll-back', 'bad'])
    expect(decision.explanation.exceptions[0]).toMatchObject({ kind: 'rejected', code: 'invalid-document' })
  })

  test.each([0, 1])('that is a quarantine is enough as well (%i)', stage => {
    const quarantined = { phase: 'quarantined', refused: CANDIDATE, digest: STABLE } as const
    const decision = decide(place({ stage }), { exposed: first(1, quarantined) })
    expect([decision.type, decision.explanation.why[0]]).toEqual([
      'roll-back',
      `1 quarantined in stage ${stage + 1}`,
    ])
  })

  test.each([0, 1])('that is a veto of the application is enough as well (%i)', stage => {
    const vetoed: Partial<ClientReport> = { ...rejected, code: 'vetoed', validator: 'database' }
    const decision = decide(place({ stage }), { exposed: first(1, vetoed) })
    expect([decision.type, decision.explanation.verdict]).toEqual(['roll-back', 'bad'])
    expect(decision.explanation.why[0]).toBe(`1 vetoed in stage ${stage + 1}`)
    expect(decision.explanation.exceptions[0]).toMatchObject({ kind: 'vetoed', validator: 'database' })
    // A client that was asked again and runs it has not failed.
    expect(decide(place({ stage }), { exposed: first(1, {}) }).type).toBe('advance')
  })

  test('that is an abrupt end or silence exposes one client more, and a second one is bad', () => {
    const where = place({ stage: 1 })
    const one = decide(where, { more: diedOn(named(where, 0)) })
    if (one.type !== 'widen') throw new Error(one.explanation.why.join())
    expect([one.explanation.verdict, kinds(one)]).toEqual(['unknown', ['one-failure']])
    expect(one.next.start).toMatchObject({
      exposed: 7,
      control: 53,
      added: 1,
      at: minute(10),
      position: START,
    })
    const two = decide(where, { more: [...diedOn(named(where, 0)), ...diedOn(named(where, 1))] })
    expect(two.type).toBe('roll-back')

    const quiet = decide(where, { exposed: first(1, silent) })
    expect(quiet.type).toBe('widen')
    // Where nothing is known but silence, the candidate is not withdrawn.
    expect(decide(where, { exposed: first(2, silent) }).type).toBe('retreat')
    expect(decide(where, { exposed: first(1, silent), more: diedOn(named(where, 1)) }).type).toBe('roll-back')
  })

  test('of one client is made up for by a healthy one in its place', () => {
    const before = place({ stage: 1 })
    const widened = decide(before, { more: diedOn(named(before, 0)) })
    if (widened.type !== 'widen') throw new Error('it widens')
    const { audience, start } = widened.next
    const exposed = exposedOf60(audience)
    expect(exposed.size).toBe(7)
    const release = releaseOf(audience, { stage: 1, stageStart: { position: START, ...start } })
    const after: Place = { exposed, release }
    expect(decide(after, { more: diedOn(named(before, 0)) }).type).toBe('advance')
    // It is asked once.
    expect(
      decide(after, {
        more: diedOn(named(before, 0)),
        exposed: index => (index === 6 ? { sinceMs: 1 } : undefined),
      }).type,
    ).toBe('hold')
    expect(decide(after, { more: [...diedOn(named(before, 0)), ...diedOn(named(before, 1))] }).type).toBe(
      'roll-back',
    )
  })

  test("is nobody's fault while the fleet fails outside the audience too", () => {
    const where = place({ stage: 1 })
    const everywhere = { exposed: first(2, silent), control: first(18, silent) }
    const partition = decide(where, everywhere)
    expect([partition.type, kinds(partition)]).toEqual(['hold', expect.arrayContaining(['control-silent'])])
    // Those outside are not silent yet, and were not heard of late either.
    const early = decide(where, {
      exposed: first(2, silent),
      control: () => ({ receivedAt: minute(NOW - 2) }),
    })
    expect([early.type, kinds(early)]).toEqual(['hold', expect.arrayContaining(['control-silent'])])
    const deploy = decide(where, {
      more: [
        ...where.exposed,
        ...names(60)
          .filter(name => !where.exposed.has(name))
          .slice(0, 20),
      ].flatMap(diedOn),
    })
    expect([deploy.type, kinds(deploy)]).toEqual(['hold', expect.arrayContaining(['control-failing'])])
    // But for what a client says of the candidate itself.
    expect(
      decide(where, {
        ...everywhere,
        exposed: index => (index === 0 ? rejected : index < 3 ? silent : undefined),
      }).type,
    ).toBe('roll-back')
  })
})

describe('a failure in later stages', () => {
  test('is compared with the clients outside the audience', () => {
    const where = place({ stage: 2 })
    expect(decide(where, { exposed: first(3, silent) }).type).toBe('advance')
    const alarming = decide(where, { exposed: first(7, rejected) })
    expect([alarming.type, kinds(alarming)]).toEqual(['pause', ['stage-failing']])
    expect(decide(where, { exposed: first(9, rejected) }).type).toBe('roll-back')
    expect(decide(where, { exposed: first(9, silent) }).type).toBe('retreat')
    const both = decide(where, { exposed: first(9, rejected), control: first(9, silent) })
    expect(both.type).toBe('hold')
  })

  test('is never a stop', () => {
    const where = place({ stage: 2 })
    expect(decide(where, { exposed: first(12, { phase: 'stopped' }) }).type).toBe('advance')
  })

  test('of clients that fail together counts once for each host, and without one only pauses', () => {
    const labels = (index: number): Record<string, string> => ({
      host: `h${index % 6}`,
      cell: index % 2 ? 'a' : 'b',
    })
    const stages: readonly Stage[] = [
      { by: 'count', count: 1 },
      { by: 'count', count: 3 },
      { by: 'labels', labels: { cell: ['a'] } },
      { by: 'all' },
    ]
    const whole = { stage: 2, labels, plan: { stages } }
    const quarantined = { phase: 'quarantined', refused: CANDIDATE, digest: STABLE } as const
    const said = { exposed: first(12, quarantined), labels }
    expect(decide(place(whole), said).type).toBe('pause')
    const hosts = { ...whole, plan: { stages, cluster: 'host' } }
    // Three hosts of six: nothing can be told from them, and a fleet's own rule holds.
    const decision = decide(place(hosts), said)
    expect(decision.type).toBe('roll-back')
    expect(decision.explanation.why[0]).toContain('12 quarantined of')
  })

  test('where nobody is left to compare with is what clients say, of two or one in a hundred', () => {
    const where = place({ stage: 3 })
    expect(decide(where, { exposed: first(1, rejected) }).type).toBe('advance')
    expect(decide(where, { exposed: first(2, rejected) }).type).toBe('roll-back')
    // Three times as often as the control did before.
    const stageStart = { before: { control: 30, failed: 2 } } as unknown as RolloutState['stageStart']
    const usual = place({ stage: 3, rollout: { stageStart } })
    expect(decide(usual, { exposed: first(11, rejected) }).type).toBe('hold')
    expect(decide(usual, { exposed: first(12, rejected) }).type).toBe('roll-back')
  })

  test('while it is watched rolls back or alarms, as the plan says; silence alarms', () => {
    const watched = (late: StagedPlan['late']): Place =>
      place({ stage: 3, rollout: { state: 'watching' }, plan: { late } })
    expect(decide(watched('roll-back'), { exposed: first(2, rejected) }).type).toBe('roll-back')
    expect(decide(watched('alarm'), { exposed: first(2, rejected) }).type).toBe('pause')
    expect(decide(watched('roll-back'), { exposed: first(7, silent) }).type).toBe('pause')
    // Also of those who were not heard any more since it began.
    const before = { receivedAt: minute(9) }
    expect(decide(watched('roll-back'), { exposed: first(7, before) }).type).toBe('pause')
    expect(decide(watched('roll-back'), { exposed: first(6, silent), at: 41 }).type).toBe('advance')
  })

  test('is still compared while it is watched where a part of the fleet was held back', () => {
    const decision = decide(place({ stage: 3, plan: { holdback: 0.2 } }))
    if (decision.type !== 'advance') throw new Error(decision.explanation.why.join())
    expect(decision.next.state).toBe('watching')
    expect(decision.next.start.control).toBeGreaterThan(3)
    expect(decision.next.audience).toBeDefined()
    // Eight of fifty would be far too many by a fleet's own rule; compared with the others they are
    // not yet.
    const { audience, start } = decision.next
    const running = releaseOf(audience, {
      stage: 3,
      plan: { holdback: 0.2 },
      stageStart: { position: START, ...start, at: minute(10) },
    })
    const release = { ...running, rollout: { ...running.rollout, state: 'watching' } } as Release
    const watched: Place = { exposed: exposedOf60(audience), release }
    expect(decide(watched, { exposed: first(8, rejected) }).type).toBe('hold')
    expect(decide(watched, { exposed: first(40, rejected) }).type).toBe('roll-back')
  })
})

describe('what is unknown', () => {
  test('is neither good nor bad, and has a name', () => {
    const cases: readonly (readonly [Partial<ClientReport>, string])[] = [
      [{ digest: STABLE }, 'not-applied'],
      [{ sinceMs: 1 }, 'baking'],
      [{ health: { before: 'healthy', now: 'threw' } }, 'probe-threw'],
      [{ health: { before: 'healthy', now: 'timeout' } }, 'probe-timed-out'],
      [{ health: { before: 'healthy', now: 'unhealthy' } }, 'probe-unhealthy'],
    ]
    for (const [more, kind] of cases) {
      const decision = decide(place({ stage: 1 }), { exposed: first(6, more) })
      expect([decision.type, decision.explanation.verdict]).toEqual(['hold', 'unknown'])
      expect(kinds(decision)).toContain(kind)
    }
  })

  test('is a client of which one process is silent, and one that was not heard since the stage began', () => {
    const where = place({ stage: 1 })
    const slots = word(named(where, 0), 12, { instanceId: 'b', slot: 1, ...WELL })
    for (const said of [{ more: [slots] }, { exposed: first(1, { receivedAt: minute(9.9) }) }]) {
      const decision = decide(where, said)
      expect([decision.type, kinds(decision)]).toEqual(['hold', ['client-silent', 'too-few']])
    }
  })

  test('is a stage that began at a time that is yet to come', () => {
    const ahead = place({
      rollout: { stageStart: { at: minute(40) } as unknown as RolloutState['stageStart'] },
    })
    expect(kinds(decide(ahead))).toEqual(['clock-set-back'])
  })

  test('is a fleet of which nothing was heard: by whom has only begun to listen, and by whom has listened for long', () => {
    const { release } = place()
    const since = (minutes: number) => ({ heard: heard([], NOW, NOW - minutes), gates: {} })
    const held = decideStaged({ release, hasher }, since(14), minuteMs(NOW))
    expect([held.type, kinds(held)]).toEqual([
      'hold',
      expect.arrayContaining(['not-yet-heard', 'too-few', 'not-seen']),
    ])
    const never = decideStaged({ release, hasher }, since(15), minuteMs(NOW))
    expect([never.type, kinds(never)[0]]).toEqual(['pause', 'never-heard'])
    // A controller that reports is no client.
    const role = { type: 'controller', policies: [], gates: [] } as const
    const alone = { heard: heard([word('server-1', NOW, { role })], NOW, NOW - 15), gates: {} }
    const unheard = decideStaged({ release, hasher }, alone, minuteMs(NOW))
    expect([unheard.type, kinds(unheard)[0]]).toEqual(['pause', 'never-heard'])
    const late = decideStaged({ release, hasher }, since(14), minuteMs(121))
    expect([late.type, late.explanation.verdict]).toEqual(['pause', 'unknown'])
    expect(late.explanation.why[0]).toContain('not decided by')
  })

  test('is an audience that carries a label far more often than the fleet', () => {
    const where = place({ stage: 2 })
    const labels = (index: number): Record<string, string> => ({
      region: where.exposed.has(`client-${index}`) ? 'eu' : 'us',
      host: `h${index}`,
    })
    const decision = decide(where, { labels })
    expect([decision.type, kinds(decision)]).toEqual(['pause', ['label-over-represented']])
    expect(decide(where, { labels: index => ({ region: index % 2 ? 'eu' : 'us' }) }).type).toBe('advance')
  })

  test('is one name for several clients, without a vote', () => {
    const where = place({ stage: 1 })
    const twin = word(named(where, 0), NOW, { instanceId: 'twin', firstAt: 1, ...WELL })
    const decision = decide(where, { more: [twin] })
    expect([decision.type, kinds(decision)]).toEqual(['hold', expect.arrayContaining(['shared-id'])])
  })
})

describe('strangers', () => {
  const say = (clientId: string, index: number, more: Partial<ClientReport>): ClientReport =>
    word(clientId, NOW, { instanceId: `stranger-${index}`, firstAt: 18, ...more })

  test('end no rollout, whether they use a new name or that of a client', () => {
    const where = place({ stage: 1 })
    const lies = [rejected, { phase: 'quarantined', refused: CANDIDATE }] as const
    const crowd = Array.from({ length: 100 }, (_, index) => [
      say(`new-${index}`, index, lies[index % 2] as Partial<ClientReport>),
      say(named(where, index % 6), 100 + index, lies[index % 2] as Partial<ClientReport>),
    ]).flat()
    expect(decide(where, { more: crowd }).type).toBe('advance')
  })

  test('end no rollout with what they said once, before its stage began', () => {
    const where = place({ stage: 1 })
    const once = { firstAt: 8, nextReportWithinMs: undefined }
    const lies = [rejected, { verdicts: [{ digest: CANDIDATE, verdict: 'reverted' }] }] as const
    const crowd = Array.from({ length: 6 }, (_, index) => [
      word(`new-${index}`, 8, { ...once, ...(lies[index % 2] as Partial<ClientReport>) }),
      word(named(where, index), 8, {
        ...once,
        instanceId: `stranger-${index}`,
        ...(lies[index % 2] as Partial<ClientReport>),
      }),
    ]).flat()
    expect(decide(where, { more: crowd }).type).toBe('advance')
    // Nor with a silence that they came for.
    const quiet = crowd.map(({ clientId }, index) =>
      word(clientId, 8, { firstAt: 8, instanceId: `quiet-${index}`, nextReportWithinMs: 180_000 }),
    )
    expect(decide(where, { more: quiet }).type).toMatch(/^(advance|hold)$/)
  })

  test('promote none, however healthy they say they are', () => {
    const where = place({ stage: 2 })
    const crowd = Array.from({ length: 100 }, (_, index) => [
      say(`new-${index}`, index, WELL),
      say(named(where, index % 30), 100 + index, WELL),
    ]).flat()
    const decision = decide(where, { exposed: first(30, { digest: STABLE }), more: crowd })
    expect([decision.type, kinds(decision)]).toEqual(['hold', ['not-applied', 'too-few', 'canary-missing']])
  })
})

describe('gates', () => {
  const gates = (onBad: 'roll-back' | 'pause' | 'record') => ({ gates: [{ name: 'errors', onBad }] })
  const answer = (verdict: 'good' | 'bad' | 'unknown', stage = 1): GateAnswers => ({
    errors: { verdict, stage, why: 'looked' },
  })

  test.each([
    ['roll-back', answer('bad'), 'roll-back'],
    ['pause', answer('bad'), 'pause'],
    ['record', answer('bad'), 'advance'],
    ['roll-back', answer('good'), 'advance'],
    ['roll-back', answer('unknown'), 'hold'],
    ['roll-back', {}, 'hold'],
    ['record', {}, 'advance'],
    // An answer about another stage is none.
    ['roll-back', answer('good', 0), 'hold'],
    ['roll-back', answer('bad', 0), 'hold'],
  ] as const)('%s %j: %s', (onBad, answers, expected) => {
    const decision = decide(place({ stage: 1, plan: gates(onBad) }), { gates: answers })
    expect(decision.type).toBe(expected)
    if (expected === 'hold') expect(kinds(decision)[0]).toMatch(/^gate-/)
    const isRed = expected === 'roll-back' || expected === 'pause'
    expect(decision.explanation.verdict).toBe(isRed ? 'bad' : expected === 'hold' ? 'unknown' : 'good')
    if (onBad === 'record' && answers === answer('bad'))
      expect(decision.explanation.why.join()).toContain('only recorded')
  })

  test('that nobody here can ask are named', () => {
    const decision = decide(place({ stage: 1, plan: gates('roll-back') }))
    expect(explanationLines(decision.explanation).join('\n')).toContain('waiting for: gate errors')
  })
})

describe('a stage whose clients have gone', () => {
  test('begins anew with others, three times, and then pauses', () => {
    const where = place({ stage: 1 })
    const gone = { exposed: first(4, { phase: 'stopped' }) }
    const decision = decide(where, gone)
    if (decision.type !== 'widen') throw new Error(decision.explanation.why.join())
    expect(kinds(decision)).toEqual(['clients-gone'])
    expect(decision.next).toMatchObject({
      stage: 1,
      start: { at: minute(NOW), live: 56, exposed: 6, anew: 1 },
    })
    expect(decision.next.start.position).toBeUndefined()
    expect(isWider(decision.next.audience as Audience, where.release.audience as Audience)).toBe(true)
    const again = place({
      stage: 1,
      rollout: { stageStart: { anew: 3 } as unknown as RolloutState['stageStart'] },
    })
    const given = decide(again, gone)
    expect([given.type, kinds(given)]).toEqual(['pause', ['clients-gone']])
  })

  test('goes on with those that were started again under their names', () => {
    const where = place({ stage: 1 })
    const deploy = [...where.exposed].map(name =>
      word(name, NOW, {
        instanceId: `${name}-2`,
        firstAt: 14,
        ...WELL,
        previous: { instanceId: `${name}-1`, end: 'clean', ranMs: 1 },
      }),
    )
    expect(
      decide(where, { exposed: () => ({ phase: 'stopped', receivedAt: minute(14) }), more: deploy }).type,
    ).toBe('advance')
  })

  test.each([0, 1])('waits where all have stopped at once, and goes on once they are back (%i)', stage => {
    const where = place({ stage })
    const stopped = { phase: 'stopped', receivedAt: minute(14) } as const
    const waits = decide(where, { exposed: () => stopped, control: () => stopped })
    expect([waits.type, waits.explanation.verdict]).toEqual(['hold', 'unknown'])
    const again = names(60).map(name =>
      word(name, NOW, {
        instanceId: `${name}-2`,
        firstAt: 14,
        ...(where.exposed.has(name) && WELL),
        previous: { instanceId: `${name}-1`, end: 'clean', ranMs: 1 },
      }),
    )
    expect(decide(where, { exposed: () => stopped, control: () => stopped, more: again }).type).toBe(
      'advance',
    )
  })

  test('hears those of them that were started again in the moment in which it began', () => {
    const where = place()
    const [canary = ''] = where.exposed
    const again = (more: Partial<ClientReport>): ClientReport =>
      word(canary, NOW, { instanceId: `${canary}-2`, firstAt: 10.2, ...more })
    const decideWith = (more: Partial<ClientReport>): Decision =>
      decide(where, {
        exposed: () => ({ phase: 'stopped', receivedAt: minute(9.9) }),
        more: [again(more)],
      })
    expect(decideWith(rejected)).toMatchObject({ type: 'roll-back' })
    expect(decideWith(WELL).type).toBe('advance')
  })

  test('waits while nobody is there to begin anew with, and is given up at its time', () => {
    const where = place()
    const stopped: Partial<ClientReport> = { phase: 'stopped', receivedAt: minute(NOW) }
    const said = { exposed: () => stopped, control: () => stopped }
    expect(decide(where, said).type).toBe('hold')
    expect(decide(where, { ...said, at: 121 }).type).toBe('pause')
  })

  test('is made of another client when the canary has stopped', () => {
    const where = place()
    const decision = decide(where, { exposed: first(1, { phase: 'stopped' }) })
    if (decision.type !== 'widen') throw new Error(decision.explanation.why.join())
    expect(decision.next.start).toMatchObject({ live: 59, exposed: 1, anew: 1 })
  })
})

describe('a rollout that an operator holds', () => {
  test('does not go on, and is rolled back all the same when it is bad', () => {
    const paused = place({ stage: 1, rollout: { state: 'paused', why: 'lunch' } })
    const held = decide(paused)
    expect([held.type, held.explanation.why[0], kinds(held)]).toEqual(['hold', 'paused: lunch', ['paused']])
    expect(decide(paused, { exposed: first(1, rejected) }).type).toBe('roll-back')
  })

  test.each([
    ['retreated', ['retreated']],
    ['completed', []],
    ['rolled-back', []],
    ['other', ['later-version']],
  ] as const)('or that is %s does nothing', (state, unknowns) => {
    const decision = decide(place({ rollout: { state } }), { exposed: first(1, rejected) })
    expect([decision.type, kinds(decision)]).toEqual(['hold', unknowns])
  })
})

test('the clock is that of the store: the same words are judged by when they are judged', () => {
  const where = place({ stage: 1 })
  expect(decide(where, { at: NOW }).type).toBe('advance')
  const evidence = {
    heard: heard(
      names(60).map(name => word(name, NOW, where.exposed.has(name) ? WELL : {})),
      NOW,
    ),
    gates: {},
  }
  const late = decideStaged({ release: where.release, hasher }, evidence, minuteMs(NOW + 60))
  expect(late.type).toBe('hold')
})

test('an explanation names a hundred of the clients that it rests on, and counts the others', () => {
  const { explanation } = decide(place({ live: 300, stage: 2 }), { exposed: first(130, rejected) })
  expect([explanation.exceptions.length, explanation.omitted]).toEqual([100, 30])
  expect(explanationLines(explanation)).toContain('and 120 more')
})

test('an explanation tells where it stands, what it can see and what would change it, and is kept for the log', () => {
  const where = place({ stage: 1 })
  const decision = decide(where, { exposed: first(6, { sinceMs: 1 }) })
  const lines = explanationLines(decision.explanation)
  expect(lines[0]).toBe('stage 2 of 4, 10 %: unknown')
  expect(lines.join('\n')).toContain(
    '0 of 60 clients; too few to exclude any fault; to exclude faults that hit more than 5 % you need 38',
  )
  expect(lines.join('\n')).toContain('would change it')
  expect(evidenceOf(decision.explanation, 'hold')).toMatchObject({
    rollout: 'r1',
    stage: 1,
    step: 'hold',
    verdict: 'unknown',
    asOf: minute(NOW),
    counts: { live: 60, exposed: 6, control: 54, baking: 6 },
    canSee: decision.explanation.canSee,
    unknowns: expect.arrayContaining(['baking', 'too-few']),
    wouldChange: expect.arrayContaining(['enough healthy clients of the stage, or a failure among them']),
  })
  expect(decision.explanation.canSee).toContain('0 of 60 clients')
})

test('of nine clients of a stage all have to be healthy whatever the quorum is, of ten that share of them', () => {
  const of = (count: number): Place =>
    place({ plan: { quorum: 0.5, stages: [{ by: 'count', count }, { by: 'all' }] } })
  const lagging: Partial<ClientReport> = { sinceMs: 1_000 }
  expect(decide(of(9), { exposed: first(1, lagging) }).type).toBe('hold')
  expect(decide(of(9)).type).toBe('advance')
  expect(decide(of(10), { exposed: first(5, lagging) }).type).toBe('advance')
  expect(decide(of(10), { exposed: first(6, lagging) }).type).toBe('hold')
})

test('where nobody is left to compare with, three of 300 clients are damage and two are not', () => {
  const where = place({ live: 300, stage: 3 })
  expect(decide(where, { exposed: first(2, rejected) }).type).toBe('advance')
  expect(decide(where, { exposed: first(3, rejected) }).type).toBe('roll-back')
})

test('a stage of nobody is never good', () => {
  const { release, exposed } = place()
  const { rollout } = release
  if (rollout === undefined || release.audience === undefined) throw new Error('a stage has both')
  const stageStart = { ...rollout.stageStart, exposed: 0, control: 60 }
  const nobody = {
    ...release,
    audience: { ...release.audience, clauses: [] },
    rollout: { ...rollout, stageStart },
  }
  expect(exposed.size).toBe(1)
  expect(decide({ release: nobody, exposed: new Set() })).toMatchObject({
    type: 'hold',
    explanation: { verdict: 'unknown' },
  })
})
