import { describe, expect, test } from 'vitest'
import type { ClientReport } from '../../../src/contracts/report.js'
import { decideStaged } from '../../../src/rollouts/decide.js'
import { explanationLines } from '../../../src/rollouts/explanation.js'
import { sayFailure, type Explanation } from '../../../src/rollouts/index.js'
import { sayLeft, sayTime } from '../../../src/rollouts/say-time.js'
import { CANDIDATE, hasher, heard, minute, minuteMs, names, STABLE, stageOf, START, word } from './fleet.js'

const LIVE = 10

/** What is said at a minute of a rollout among ten clients, whose stage began at minute 10. */
function explained(
  exposedSays: Partial<ClientReport>,
  { stage = 0, state = 'running' as 'running' | 'watching', at = 12 } = {},
): Explanation {
  const { release, exposed } = stageOf(LIVE, { state, stage })
  const reports = names(LIVE).map(name => word(name, at, exposed.includes(name) ? exposedSays : {}))
  return decideStaged({ release, hasher }, { heard: heard(reports, at), gates: {} }, minuteMs(at)).explanation
}

const rejected: Partial<ClientReport> = { phase: 'rejected', refused: CANDIDATE, digest: STABLE }

describe('the words of a rollout', () => {
  test.each([0, 1])('count its stages from 1 on, in the reason of a rollback too (%i)', stage => {
    const { where, why } = explained(rejected, { stage })
    expect(where).toMatch(`stage ${stage + 1} of 4`)
    expect(why[0]).toMatch(new RegExp(`rejected in stage ${stage + 1}$`))
  })

  test('name each reason once, also how many have seen the stage', () => {
    const well = { phase: 'healthy', digest: CANDIDATE, sinceMs: 600_000, seen: undefined } as never
    const { why, verdict } = explained(well, { stage: 3 })
    expect(verdict).toBe('unknown')
    expect(why.filter(text => text.endsWith('have seen this stage'))).toHaveLength(1)
    expect(new Set(why).size).toBe(why.length)
  })

  test('tell how long a stage bakes and has left, and when the report of its end is due', () => {
    const baking = (sinceMs: number, at = 12): string | undefined =>
      explained({ phase: 'applied', digest: CANDIDATE, sinceMs }, { at }).why[0]
    expect(baking(120_000)).toBe('bakes 5 min, 3 min left')
    expect(baking(261_000)).toBe('bakes 5 min, 40 s left')
    const late = word('client-0', 12, { receivedAt: minute(11) })
    expect(explained({ ...late, phase: 'applied', digest: CANDIDATE, sinceMs: 250_000 }).why[0]).toBe(
      'bakes 5 min, and the report of its end is due',
    )
  })

  test('say what would change a verdict once, and how many clients are healthy of how many', () => {
    const lines = explanationLines(explained({ phase: 'applied', digest: CANDIDATE, sinceMs: 1_000 }))
    expect(lines).toContain('0 of 1 clients are healthy, and all have to be (too-few)')
    expect(lines.filter(line => line.startsWith('would change it: '))).toEqual([
      'would change it: enough healthy clients of the stage, or a failure among them',
    ])
  })

  test('name what is unknown, also where it is beside the reason, and count whom it concerns', () => {
    expect(explanationLines(explained({})).slice(1, 4)).toEqual([
      'exposed clients do not run the candidate yet (not-applied, 1 client)',
      '0 of 1 clients are healthy, and all have to be (too-few)',
      'a client that was chosen or named for the stage is not healthy yet (canary-missing, 1 client)',
    ])
    const late = explanationLines(explained({}, { at: 121 }))
    expect(late[1]).toMatch(/^not decided by /)
    expect(late).toContain('exposed clients do not run the candidate yet (not-applied, 1 client)')
  })

  test('of the watch tell how long it lasts, and nothing of who has seen a stage', () => {
    const watched = explained(
      { digest: CANDIDATE, seen: { ...START, sequence: 1 } },
      { state: 'watching', stage: 3 },
    )
    expect(watched.why).toEqual(['all run it, and it is watched for 28 min more'])
  })
})

test.each([
  [-1, '0 s'],
  [39_001, '40 s'],
  [119_000, '119 s'],
  [120_000, '2 min'],
  [179_000, '3 min'],
  [7_200_000, '2 h'],
  [8_000_000, '2.3 h'],
])('%i ms that are left are said as %s', (ms, said) => {
  expect(sayTime(ms)).toBe(said)
})

test('what is left is told in steps of ten seconds above ten, and is never more than there was', () => {
  expect([9_100, 10_001, 61_000].map(ms => sayLeft(ms, 60_000))).toEqual(['10 s', '20 s', '60 s'])
  expect(sayLeft(41_000, 45_000)).toBe('45 s')
})

test('a client that failed abruptly is told with what died, what that had applied, and when', () => {
  const abrupt = { clientId: 'api-3', kind: 'abrupt', digest: '207dd4cb856f'.padEnd(64, '0') }
  expect(
    [2_149, 33, 0, 600_000, undefined].map(ranMs =>
      sayFailure({ ...abrupt, ...(ranMs !== undefined && { ranMs }) }),
    ),
  ).toEqual([
    'api-3: abrupt; the process before this one died at least 2.1 s after it applied 207dd4cb856f',
    'api-3: abrupt; the process before this one died at least 33 ms after it applied 207dd4cb856f',
    'api-3: abrupt; the process before this one died while it tried 207dd4cb856f',
    'api-3: abrupt; the process before this one died at least 10 min after it applied 207dd4cb856f',
    'api-3: abrupt; the process before this one died after it applied 207dd4cb856f',
  ])
  expect(sayFailure({ clientId: 'api-3', kind: 'silent', digest: abrupt.digest, ranMs: 3 })).toBe(
    'api-3: silent',
  )
})
