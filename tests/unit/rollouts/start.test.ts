import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { root as projectRoot } from '../../../scripts/entry-points.js'
import * as root from '../../../src/index.js'
import type { HeardReports } from '../../../src/contracts/report.js'
import type { JsonObject } from '../../../src/contracts/json.js'
import { encodeRelease, type Release } from '../../../src/core/release/release.js'
import { controllersIn, isRunBySomebody, missingFor, runnersOf } from '../../../src/rollouts/controllers.js'
import { everyone } from '../../../src/rollouts/everyone.js'
import { looserThan } from '../../../src/rollouts/floor.js'
import { policyOf, readStagedPlan, readTimedPlan, type StagedPlan } from '../../../src/rollouts/plan.js'
import type { FirstStep, RolloutPolicy, StartInput } from '../../../src/rollouts/policy.js'
import { sayStages } from '../../../src/rollouts/stage.js'
import { staged } from '../../../src/rollouts/staged.js'
import type { StagedOptions } from '../../../src/rollouts/staged-options.js'
import { timed } from '../../../src/rollouts/timed.js'
import { hasher, heard, minute, minuteMs, names, releaseOf, START, startAt, word } from './fleet.js'

const NOW = 20
const fleet = (count: number, more: Parameters<typeof word>[2] = {}, since?: number): HeardReports =>
  heard(
    names(count).map(name => word(name, NOW, more)),
    NOW,
    since,
  )
const start = (
  policy: RolloutPolicy,
  reports: HeardReports | undefined,
  more: Partial<StartInput> = {},
): FirstStep => policy.start({ ...startAt(NOW, reports), ...more })
const firstStage = (step: FirstStep): Extract<FirstStep, { type: 'stage' }> => {
  if (step.type !== 'stage') throw new Error(step.says.join())
  return step
}

