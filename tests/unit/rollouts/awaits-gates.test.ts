import { describe, expect, test } from 'vitest'
import type { ClientReport, HeardReports } from '../../../src/contracts/report.js'
import type { Release } from '../../../src/core/release/release.js'
import { decideStaged } from '../../../src/rollouts/decide.js'
import { explanationLines } from '../../../src/rollouts/explanation.js'
import type { GateAnswers } from '../../../src/rollouts/gate.js'
import { readStagedPlan, type StagedPlan } from '../../../src/rollouts/plan.js'
import type { Decision } from '../../../src/rollouts/policy.js'
import { staged } from '../../../src/rollouts/staged.js'
import type { StagedOptions } from '../../../src/rollouts/staged-options.js'
import {
  CANDIDATE,
  hasher,
  heard,
  minute,
  minuteMs,
  names,
  releaseOf,
  START,
  startAt,
  word,
} from './fleet.js'

const GATE = { name: 'latency', onBad: 'roll-back' as const }
const GREEN: GateAnswers = { latency: { verdict: 'good', stage: 0 } }

/** So many clients at a minute, when each has just said a word. */
const fleet = (count: number, at: number, more: Parameters<typeof word>[2] = {}): HeardReports =>
  heard(
    names(count).map(name => word(name, at, more)),
    at,
  )

/** The first release of a rollout that was published at minute 10 by somebody without the gate. */
function awaiting(live: number, options: StagedOptions = {}): Release {
  const first = staged({ gates: [GATE], ...options }).start(startAt(10, fleet(live, 10)))
  if (first.type !== 'stage') throw new Error(first.says.join())
  const { audience, start, decideBy } = first.next
  return releaseOf(audience, {
    plan: first.plan as unknown as Partial<StagedPlan>,
    stageStart: { ...start, position: START },
    decideBy,
  })
}

const decide = (release: Release, reports: HeardReports, gates = GREEN): Decision =>
  decideStaged({ release, hasher }, { heard: reports, gates }, Date.parse(reports.asOf))

describe('a rollout that awaits its gates', () => {
  test('of a fleet that has grown since begins with one client', () => {
    const release = awaiting(1)
    const decision = decide(release, fleet(40, 20))
    expect(decision).toMatchObject({ type: 'advance', next: { stage: 0, start: { live: 40, exposed: 1 } } })
    expect(readStagedPlan(release.rollout?.plan ?? null).stages).toHaveLength(2)
  })

  test.each([1, 2])('goes to %i clients at once, where there were no more', live => {
    const { type, ...decision } = decide(awaiting(live), fleet(live, 20))
    expect({ type, ...decision }).toMatchObject({
      type: 'advance',
      next: { state: 'watching', start: { exposed: live } },
    })
  })

  test('is to begin as soon in a fleet of two as in one of three, and not only by the end of a watch', () => {
    expect(awaiting(2).rollout?.decideBy).toBe(awaiting(3).rollout?.decideBy)
  })

  test.each([1, 2])('goes to nobody while %i of the many are heard that were', live => {
    const { type, explanation } = decide(awaiting(40), fleet(live, 20))
    expect([type, explanation.verdict, explanation.why[0]]).toEqual([
      'hold',
      'unknown',
      `${live} of 40 clients are live: too few to begin a stage with, and fewer than there were`,
    ])
  })

  test('and whose fleet is gone does not say that it goes to everyone', () => {
    const { type, explanation } = decide(awaiting(40), heard([], 20))
    expect(type).toBe('hold')
    expect(explanationLines(explanation).join()).not.toMatch(/everyone/)
  })

  test('does not say that it waits for clients that have not seen its release', () => {
    const before = { ...START, sequence: START.sequence - 1 }
    const { explanation } = decide(awaiting(40), fleet(40, 20, { seen: before }), {})
    expect(explanation.awaited).toBeUndefined()
    expect(explanation.why).toEqual(['waiting for: gate latency'])
  })

  test('and finds one red says so, and nothing of numbers that nobody could have measured', () => {
    const release = awaiting(60, { guardrails: [{ measure: 'latencyMs', worseBy: 0.2 }] })
    const red: GateAnswers = { latency: { verdict: 'bad', stage: 0, why: 'p99 is 2 s' } }
    const { explanation } = decide(release, fleet(60, 20), red)
    expect(explanation).toMatchObject({
      why: ['gate latency is red: p99 is 2 s', 'nobody is exposed'],
      wouldChange: ['a green gate'],
    })
  })

  test('and is taken back does not say that clients were exposed', () => {
    const { candidate: _, audience: __, ...release } = awaiting(40)
    const { rollout } = release
    if (rollout === undefined) throw new Error('no rollout')
    const { explanation } = decide(
      { ...release, rollout: { ...rollout, state: 'retreated', why: 'taken back by hand' } },
      fleet(40, 20),
    )
    expect(explanation.why[0]).toBe('taken back before anybody was exposed: taken back by hand')
    expect(explanation.where).toBe('retreated, before stage 1 of 4: nobody is exposed')
  })

  test('has as long as it had by a clock that was set back', () => {
    const release = awaiting(40, { rehearse: true })
    // Nobody can rehearse now.
    const reports = fleet(40, -1_000, { firstAt: -1_100, protection: 'none' })
    const decision = decide(release, { ...reports, since: minute(-2_000) })
    const { rollout } = release
    const hadMs = Date.parse(rollout?.decideBy ?? '') - minuteMs(10)
    expect(decision).toMatchObject({
      type: 'widen',
      next: { start: { awaitsGates: true }, decideBy: new Date(minuteMs(-1_000) + hadMs).toISOString() },
    })
  })

  test('and has exposed clients all the same is judged by them', () => {
    const release = awaiting(40)
    const { audience } = release
    if (audience === undefined) throw new Error('no audience')
    const exposing: Release = { ...release, audience: { ...audience, clauses: [{ below: 2 ** 32 }] } }
    const refused: Partial<ClientReport> = { phase: 'rejected', refused: CANDIDATE, code: 'invalid-document' }
    expect(decide(exposing, fleet(40, 20, refused), {}).type).toBe('roll-back')
    expect(decide(exposing, fleet(40, 20)).type).toBe('hold')
  })

  test('begins with the first stage, whichever it says that it is in', () => {
    const release = awaiting(40)
    const { rollout } = release
    if (rollout === undefined) throw new Error('no rollout')
    const far: Release = { ...release, rollout: { ...rollout, stage: 3 } }
    expect(decide(far, fleet(40, 20)).type).toBe('hold')
    expect(decide(far, fleet(40, 20), { latency: { verdict: 'good', stage: 3 } })).toMatchObject({
      type: 'advance',
      next: { stage: 0, start: { exposed: 1 } },
    })
  })
})
