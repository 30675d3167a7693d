import { describe, expect, test } from 'vitest'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { RolloutState } from '../../../src/core/release/rollout.js'
import { decideStaged } from '../../../src/rollouts/decide.js'
import { evidenceOf, explanationLines, type Explanation } from '../../../src/rollouts/explanation.js'
import { sayCounts } from '../../../src/rollouts/say-counts.js'
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
  STABLE,
  stageOf,
  START,
  word,
} from './fleet.js'

const NOW = 12
const WELL: Partial<ClientReport> = { digest: CANDIDATE, sinceMs: 600_000 }
const BAKES: Partial<ClientReport> = { digest: CANDIDATE, phase: 'applied', sinceMs: 60_000 }
const BEHIND = { seen: { ...START, sequence: START.sequence - 1 } }

interface Stage extends Partial<Omit<RolloutState, 'plan'>> {
  readonly live?: number
  readonly exposed?: (index: number) => Partial<ClientReport>
  readonly control?: (index: number) => Partial<ClientReport>
}

/** What is said two minutes after a stage began, of which each exposed client says something. */
function explained({ live = 60, exposed = () => ({}), control = () => ({}), ...more }: Stage): Explanation {
  const stage = stageOf(live, more)
  const reports = [
    ...stage.exposed.map((name, index) => word(name, NOW, exposed(index))),
    ...stage.control.map((name, index) => word(name, NOW, control(index))),
  ]
  const evidence = { heard: heard(reports, NOW), gates: {} }
  return decideStaged({ release: stage.release, hasher }, evidence, minuteMs(NOW)).explanation
}

const linesOf = (stage: Stage, about: RegExp): readonly string[] =>
  explanationLines(explained(stage)).filter(line => about.test(line))

describe('a client that a stage waits for is named', () => {
  test('where it never runs the candidate, with what it does in its place and when it was heard', () => {
    const waiting = { receivedAt: minute(NOW - 0.5) }
    expect(linesOf({ exposed: () => waiting }, /: waiting/)).toEqual([
      expect.stringMatching(
        new RegExp(`^client-\\d+: waiting; still runs ${STABLE.slice(0, 12)}, heard 30 s ago$`),
      ),
    ])
    const staged = { phase: 'staged', sinceMs: 690_000, receivedAt: minute(NOW - 0.5), ...BEHIND } as const
    expect(linesOf({ exposed: () => staged }, /: waiting/)).toEqual([
      expect.stringMatching(/; staged for 12 min, has not seen the release of the stage, heard 30 s ago$/),
    ])
  })

  test('while it bakes, with how long it has left', () => {
    expect(linesOf({ exposed: () => BAKES }, /: baking/)).toEqual([
      expect.stringMatching(/^client-\d+: baking; 4 min left, heard 0 s ago$/),
    ])
  })

  test('up to ten of each kind, and the others are counted, however many there are', () => {
    const stage = { live: 3_000, stage: 2, exposed: (index: number) => (index < 700 ? {} : BAKES) }
    const { awaited } = explained(stage)
    expect(awaited?.map(({ is, clients, named }) => [is, clients, named.length])).toEqual([
      ['waiting', 700, 10],
      ['baking', expect.any(Number), 10],
    ])
    expect(linesOf(stage, /^client-\d+: /)).toHaveLength(20)
    expect(linesOf(stage, /^and \d+ more/)).toEqual([
      'and 690 more: waiting',
      expect.stringMatching(/^and \d+ more: baking$/),
    ])
    expect(JSON.stringify(awaited).length).toBeLessThan(4_000)
  })

  test('first where it was chosen for the stage, whatever its place among the others', () => {
    const canary = exposedIn(
      audienceAfter(PLAN.stages.slice(0, 1), membersFor(names(60).map(() => ({})))),
      membersFor(names(60).map(() => ({}))),
    )[0]
    const [first, second] = linesOf({ stage: 2 }, /: waiting/)
    expect(first).toMatch(`${canary}: waiting; chosen or named for the stage, still runs `)
    expect(second).not.toContain('chosen')
  })

  test('also outside the stage, where too many have not seen the release that began it', () => {
    const control = (index: number): Partial<ClientReport> => (index < 8 ? BEHIND : {})
    const lines = linesOf({ exposed: () => WELL, control }, /: not-seen;/)
    expect(lines).toHaveLength(8)
    expect(lines[0]).toMatch(/^client-\d+: not-seen; heard 0 s ago$/)
  })

  test('and not where the stage is judged, nor in what is kept with a step', () => {
    expect(explained({ exposed: () => WELL }).awaited).toBeUndefined()
    const refuses = (index: number): Partial<ClientReport> =>
      index === 0 ? { phase: 'rejected', refused: CANDIDATE } : {}
    const bad = explained({ stage: 1, exposed: refuses })
    expect([bad.verdict, bad.awaited]).toEqual(['bad', undefined])
    const kept = evidenceOf(explained({ exposed: () => BAKES }), 'pause')
    expect(JSON.stringify(kept)).not.toMatch(/awaited|rollbackReach|client-/)
  })
})

