import { describe, expect, test } from 'vitest'
import type { ClientReport } from '../../../src/contracts/report.js'
import { clientStateOf } from '../../../src/rollouts/client-state.js'
import { abruptEndOf, failedSince } from '../../../src/rollouts/failures.js'
import { membersOf, type Member } from '../../../src/rollouts/members.js'
import { CANDIDATE, heard, minuteMs, sayState, STABLE, word } from './fleet.js'

const NOW = 20
const BAKE_MS = 300_000
const candidate = new Set([CANDIDATE])

const memberOf = (...reports: readonly ClientReport[]): Member => {
  const [member] = membersOf(heard(reports, NOW), minuteMs(9))
  if (member === undefined) throw new Error('nobody counts')
  return member
}
const query = { candidate, bakeMs: BAKE_MS, nowMs: minuteMs(NOW) }
const stateOf = (...reports: readonly ClientReport[]): string =>
  sayState(clientStateOf(memberOf(...reports), query))
const runs: Partial<ClientReport> = { phase: 'applied', digest: CANDIDATE, sinceMs: BAKE_MS }
const a = (more: Partial<ClientReport> = {}): ClientReport => word('a', NOW, more)
const life = (name: string, firstAt: number, lastAt: number, more: Partial<ClientReport>): ClientReport =>
  word('a', lastAt, { instanceId: name, firstAt, ...more })
/** A new life whose predecessor ended on the candidate after 300 ms. */
const after = (instanceId: string, ranMs = 300, digest = CANDIDATE): Partial<ClientReport> => ({
  previous: { instanceId, digest, end: 'abrupt', ranMs },
})

describe('what was said before a stage, and not since', () => {
  const stateIn = (report: ClientReport): string =>
    sayState(clientStateOf(memberOf(report), { ...query, fromMs: minuteMs(10) }))
  const refused = { phase: 'rejected', refused: CANDIDATE, nextReportWithinMs: 600_000 } as const

  test('is no refusal', () => {
    expect(stateIn(word('a', 9, refused))).not.toBe('rejected')
    expect(stateIn(word('a', 10, refused))).toBe('rejected')
  })

  test('is no death', () => {
    const died = { ...after('a-0'), nextReportWithinMs: 600_000, phase: 'applied', sinceMs: 600_000 } as const
    expect(stateIn(word('a', 9, died))).toBe('waiting')
    expect(stateIn(word('a', 10, died))).toBe('abrupt')
  })

  test('leaves a silence in doubt', () => {
    expect(stateIn(word('a', 9, runs))).toBe('doubtful: silent')
    expect(stateIn(word('a', 10, runs))).toBe('silent')
  })
})

describe('where an exposed client is', () => {
  test.each<[string, Partial<ClientReport>]>([
    ['healthy', runs],
    ['healthy', { ...runs, phase: 'healthy' }],
    ['healthy', { ...runs, health: { before: 'healthy', now: 'healthy' } }],
    ['baking', { ...runs, sinceMs: BAKE_MS - 1 }],
    ['waiting', {}],
    ['waiting', { phase: 'staged' }],
    ['waiting', { phase: 'trying', digest: CANDIDATE }],
    ['waiting', { ...runs, phase: 'other' }],
    ['rejected', { phase: 'rejected', refused: CANDIDATE, code: 'invalid-document' }],
    ['reverted', { phase: 'reverted', refused: CANDIDATE }],
    ['quarantined', { phase: 'quarantined', refused: CANDIDATE }],
    ['vetoed', { phase: 'rejected', refused: CANDIDATE, code: 'vetoed' }],
    ['waiting', { phase: 'rejected', refused: STABLE, code: 'invalid-document' }],
    ['rejected', { phase: 'healthy', verdicts: [{ digest: CANDIDATE, verdict: 'rejected' }] }],
    ['healthy', { ...runs, verdicts: [{ digest: STABLE, verdict: 'rejected' }] }],
    ['healthy', { ...runs, verdicts: [{ digest: CANDIDATE, verdict: 'other' }] }],
    ['left-out: overridden', { phase: 'rejected', refused: CANDIDATE, overridden: ['pool.size'] }],
    [
      'left-out: overridden',
      {
        phase: 'rejected',
        refused: CANDIDATE,
        verdicts: [{ digest: CANDIDATE, verdict: 'rejected', overridden: true }],
      },
    ],
    ['left-out: stopped', { ...runs, phase: 'stopped' }],
    ['left-out: paused', { phase: 'paused' }],
    ['left-out: ephemeral', { ...runs, ephemeral: true }],
    ['left-out: on-demand', { ...runs, nextReportWithinMs: undefined }],
    ['left-out: unsupported', { phase: 'rejected', code: 'unsupported' }],
    ['left-out: unwell-before', { ...runs, health: { before: 'unhealthy', now: 'unhealthy' } }],
    ['doubtful: probe-unhealthy', { ...runs, health: { before: 'healthy', now: 'unhealthy' } }],
    ['doubtful: probe-threw', { ...runs, health: { before: 'healthy', now: 'threw' } }],
    ['doubtful: probe-timed-out', { ...runs, health: { before: 'none', now: 'timeout' } }],
  ])('%s', (expected, more) => {
    expect(stateOf(a(more))).toBe(expected)
  })

  test('what clients without timers and with invented names say against the candidate counts all the same', () => {
    const refused = { phase: 'rejected', refused: CANDIDATE, code: 'invalid-document' } as const
    expect(stateOf(a({ ...refused, ephemeral: true }))).toBe('rejected')
    expect(stateOf(a({ ...refused, nextReportWithinMs: undefined }))).toBe('rejected')
  })

  test('silent after three periods without a word, and not a moment before', () => {
    expect(stateOf(word('a', NOW - 3, runs))).toBe('healthy')
    expect(stateOf(word('a', NOW - 3.01, runs))).toBe('silent')
  })

  test('of several processes each has to be well, and one that failed is enough', () => {
    const worker = (slot: number, lastAt: number, more: Partial<ClientReport>): ClientReport =>
      life(`w${slot}`, 0, lastAt, { slot, ...more })
    expect(stateOf(worker(0, NOW, runs), worker(1, NOW, runs))).toBe('healthy')
    expect(stateOf(worker(0, NOW, runs), worker(1, NOW, {}))).toBe('waiting')
    expect(stateOf(worker(0, NOW, runs), worker(1, NOW, { ...runs, sinceMs: 1 }))).toBe('baking')
    expect(stateOf(worker(0, NOW, runs), worker(1, NOW, { ...runs, phase: 'stopped' }))).toBe('healthy')
    expect(stateOf(worker(0, NOW, runs), worker(1, 11, runs))).toBe('doubtful: silent')
    expect(stateOf(worker(0, NOW, runs), worker(1, NOW, { phase: 'quarantined', refused: CANDIDATE }))).toBe(
      'quarantined',
    )
  })

  test('under a name that two share, nothing that can be told apart', () => {
    expect(stateOf(life('one', 0, NOW, runs), life('two', 5, NOW, runs))).toBe('doubtful: shared-id')
  })
})