describe('a staged rollout begins', () => {
  test('with one client of a fleet, and its plan holds all that it is decided by', () => {
    const { plan, evidence, next, says } = firstStage(start(staged(), fleet(60)))
    expect(readStagedPlan(plan)).toMatchObject({
      stages: [
        { by: 'count', count: 1 },
        { by: 'share', share: 0.1 },
        { by: 'share', share: 0.5 },
        { by: 'all' },
      ],
      // Nobody has a probe, so damage is given more time to show.
      bakeMs: 900_000,
      reportMs: 60_000,
      quorum: 0.9,
      watchMs: 2_700_000,
      late: 'roll-back',
    })
    expect(evidence).toEqual({ bakeMs: 900_000, reportMs: 60_000, spreadMs: 30_000 })
    expect(next).toMatchObject({
      state: 'running',
      stage: 0,
      start: { at: minute(NOW), live: 60, exposed: 1, control: 59 },
    })
    // Two looks of 300 s, the spread, two bakes and half an hour.
    expect(Date.parse(next.decideBy) - minuteMs(NOW)).toBe(600_000 + 30_000 + 1_800_000 + 1_800_000)
    expect(says).toEqual([
      'stages: 1 client, 10 %, 50 %, all of 60 live clients',
      'the first one: 1 of 60 clients; with no failure seen this excludes faults that hit more than 97 %; to exclude 5 % you need 38',
    ])
  })

  test('and says how many clients are not protected', () => {
    const { asOf, since, reports } = fleet(60)
    const some = reports.map((report, index): (typeof reports)[number] =>
      index < 12 ? { ...report, protection: 'none' } : report,
    )
    const { says } = firstStage(start(staged(), { asOf, since, reports: some }))
    expect(says.at(-1)).toBe(
      '12 of 60 clients are not protected: their state does not outlive a restart, or did not answer in time; noticeboard status --all marks them',
    )
  })

  test('and says how many clients came too late to be counted', () => {
    const { asOf, since, reports } = fleet(60)
    const lateBy = (late: number): readonly string[] =>
      firstStage(
        start(staged(), {
          asOf,
          since,
          reports: reports.map((report, index) =>
            index < late ? { ...report, firstHeardAt: asOf } : report,
          ),
        }),
      ).says
    expect(lateBy(2)).toEqual([
      'stages: 1 client, 10 %, 50 %, all of 58 live clients',
      expect.stringContaining('1 of 58 clients'),
      '2 more were first heard less than 60 s ago, and are no evidence yet',
    ])
    expect(lateBy(1)).toContain('1 more was first heard less than 60 s ago, and is no evidence yet')
    expect(lateBy(0)).toHaveLength(2)
  })

  test('with a release that readers accept', () => {
    const { plan, evidence, next } = firstStage(start(staged(), fleet(60)))
    const base = releaseOf({ salt: 's', clauses: [] })
    const { start: stageStart, audience, decideBy } = next
    const release: Release = {
      ...base,
      ...(audience !== undefined && { audience }),
      ...(evidence !== undefined && { evidence }),
      rollout: {
        id: 'r1', state: next.state, stage: 0, plan, stageStart: { position: START, ...stageStart }, from: START,
        decideBy, controller: 'c',
      },
    } // prettier-ignore
    expect(encodeRelease(release).length).toBeLessThan(2_000)
  })

  test('with a shorter bake where clients have a probe', () => {
    const probed = fleet(60, { health: { before: 'healthy', now: 'healthy' } })
    const { evidence, plan } = firstStage(start(staged(), probed))
    expect(evidence).toMatchObject({ bakeMs: 300_000 })
    // Three bakes are less than the half hour that a watch takes at least.
    expect(readStagedPlan(plan).watchMs).toBe(1_800_000)
    expect(firstStage(start(staged({ bakeMs: 9_000 }), probed)).evidence).toEqual({
      bakeMs: 9_000,
      reportMs: 3_000,
      spreadMs: 1_500,
    })
    // What is given is held to a third of the bake as well.
    const given = firstStage(start(staged({ bakeMs: 9_000, reportMs: 60_000 }), probed))
    expect(given.evidence).toMatchObject({ reportMs: 3_000 })
  })

  test('with as many clients as it takes to exclude a fault', () => {
    const { next, plan } = firstStage(start(staged({ excludes: 0.05 }), fleet(60)))
    // However many that is, one client has it first.
    expect(next.start.exposed).toBe(1)
    expect(readStagedPlan(plan).stages).toEqual([
      { by: 'count', count: 1 },
      { by: 'count', count: 38 },
      { by: 'all' },
    ])
    const ofFew = firstStage(start(staged({ excludes: 0.05 }), fleet(20)))
    expect(readStagedPlan(ofFew.plan).stages).toEqual([{ by: 'count', count: 1 }, { by: 'all' }])
    const excludesNothing = firstStage(start(staged({ excludes: 1 }), fleet(20)))
    expect(readStagedPlan(excludesNothing.plan).stages).toEqual([{ by: 'count', count: 1 }, { by: 'all' }])
  })

  test('with stages by number, share, label and name', () => {
    const policy = staged([
      { clients: ['client-7', 'client-9'] },
      3,
      '12.5%',
      { labels: { cell: 'a', tier: ['x', 'y'] } },
      'all',
    ])
    const { plan, next } = firstStage(start(policy, fleet(60)))
    expect(next.start.exposed).toBe(2)
    expect(JSON.stringify(plan)).not.toContain('client-7')
    expect(readStagedPlan(plan).stages.slice(1)).toEqual([
      { by: 'count', count: 3 },
      { by: 'share', share: 0.125 },
      { by: 'labels', labels: { cell: ['a'], tier: ['x', 'y'] } },
      { by: 'all' },
    ])
  })

  test('of nobody who reports it goes to everyone', () => {
    expect(start(staged(), fleet(0))).toMatchObject({ type: 'everyone' })
  })

  test('not while its fleet is started anew or cannot be heard', () => {
    const away = (present: number, gone: number, more: Parameters<typeof word>[2] = {}): FirstStep =>
      start(
        staged(),
        heard(
          names(present + gone).map((name, index) => word(name, NOW, index < present ? {} : more)),
          NOW,
        ),
      )
    const stoppedAt = (at: number): Parameters<typeof word>[2] => ({
      phase: 'stopped',
      receivedAt: minute(at),
    })
    for (const present of [0, 1, 2])
      expect(away(present, 58, stoppedAt(NOW - 0.5))).toMatchObject({
        type: 'refused',
        why: 'fleet-unknown',
      })
    expect(away(0, 60, { receivedAt: minute(NOW - 4) })).toMatchObject({
      type: 'refused',
      says: [expect.stringContaining('60 are silent')],
    })
    // Who went away a while ago, or is one of few, is waited for by nobody.
    expect(away(0, 60, stoppedAt(NOW - 2))).toMatchObject({ type: 'everyone' })
    expect(away(2, 58, stoppedAt(NOW - 2))).toMatchObject({ next: { state: 'watching' } })
    expect(away(2, 1, { receivedAt: minute(NOW - 4) })).toMatchObject({ next: { state: 'watching' } })
    expect(away(2, 2, stoppedAt(NOW - 0.5))).toMatchObject({ next: { state: 'watching' } })
  })

  test.each([1, 2])('of %i live clients it goes to everyone at once, and is watched', count => {
    const step = start(staged(), fleet(count))
    expect(step).toMatchObject({
      type: 'stage',
      next: { state: 'watching', start: { live: count, exposed: count, control: 0 } },
    })
    expect(step).not.toHaveProperty('next.audience', expect.anything())
  })

  test('of three live clients one goes first', () => {
    expect(start(staged(), fleet(3))).toMatchObject({ next: { state: 'running', start: { exposed: 1 } } })
  })

  test.each([
    [1, 300_000],
    [2, 3_600_000],
  ])(
    'with time for two looks of the slowest, but for one in ten: of ten clients %i look once an hour',
    (slow, lookMs) => {
      const reports = names(10).map((name, index) =>
        word(name, NOW, { lookMs: index < slow ? 3_600_000 : 300_000 }),
      )
      const { next } = firstStage(
        start(staged({ bakeMs: 0, spreadMs: 0 }), heard(reports, NOW), { spreadMs: 60_000 }),
      )
      expect(Date.parse(next.decideBy) - minuteMs(NOW)).toBe(2 * lookMs + 60_000 + 1_800_000)
    },
  )

  test('not before the fleet was heard: a store that listens for a moment knows nobody yet', () => {
    expect(start(staged(), fleet(0, {}, NOW - 14))).toMatchObject({ type: 'refused', why: 'fleet-unknown' })
    expect(start(staged(), fleet(0, {}, NOW - 15))).toMatchObject({ type: 'everyone' })
    // Nor on the word of those who have only just come.
    const fresh = start(staged(), fleet(60, { firstAt: NOW - 0.5 }))
    expect(fresh).toMatchObject({ type: 'refused', why: 'fleet-unknown' })
    expect(fresh.says.join()).toContain('60 clients were heard, and 0 of them for longer than 60 s')
  })

  test('not where nothing ever reported, which no wait would change', () => {
    const deaf = start(staged(), fleet(0, {}, NOW))
    expect(deaf).toMatchObject({ type: 'refused', why: 'fleet-unknown' })
    expect(deaf.says.join()).toMatch(/^nothing has reported .*start noticeboard serve .*everyone\(\)/)
    const served = start(staged(), fleet(0, {}, NOW - 1))
    expect(served.says.join()).toMatch(/listened for 60 s only: .* or for 15 min in all/)
  })

  test('not on the word of one or two whom a store knows that has forgotten the others', () => {
    const upFor = (minutes: number): Parameters<typeof word>[2] => ({ upMs: minutes * 60_000 })
    for (const count of [1, 2]) {
      const lost = start(staged(), fleet(count, { ...upFor(30), firstAt: NOW - 1 }, NOW - 2))
      expect(lost).toMatchObject({ type: 'refused', why: 'fleet-unknown' })
      expect(lost.says.join()).toContain('far longer than the store has listened, which is 120 s')
    }
    // Who started together with the store, or is known from before, or has been listened for long
    // enough, is all that there is.
    const watched = { next: { state: 'watching' } }
    expect(start(staged(), fleet(2, { ...upFor(16), firstAt: NOW - 1 }, NOW - 2))).toMatchObject(watched)
    expect(start(staged(), fleet(2, { ...upFor(30), firstAt: NOW - 3 }, NOW - 2))).toMatchObject(watched)
    expect(start(staged(), fleet(2, { ...upFor(90), firstAt: NOW - 1 }, NOW - 15))).toMatchObject(watched)
    // With three there are stages.
    expect(start(staged(), fleet(3, { ...upFor(30), firstAt: NOW - 1 }, NOW - 2))).toMatchObject({
      next: { state: 'running' },
    })
  })

  test('not where nothing reports, and says what does without', () => {
    const step = start(staged(), undefined)
    expect(step).toMatchObject({ type: 'refused', why: 'no-reports' })
    expect(step.says.join()).toContain('timed()')
    expect(start(timed(), undefined)).toMatchObject({ type: 'stage' })
  })

  test('not while a gate is red that would end it, and all the same while one is that only records', () => {
    const red = { errors: { verdict: 'bad', stage: 0 } } as const
    expect(start(staged({ gates: [{ name: 'errors' }] }), fleet(60), { gates: red })).toMatchObject({
      type: 'refused',
      why: 'gate-red',
    })
    expect(
      start(staged({ gates: [{ name: 'errors', onBad: 'record' }] }), fleet(60), { gates: red }).type,
    ).toBe('stage')
  })

  test.each<[string, Parameters<typeof staged>[0]]>([
    ['no stage', []],
    ['no end', [1, '10%']],
    ['no clients', [0, 'all']],
    ['a part of a client', [1.5, 'all']],
    ['a share of nobody', ['0%', 'all']],
    ['more than all', ['101%' as never, 'all']],
    ['labels for nobody', [{ labels: {} }, 'all']],
    ['nobody by name', [{ clients: [] }, 'all']],
    ['stages and a resolving power', { stages: ['all'], excludes: 0.1 }],
    ['a quorum of nobody', { quorum: 0 }],
    ['everybody held back', { holdback: 1 }],
    ['a bake of no number', { bakeMs: Number.NaN }],
    ['two gates of one name', { gates: [{ name: 'a' }, { name: 'a' }] }],
    ['an option that is none', { bakesMs: 1 } as never],
  ])('not with %s', (_name, options) => {
    expect(() => staged(options)).toThrow(expect.objectContaining({ code: 'invalid-option' }))
  })

  test('not with a plan that is too large for a release', () => {
    const clients = Array.from({ length: 200 }, (_, index) => `client-${index}`)
    expect(() => start(staged([{ clients }, 'all']), fleet(60))).toThrow(
      expect.objectContaining({ code: 'invalid-option' }),
    )
  })
})