test('the counts are one line', () => {
  const exposed = (index: number): Partial<ClientReport> => (index === 0 ? { phase: 'stopped' } : BAKES)
  expect(linesOf({ stage: 1, exposed }, /^clients: /)).toEqual([
    'clients: 6 exposed (1 left out: stopped, 5 baking), 54 outside (54 heard), 60 live when the stage began',
  ])
  // A policy of one's own counts what it likes.
  expect(sayCounts({ pilots: 2, healthy: 1, refused: 0 })).toBe('clients: 2 pilots, 1 healthy, 0 refused')
  expect(sayCounts({})).toBeUndefined()
})

describe('how long a rollback takes to reach the exposed clients', () => {
  const reach = (exposed: Stage['exposed'], stage = 2): readonly string[] =>
    linesOf({ stage, ...(exposed && { exposed }) }, /rollback would/)

  test('follows from the intervals that they report, a second where they have a stream', () => {
    const pulls = { ...BAKES, strategy: 'pull', lookMs: 66_000 }
    expect(reach(() => pulls)).toEqual(['a rollback would reach all 30 exposed clients in about 66 s'])
    expect(reach(() => pulls, 0)).toEqual(['a rollback would reach the exposed client in about 66 s'])
    expect(reach(() => BAKES)).toEqual(['a rollback would reach all 30 exposed clients in about 1 s'])
    expect(reach(index => (index < 3 ? pulls : BAKES))).toEqual([
      'a rollback would reach all 30 exposed clients in about 66 s, nine in ten of them in about 1 s',
    ])
    expect(reach(index => (index < 4 ? pulls : BAKES))).toEqual([
      'a rollback would reach all 30 exposed clients in about 66 s',
    ])
  })

  test('does not cover those that are not heard, that look on demand or state no bound', () => {
    const pulls = { ...BAKES, strategy: 'pull', lookMs: 66_000 }
    const others: readonly Partial<ClientReport>[] = [
      { ...pulls, receivedAt: minute(8.9) },
      { ...pulls, strategy: 'on-demand', nextReportWithinMs: undefined },
      { ...pulls, lookMs: Number.MAX_SAFE_INTEGER },
    ]
    expect(reach(index => others[index] ?? pulls)).toEqual([
      'a rollback would reach 27 of 30 exposed clients in about 66 s; the others are not heard, or look without an interval',
    ])
    // Who has stopped in order is exposed no more.
    expect(reach(index => (index < 2 ? { ...pulls, phase: 'stopped' } : pulls))).toEqual([
      'a rollback would reach all 28 exposed clients in about 66 s',
    ])
    expect(reach(() => ({ ...BAKES, lookMs: Number.MAX_SAFE_INTEGER, strategy: 'own' }), 0)).toEqual([
      'how long a rollback would take is not known: the exposed client is not heard, or without an interval',
    ])
  })

  test('is not told once the candidate was taken back', () => {
    expect(linesOf({ state: 'retreated', exposed: () => BAKES }, /rollback would/)).toEqual([])
  })
})