describe('an abrupt end on the candidate', () => {
  const died = life('one', 0, 15, runs)

  test('is a failure once what was there before has outlived its run', () => {
    const next = (sinceMs: number): string =>
      stateOf(died, life('two', 15, NOW, { ...after('one'), phase: 'applied', digest: STABLE, sinceMs }))
    // A death is noticed to 5 s: it may have run for 5,299 ms.
    expect(next(301)).toBe('doubtful: crash-open')
    expect(next(5_299)).toBe('doubtful: crash-open')
    expect(next(5_300)).toBe('abrupt')
  })

  test('is open while the candidate is tried again, until that has run through the bake', () => {
    const again = (sinceMs: number): string =>
      stateOf(died, life('two', 15, NOW, { ...after('one'), ...runs, sinceMs, upMs: sinceMs + 300 }))
    expect(again(BAKE_MS - 1)).toBe('doubtful: crash-open')
    expect(again(BAKE_MS)).toBe('abrupt')
  })

  test('is a failure also where what was there before outlived it between two looks', () => {
    const again = (upMs: number): string =>
      stateOf(died, life('two', 15, NOW, { ...after('one'), ...runs, sinceMs: 1_000, upMs }))
    expect(again(6_299)).toBe('doubtful: crash-open')
    expect(again(6_300)).toBe('abrupt')
  })

  test('is a failure where what was there before has run through a bake that is shorter than that', () => {
    const next = { ...after('one'), phase: 'applied', digest: STABLE } as const
    const state = (sinceMs: number): string =>
      sayState(
        clientStateOf(memberOf(died, life('two', 15, NOW, { ...next, sinceMs })), {
          ...query,
          bakeMs: 1_000,
        }),
      )
    expect([state(1_299), state(1_300)]).toEqual(['doubtful: crash-open', 'abrupt'])
  })

  test('is none of the candidate when what was there before dies as fast', () => {
    const two = life('two', 15, 15.1, { ...after('one'), phase: 'applied', digest: STABLE, sinceMs: 100 })
    const three = { ...after('two', 250, STABLE), phase: 'applied', digest: STABLE, sinceMs: 100 } as const
    expect(stateOf(died, two, life('three', 15.2, NOW, three))).toBe('left-out: crashing-both')
    // Of two deaths within the time to which they are noticed nobody knows which one was the
    // faster.
    const later = { ...after('two', 4_900, STABLE), phase: 'applied', digest: STABLE, sinceMs: 400 } as const
    expect(stateOf(died, two, life('three', 15.2, NOW, later))).toBe('left-out: crashing-both')
    // Where it dies later than the candidate can have, it was well for long enough.
    const last = { ...after('two', 5_400, STABLE), phase: 'applied', digest: STABLE, sinceMs: 5_400 } as const
    expect(stateOf(died, two, life('three', 15.2, NOW, last))).toBe('abrupt')
  })

  test('counts only within the bake, and only on the candidate', () => {
    const stable = { phase: 'applied', digest: STABLE, sinceMs: 1e6 } as const
    expect(stateOf(died, life('two', 15, NOW, { ...after('one', BAKE_MS), ...stable }))).toBe('waiting')
    expect(stateOf(died, life('two', 15, NOW, { ...after('one', 300, STABLE), ...stable }))).toBe('waiting')
    const clean = { instanceId: 'one', digest: CANDIDATE, end: 'clean', ranMs: 3 } as const
    expect(stateOf(died, life('two', 15, NOW, { previous: clean, ...stable }))).toBe('waiting')
  })
})