test('presets are staged plans by another name', () => {
  const stagesOf = (policy: RolloutPolicy): unknown =>
    (firstStage(start(policy, fleet(60))).plan as JsonObject)['stages']
  expect(stagesOf(root.canary({ share: 0.05 }))).toEqual(stagesOf(staged([1, '5%', 'all'])))
  expect(stagesOf(root.linear({ steps: 4 }))).toEqual(stagesOf(staged([1, '25%', '50%', '75%', 'all'])))
  expect(stagesOf(root.linear({ steps: 3, bakeMs: 1 }))).toEqual(
    stagesOf(staged([1, '33.33%', '66.67%', 'all'])),
  )
  for (const wrong of [
    () => root.canary({ share: 0 }),
    () => root.linear({ steps: 1 }).start,
    () => root.canary({ share: 2 }),
  ])
    expect(wrong).toThrow(expect.objectContaining({ code: 'invalid-option' }))
})

test.each<[StagedOptions['stages'], RegExp]>([
  [['foo' as 'all'], /^staged\(\): a stage must be a number of clients, a share such as "10%"/],
  [[1, '10%'], /the last stage must be "all"/],
  [['50%', '10%', 'all'], /expose more than those before it, and stage 2 does not/],
  [['10%', '10%', 'all'], /stage 2 does not/],
  [[5, '10%', 3, 'all'], /stage 3 does not/],
  [[1, 'all', 'all'], /stage 3 does not.*"all" only at the end/],
  [['all', '10%', 'all'], /stage 2 does not/],
])('stages that make no sense are refused with what is wrong: %j', (stages = [], said) => {
  expect(() => staged(stages)).toThrow(said)
})

