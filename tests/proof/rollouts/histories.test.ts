import { afterAll, describe, expect, test, vi } from 'vitest'
import { isWider } from '../../../src/rollouts/cohort.js'
import { explanationLines } from '../../../src/rollouts/explanation.js'
import type { RolloutPolicy } from '../../../src/rollouts/policy.js'
import { staged } from '../../../src/rollouts/staged.js'
import { CANDIDATE, runHistory, type Event, type History, type Outcome } from './fleet-model.js'

const FINE: History = { seed: 1, clients: 60, candidate: { type: 'fine' }, events: [], disk: true }
// A busy machine takes its time over hours of a fleet.
vi.setConfig({ testTimeout: 120_000 })
afterAll(() => vi.resetConfig())

/** More of them with `NOTICEBOARD_HISTORIES`. */
const SEEDS = Array.from(
  { length: Number(process.env['NOTICEBOARD_HISTORIES'] ?? 2) },
  (_, index) => index + 1,
)
const minutes = (count: number): number => count * 60_000
const seconds = (count: number): number => count * 1_000

/** What was decided, for the message of a test that fails. */
const told = ({ steps }: Outcome): string =>
  steps
    .map(
      ({ atMs, decision }) =>
        `${Math.round(atMs / 1_000)} s ${decision.type}: ${explanationLines(decision.explanation).join(' | ')}`,
    )
    .join('\n')
const ends = (history: History): readonly Outcome['end'][] =>
  SEEDS.map(seed => runHistory({ ...history, seed }).end)

describe('a healthy document', () => {
  test.each([3, 12, 60])('reaches all of %i clients, stage by stage, and is watched to the end', clients => {
    for (const seed of SEEDS) {
      const outcome = runHistory({ ...FINE, seed, clients })
      expect(outcome.end, told(outcome)).toBe('completed')
      expect(outcome.touched).toBe(clients)
      let before: Outcome['steps'][number]['release'] | undefined
      for (const { release } of outcome.steps) {
        if (before?.audience !== undefined && release.audience !== undefined)
          expect(isWider(release.audience, before.audience)).toBe(true)
        before = release
      }
    }
  })

  test.each<[string, Event]>([
    ['a deploy that kills them', { type: 'deploy', atMs: minutes(25), abrupt: true }],
    ['a deploy in the first stage that kills them', { type: 'deploy', atMs: minutes(3), abrupt: true }],
    ['a partition of all', { type: 'partition', atMs: minutes(25), percent: 100, lastsMs: minutes(10) }],
  ])('is not taken back because of %s', (_name, event) => {
    for (const seed of SEEDS) {
      const outcome = runHistory({ ...FINE, seed, clients: 60, hours: 1.2, events: [event] })
      expect(['completed', 'paused', 'under way'], told(outcome)).toContain(outcome.end)
    }
  })

  test.each<[string, Event]>([
    ['a deploy of all clients', { type: 'deploy', atMs: minutes(2), abrupt: false }],
    ['a scale-down of a fifth', { type: 'scale-down', atMs: minutes(2), percent: 20 }],
    ['a partition of a third', { type: 'partition', atMs: minutes(2), percent: 33, lastsMs: minutes(10) }],
  ])('reaches everybody and its end through %s in the middle of whatever stage', (_name, event) => {
    const options = { bakeMs: minutes(5), watchMs: minutes(1) }
    for (const inStage of [0, 1, 2, 3])
      for (const seed of SEEDS) {
        const events = [{ ...event, inStage }]
        const outcome = runHistory({ ...FINE, seed, options, events })
        expect([outcome.happened, outcome.end], `stage ${inStage}, seed ${seed}\n${told(outcome)}`).toEqual([
          1,
          'completed',
        ])
      }
  })

  test('gets there although clients die now and then of something else', () => {
    const outcomes = ends({ ...FINE, clients: 100, events: [{ type: 'deaths', perHour: 0.01 }] })
    expect(outcomes).toContain('completed')
  })
})