test('fifty thousand lives that a stranger names of one client are told in one walk', () => {
  const lives = Array.from({ length: 50_000 }, (_, index) =>
    word('a', 1 + index / 100_000, {
      instanceId: `life-${index}`,
      firstAt: index / 100_000,
      phase: 'stopped',
      upMs: 0,
      sinceMs: 0,
      ...after(`life-${index - 1}`),
    }),
  )
  const member = memberOf(...lives)
  expect(member.words).toHaveLength(lives.length)
  expect(failedSince(member, { atMs: 0, nowMs: minuteMs(NOW), candidate })).toBe(true)
  expect(abruptEndOf(member, candidate, { bakeMs: BAKE_MS })).toEqual({ type: 'open' })
})

describe('a client without a disk', () => {
  const bare: Partial<ClientReport> = { ...runs, sinceMs: 1_000, protection: 'none' }
  const lives = (...more: readonly Partial<ClientReport>[]): string =>
    stateOf(
      ...more.map((each, index) => life(`life-${index}`, index === 0 ? 0 : 11 + index, 11 + index, each)),
      life('last', NOW, NOW, { protection: 'none' }),
    )

  test('has vanished when it ended on the candidate twice without a word', () => {
    expect(lives(bare, bare)).toBe('vanished')
    expect(lives({ ...bare, phase: 'trying' }, { ...bare, phase: 'trying' })).toBe('vanished')
    expect(lives(bare)).toBe('waiting')
  })

  test('has not when it said that it stopped, ran it through the bake, ran something else, or has a disk', () => {
    expect(lives(bare, { ...bare, phase: 'stopped' })).toBe('waiting')
    expect(lives(bare, { ...bare, sinceMs: BAKE_MS })).toBe('waiting')
    expect(lives(bare, { ...bare, digest: STABLE })).toBe('waiting')
    expect(lives(bare, { ...bare, protection: 'disk' })).toBe('waiting')
  })

  test('is also one whose folder is empty at each start, whatever it says of itself', () => {
    const emptied = (more: Partial<ClientReport>, last: Partial<ClientReport> = {}): string =>
      stateOf(
        life('life-0', 0, 11, { ...bare, slot: 0, protection: 'disk' }),
        life('life-1', 12, 12, { ...bare, slot: 0, protection: 'disk', ...more }),
        life('last', NOW, NOW, { slot: 0, protection: 'disk', ...last }),
      )
    expect(emptied({})).toBe('vanished')
    const found = (instanceId: string): Partial<ClientReport> => ({
      previous: { instanceId, digest: STABLE, end: 'clean', ranMs: 1 },
    })
    expect(emptied(found('life-0'), found('life-1'))).toBe('waiting')
  })

  test('has not when strangers use its name while it is there', () => {
    const strangers = [1, 2, 3, 4].map(index =>
      life(`stranger-${index}`, 19 + index / 10, 19 + index / 10, bare),
    )
    expect(stateOf(a(runs), ...strangers)).toBe('healthy')
    // Nor when it was heard just now, and is silent for less than a period and a half.
    expect(stateOf(word('a', 18.9, runs), ...strangers)).toBe('healthy')
  })
})

describe('what the two groups are compared by', () => {
  const failed = (...reports: readonly ClientReport[]): boolean =>
    failedSince(memberOf(...reports), { atMs: minuteMs(10), nowMs: minuteMs(NOW), candidate })

  test('is any failure since the stage began, whatever ran', () => {
    const stable = { phase: 'applied', digest: STABLE } as const
    expect(failed(a())).toBe(false)
    expect(failed(word('a', 12, {}))).toBe(true)
    expect(failed(word('a', 12, { phase: 'stopped' }))).toBe(false)
    expect(
      failed(life('one', 0, 15, {}), life('two', 15, NOW, { ...after('one', 1e9, STABLE), ...stable })),
    ).toBe(true)
    expect(
      failed(life('one', 0, 15, {}), life('two', 9.5, NOW, { ...after('one', 1e9, STABLE), ...stable })),
    ).toBe(false)
    const clean = { instanceId: 'one', digest: STABLE, end: 'clean', ranMs: 3 } as const
    expect(failed(life('one', 0, 15, {}), life('two', 15, NOW, { previous: clean, ...stable }))).toBe(false)
  })

  test('takes a refusal of the candidate that began before the stage for what an earlier stage saw', () => {
    const refused = { phase: 'rejected', refused: CANDIDATE, code: 'invalid-document' } as const
    expect(failed(a({ ...refused, sinceMs: 9 * 60_000 }))).toBe(true)
    expect(failed(a({ ...refused, sinceMs: 11 * 60_000 }))).toBe(false)
  })
})