test('a number and a share may follow each other, since their order depends on the fleet', () => {
  expect(staged(['1%', 5, { labels: { tier: 'canary' } }, '2%', 6, '100%', 'all']).type).toBe('staged')
})

describe('a varied staged rollout', () => {
  const gates = [{ name: 'errors', onBad: 'pause' as const }]
  const planBy = (policy: RolloutPolicy | undefined): object =>
    readStagedPlan(firstStage(start(policy ?? everyone(), fleet(60, { labels: { tier: 'canary' } }))).plan)

  test('keeps all settings but the stages and the rehearsal, however often it is varied', () => {
    const guardrails = [{ measure: 'latencyMs', worseBy: 0.2 }]
    const own = staged({ excludes: 0.05, gates, guardrails, bakeMs: 5_000, cluster: 'host' })
    const labelled = own.vary?.({ stages: [{ labels: { tier: 'canary' } }, 'all'] })
    expect(labelled?.startsBy).toEqual(['tier', 'host'])
    const varied = labelled?.vary?.({ rehearse: true })
    expect(planBy(varied)).toMatchObject({
      stages: [{ by: 'labels', labels: { tier: ['canary'] } }, { by: 'all' }],
      rehearse: true,
      gates,
      guardrails,
      bakeMs: 5_000,
      cluster: 'host',
    })
    expect(planBy(own.vary?.({ rehearse: true }))).toMatchObject({ ...planBy(own), rehearse: true })
  })

  test('keeps what a policy that wraps it adds, and is none where that starts by itself', () => {
    const decide: RolloutPolicy['decide'] = () => {
      throw new Error('not asked here')
    }
    const wrapping: RolloutPolicy = { ...staged(), decide }
    expect(wrapping.vary?.({ rehearse: true })?.decide).toBe(decide)
    const starting: RolloutPolicy = { ...staged(), start: () => ({ type: 'everyone', says: [] }) }
    expect(starting.vary?.({ rehearse: true })).toBeUndefined()
  })

  test('throws for stages that make no sense', () => {
    expect(() => staged().vary?.({ stages: [1] })).toThrow(/the last stage must be "all"/)
  })
})