describe('a deadly document', () => {
  test.each([0, 300, seconds(5), minutes(1), minutes(10)])(
    'that kills after %i ms meets few clients before it is gone',
    afterMs => {
      for (const disk of [true, false]) {
        for (const seed of SEEDS) {
          const outcome = runHistory({
            ...FINE,
            seed,
            disk,
            candidate: { type: 'deadly', afterMs, percent: 100 },
          })
          expect(['rolled-back', 'retreated'], `${disk} ${told(outcome)}`).toContain(outcome.end)
          expect(outcome.touched, told(outcome)).toBeLessThanOrEqual(2)
        }
      }
    },
  )

  test('of half of the clients is caught by the second stage', () => {
    for (const seed of SEEDS) {
      const outcome = runHistory({
        ...FINE,
        seed,
        candidate: { type: 'deadly', afterMs: seconds(5), percent: 50 },
      })
      expect(outcome.end, told(outcome)).toBe('rolled-back')
      expect(outcome.touched).toBeLessThanOrEqual(8)
    }
  })

  test('of one client in ten is caught, mostly before it reaches all', () => {
    const touched: number[] = []
    for (const seed of SEEDS) {
      const outcome = runHistory({
        ...FINE,
        seed,
        clients: 300,
        candidate: { type: 'deadly', afterMs: seconds(5), percent: 10 },
      })
      expect(outcome.end, told(outcome)).toBe('rolled-back')
      touched.push(outcome.touched)
    }
    expect(Math.min(...touched)).toBeLessThanOrEqual(20)
  })

  test('is caught all the same while the fleet is deployed', () => {
    for (const seed of SEEDS) {
      const events: readonly Event[] = [{ type: 'deploy', atMs: minutes(1), abrupt: false }]
      const outcome = runHistory({
        ...FINE,
        seed,
        events,
        candidate: { type: 'deadly', afterMs: seconds(5), percent: 100 },
      })
      expect(['rolled-back', 'retreated'], told(outcome)).toContain(outcome.end)
      expect(outcome.touched).toBeLessThanOrEqual(3)
    }
  })
})

test('a document that is refused goes back with the first refusal', () => {
  for (const seed of SEEDS) {
    const outcome = runHistory({ ...FINE, seed, candidate: { type: 'refused', percent: 100 } })
    expect(outcome.end, told(outcome)).toBe('rolled-back')
    expect([outcome.touched, outcome.afterMs <= minutes(2)]).toEqual([0, true])
  }
})

test('a document under which clients fall silent is taken back without being withdrawn', () => {
  for (const seed of SEEDS) {
    const outcome = runHistory({
      ...FINE,
      seed,
      candidate: { type: 'hanging', afterMs: seconds(20), percent: 100 },
    })
    expect(outcome.end, told(outcome)).toBe('retreated')
    expect(outcome.touched).toBe(2)
  }
})

test('a controller that starts anew at each step decides the same', () => {
  const fresh: RolloutPolicy = {
    type: 'staged',
    version: 1,
    start: input => staged().start(input),
    decide: (...given) => staged({ bakeMs: 1 }).decide(...given),
  }
  for (const candidate of [FINE.candidate, { type: 'deadly', afterMs: 300, percent: 30 }] as const) {
    const one = runHistory({ ...FINE, candidate })
    const other = runHistory({ ...FINE, candidate, policy: fresh })
    expect(other).toEqual(one)
  }
})

describe('what these histories find', () => {
  const everyoneFirst = (): RolloutPolicy => staged(['all'])

  test('a plan of one stage lets a deadly document reach everybody', () => {
    const candidate = { type: 'deadly', afterMs: minutes(1), percent: 100 } as const
    expect(runHistory({ ...FINE, candidate, policy: everyoneFirst() }).touched).toBe(60)
  })

  test('a policy that goes by one failure of any kind takes back what is healthy', () => {
    const strict: RolloutPolicy = {
      ...staged(),
      decide(state, evidence, nowMs) {
        const decision = staged().decide(state, evidence, nowMs)
        const gone = decision.explanation.counts['silent'] ?? 0
        return gone > 0 ? { type: 'roll-back', explanation: decision.explanation } : decision
      },
    }
    const events: readonly Event[] = [
      { type: 'partition', atMs: minutes(25), percent: 33, lastsMs: minutes(10) },
    ]
    expect(
      SEEDS.map(seed => runHistory({ ...FINE, seed, clients: 200, events, policy: strict }).end),
    ).toContain('rolled-back')
  })

  test('the model runs the candidate in nobody before it is asked to', () => {
    const outcome = runHistory({ ...FINE, hours: 0 })
    expect([outcome.touched, outcome.end, CANDIDATE.length]).toEqual([0, 'under way', 64])
  })
})