describe('a timed rollout', () => {
  test('has four steps of ten minutes unless it says otherwise', () => {
    const { plan } = firstStage(start(timed(), undefined))
    expect(readTimedPlan(plan)).toMatchObject({ everyMs: 600_000, stages: { length: 4 } })
  })

  test('goes on by the clock, one step at a time, and ends', () => {
    const policy = timed({ steps: 2, everyMs: 60_000 })
    const { plan, next } = firstStage(start(policy, undefined))
    expect(next.audience?.clauses).toEqual([{ below: 2 ** 31 }])
    const at = (stage: number, nowMs: number, state: 'running' | 'paused' | 'watching' = 'running') => {
      const base = releaseOf({ salt: 's', clauses: [{ below: 1 }] }, { stage, state })
      const rollout = { ...base.rollout, plan, stageStart: { ...base.rollout?.stageStart, at: minute(10) } }
      const release = { ...base, rollout } as Release
      return policy.decide({ release, hasher }, { heard: fleet(0), gates: {} }, nowMs)
    }
    expect(at(0, minuteMs(10.9)).type).toBe('hold')
    expect(at(0, minuteMs(500))).toMatchObject({
      type: 'advance',
      next: { stage: 1, start: { at: minute(500) } },
    })
    expect(at(1, minuteMs(11))).toMatchObject({ type: 'advance', next: { state: 'completed' } })
    expect(at(0, minuteMs(500), 'paused').type).toBe('hold')
    // What a person promoted is over: nothing is judged that a watch could wait for.
    expect(at(1, minuteMs(10), 'watching')).toMatchObject({ type: 'advance', next: { state: 'completed' } })
  })

  test.each([{ steps: 1 }, { steps: 51 }, { steps: 2.5 }, { everyMs: 0 }, { everyMs: 1e12 }])(
    'is refused with %j',
    options => {
      expect(() => timed(options)).toThrow(expect.objectContaining({ code: 'invalid-option' }))
    },
  )
})

describe('a floor', () => {
  const planOf = (policy: RolloutPolicy) => firstStage(start(policy, fleet(60))).plan
  const unlabelled = () => ({ labels: {} })
  /** Six of sixty in ap, 24 in eu, 30 in us. */
  const sixty = Array.from({ length: 60 }, (_, index) => ({
    labels: { region: index < 6 ? 'ap' : index < 30 ? 'eu' : 'us' },
  }))

  test.each([1.4, 1.5, 2, 2.5, 3, 5, 7, 10])(
    'that lets a stage grow by %d has nothing against stages that nobody named',
    growth => {
      const floor = { firstStage: 1, growth }
      for (const policy of [staged(), staged({ excludes: 0.05 })])
        for (const live of [3, 4, 5, 6, 7, 11, 19, 20, 31, 51, 199, 200, 1_000]) {
          const { plan } = firstStage(start(policy, fleet(live), { floor }))
          expect(looserThan(floor, plan, names(live).map(unlabelled))).toEqual([])
        }
    },
  )

  test('makes more stages than there would be, of as few clients as they allow, and none without need', () => {
    const stagesOf = (live: number, growth: number): string =>
      sayStages(readStagedPlan(firstStage(start(staged(), fleet(live), { floor: { growth } })).plan).stages)
    expect(stagesOf(6, 5)).toBe('1 client, 2 clients, all')
    expect(stagesOf(60, 5)).toBe('1 client, 2 clients, 10 %, 50 %, all')
    expect(stagesOf(60, 10)).toBe('1 client, 10 %, 50 %, all')
    expect(stagesOf(4, 1)).toBe('1 client, 2 clients, 3 clients, all')
    // So many that somebody should say what is meant.
    expect(stagesOf(60, 1)).toBe('1 client, 10 %, 50 %, all')
  })

  test('names stages that would do, where those by number grow too fast', () => {
    expect(looserThan({ growth: 5 }, planOf(staged([1, 'all'])), sixty)).toEqual([
      'stage 2 exposes 60 clients after 1; 5 times as many are allowed, as by the stages 1,3,12,all',
    ])
    const regions = planOf(staged([{ labels: { region: 'ap' } }, 'all']))
    expect(looserThan({ growth: 5 }, regions, sixty)).toEqual([
      'stage 2 exposes 60 clients after 6; 5 times as many are allowed',
    ])
  })

  test('refuses to go to everyone unless it says otherwise', () => {
    expect(looserThan({}, undefined, sixty)).toHaveLength(1)
    expect(looserThan({ staged: false }, undefined, sixty)).toEqual([])
    // One or two have nobody to be compared with.
    const all = planOf(staged(['all']))
    expect(looserThan({}, all, sixty.slice(0, 2))).toEqual([])
    expect(looserThan({}, all, sixty.slice(0, 3))).toHaveLength(1)
  })

  test.each<[string, Parameters<typeof looserThan>[0], RolloutPolicy, number]>([
    ['what is as strict', { firstStage: 1, growth: 10, minBakeMs: 900_000, minQuorum: 0.9 }, staged(), 0],
    ['a larger first stage', { firstStage: 5 }, staged(['10%', 'all']), 1],
    ['a label that more carry', { firstStage: 5 }, staged([{ labels: { region: 'ap' } }, 'all']), 1],
    ['a label that so many carry', { firstStage: 6 }, staged([{ labels: { region: 'ap' } }, 'all']), 0],
    ['a label that nobody carries', { firstStage: 1 }, staged([{ labels: { region: 'x' } }, 'all']), 0],
    [
      'regions of which one is more than four times the other',
      { firstStage: 6, growth: 4 },
      staged([{ labels: { region: 'ap' } }, { labels: { region: 'eu' } }, 'all']),
      1,
    ],
    [
      'regions of which one is five times the other',
      { growth: 5 },
      staged([{ labels: { region: 'ap' } }, { labels: { region: 'eu' } }, 'all']),
      0,
    ],
    [
      'a label that comes twice',
      { growth: 2 },
      staged([{ labels: { region: ['ap', 'eu'] } }, { labels: { region: 'eu' } }, 'all']),
      0,
    ],
    ['a number before a label', { growth: 6 }, staged([3, { labels: { region: 'eu' } }, 'all']), 1],
    ['a leap', { growth: 10 }, staged([1, 'all']), 1],
    [
      'a shorter bake and watch',
      { minBakeMs: 2_000, minWatchMs: 2_000 },
      staged({ bakeMs: 1_000, watchMs: 1_000 }),
      2,
    ],
    ['a lower quorum', { minQuorum: 0.9 }, staged({ quorum: 0.8 }), 1],
    ['a gate less', { gates: ['errors'] }, staged(), 1],
    [
      'a gate that only records',
      { gates: ['errors'] },
      staged({ gates: [{ name: 'errors', onBad: 'record' }] }),
      1,
    ],
    ['the gate', { gates: ['errors'] }, staged({ gates: [{ name: 'errors', onBad: 'pause' }] }), 0],
    ['what goes by the clock', {}, timed(), 1],
    ['everyone at once as a stage', {}, staged(['all']), 1],
    ['as many as there are as the first stage', { firstStage: 100 }, staged([60, 'all']), 1],
    ['a label that all carry', {}, staged([{ labels: { region: ['ap', 'eu', 'us'] } }, 'all']), 1],
    ['everyone at once where it may be', { staged: false }, staged(['all']), 0],
  ])('has something against %s', (_name, floor, policy, problems) => {
    expect(looserThan(floor, planOf(policy), sixty)).toHaveLength(problems)
  })
})

describe('who can run a plan', () => {
  const plan = firstStage(start(staged({ gates: [{ name: 'errors' }] }), fleet(60))).plan
  const controller = (more: object, heardAt = NOW, phase = 'applied' as const): HeardReports => {
    const role = { type: 'controller', policies: ['staged@1'], gates: ['errors'], ...more } as const
    return heard([word('controller-1', heardAt, { role, phase })], NOW)
  }

  test('is a controller that knows its policy and each of its gates', () => {
    expect(missingFor(plan, { policies: ['staged@1'], gates: ['errors', 'more'] })).toEqual([])
    expect(missingFor(plan, { policies: ['staged@2'], gates: [] })).toEqual([
      'policy staged@1',
      'gate errors',
    ])
    expect(missingFor('x', { policies: [], gates: [] })).toEqual(['policy of an unknown type'])
    expect(policyOf({ type: 'mine', version: 3 })).toBe('mine@3')
  })

  test('has to be heard', () => {
    expect(isRunBySomebody(plan, controller({}))).toBe(true)
    expect(controllersIn(controller({}))).toEqual([
      { name: 'controller-1', policies: ['staged@1'], gates: ['errors'] },
    ])
    expect(isRunBySomebody(plan, controller({ gates: [] }))).toBe(false)
    expect(isRunBySomebody(plan, controller({}, NOW - 4))).toBe(false)
    expect(isRunBySomebody(plan, controller({}, NOW, 'stopped' as never))).toBe(false)
    expect(isRunBySomebody(plan, fleet(9))).toBe(false)
  })

  test('is who drives one rollout for that alone', () => {
    const driver = controller({ rollout: 'r1' })
    expect(isRunBySomebody(plan, driver)).toBe(false)
    expect(controllersIn(driver)).toEqual([])
    expect(controllersIn(driver, 'r2')).toEqual([])
    expect(runnersOf({ id: 'r1', plan }, driver).map(({ name }) => name)).toEqual(['controller-1'])
  })
})

test('docs/rollouts.md has the defaults of a plan, with a health probe and without', () => {
  const page = readFileSync(`${projectRoot}/docs/rollouts.md`, 'utf8')
  const cellOf = (option: string): string =>
    new RegExp(`^\\| \`${option}\` \\| ([^|]+) \\|`, 'm').exec(page)?.[1] ?? ''
  const numbersIn = (text: string): readonly number[] =>
    (text.match(/\d[\d,.]*/g) ?? []).map(number => Number(number.replaceAll(',', '')))
  const health = { now: 'healthy', before: 'healthy' } as const
  const planOf = (options: StagedOptions, probe: 'probe' | 'none' = 'probe') =>
    firstStage(start(staged(options), fleet(60, probe === 'none' ? {} : { health })))
      .plan as unknown as StagedPlan
  const probed = planOf({})
  expect(numbersIn(cellOf('bakeMs'))).toEqual([probed.bakeMs, planOf({}, 'none').bakeMs])
  expect(numbersIn(cellOf('reportMs'))).toEqual([probed.reportMs])
  expect(numbersIn(cellOf('quorum'))).toEqual([probed.quorum])
  expect(numbersIn(cellOf('watchMs'))).toEqual([planOf({ bakeMs: 60_000 }).watchMs])
  expect(cellOf('watchMs')).toMatch(/^three bakes/)
  expect(planOf({ bakeMs: 1_000_000 }).watchMs).toBe(3_000_000)
  expect(cellOf('reportMs')).toMatch(/, and a third of the bake at most$/)
  expect(planOf({ bakeMs: 60_000 }).reportMs).toBe(20_000)
  expect(cellOf('spreadMs')).toBe('half of `reportMs`')
  expect(probed.spreadMs * 2).toBe(probed.reportMs)
})

test('clients that look once a week are given two days, and no more, beside the spread and the bakes', () => {
  const reports = fleet(60, { lookMs: 7 * 86_400_000 })
  const { next } = firstStage(start(staged({ bakeMs: 300_000, spreadMs: 30_000 }), reports))
  expect(Date.parse(next.decideBy) - minuteMs(NOW)).toBe(172_800_000 + 30_000 + 600_000 + 1_800_000)
})
