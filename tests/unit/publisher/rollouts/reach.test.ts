import { describe, expect, test } from 'vitest'
import type { ClientReport, HeardReports } from '../../../../src/contracts/report.js'
import { MAX_EXCEPTIONS } from '../../../../src/core/limits.js'
import type { Release } from '../../../../src/core/release/release.js'
import { summarizeFleet } from '../../../../src/fleet/summary.js'
import { reachOf, type ReachQuery, type RolloutReach } from '../../../../src/publisher/rollouts/reach.js'
import { reportOf } from '../../../support/report-of.js'

const MINUTE = 60_000
const now = Date.UTC(2026, 0, 1, 12)
const ago = (ms: number): string => new Date(now - ms).toISOString()
const epoch = '1-00000000'
const at = (sequence: number) => ({ epoch, sequence })
const digest = 'a'.repeat(64)
const old = 'b'.repeat(64)
const release: Release = {
  v: 1, namespace: 'n', epoch, sequence: 5, issuedAt: ago(0), cause: 'publish', prev: old,
  stable: { version: 5, variants: [{ digest, bytes: 1 }] },
} // prettier-ignore

const runs: Partial<ClientReport> = { seen: at(5), applied: at(5), digest }
const older: Partial<ClientReport> = { seen: at(4), applied: at(4), digest: old }
const refused: Partial<ClientReport> = {
  ...older,
  ...{ seen: at(5), phase: 'rejected', refused: digest, code: 'invalid-document', path: 'pool.size' },
}

function reach(
  words: readonly Partial<ClientReport>[],
  { listenedMs = 60 * MINUTE, ...more }: Partial<ReachQuery> & { readonly listenedMs?: number } = {},
): RolloutReach {
  const reports = words.map((word, index) =>
    reportOf({ namespace: 'n', instanceId: `i${index}`, receivedAt: ago(1_000), ...word }),
  )
  const heard: HeardReports = { since: ago(listenedMs), asOf: ago(0), reports }
  const fleet = summarizeFleet(heard, release)
  return reachOf({ heard, fleet, digests: new Set([digest]), first: at(5), ...more })
}

describe('a release is everywhere', () => {
  test.each<[string, readonly Partial<ClientReport>[]]>([
    ['once all run it', [runs, { ...runs, phase: 'healthy' }]],
    ['though one has stopped', [runs, { ...older, phase: 'stopped' }]],
    ['though one is missing', [runs, { ...older, receivedAt: ago(20 * MINUTE) }]],
    ['though one is paused', [runs, { ...older, phase: 'paused' }]],
    ['though one reports on demand alone', [runs, { ...older, nextReportWithinMs: undefined } as never]],
    ['though a short-lived one does not run it', [runs, { ...older, ephemeral: true }]],
  ])('%s', (_, words) => {
    expect(reach(words)).toMatchObject({ is: 'everywhere', underWay: 0, refused: 0, refusals: [] })
  })
})

describe('a release is under way', () => {
  test.each<[string, readonly Partial<ClientReport>[]]>([
    ['while one runs what ran before', [runs, older]],
    ['while one has it staged', [runs, { ...older, seen: at(5), phase: 'staged' }]],
    ['while one that died of it has not come through its trial', [runs, { ...runs, previous: { instanceId: 'x', digest, end: 'abrupt', ranMs: 9 } }]],
    ['while one has seen what the store does not have', [runs, { ...runs, seen: at(9) }]],
    ['while another instance of a client does not run it', [{ ...runs, clientId: 'a' }, { ...older, clientId: 'a', slot: 1 }]],
    ['where all are paused', [{ ...older, phase: 'paused' }]],
    ['where all are missing', [{ ...older, receivedAt: ago(20 * MINUTE) }]],
    ['where all have just stopped', [{ ...older, phase: 'stopped' }]],
    ['where a refusal is one of an older release', [runs, { ...refused, seen: at(4) }]],
  ])('%s', (_, words) => {
    expect(reach(words)).toMatchObject({ is: 'under-way', refused: 0, refusals: [] })
  }) // prettier-ignore

  test('while a participant objects, which is told, since it is asked again', () => {
    expect(reach([runs, { ...refused, code: 'vetoed' }])).toMatchObject({
      is: 'under-way',
      refused: 1,
      refusals: [{ kind: 'vetoed' }],
    })
  })

  test('while a store that began to listen afterwards has not heard as many clients as there were', () => {
    const start = { exposed: 2, at: ago(5 * MINUTE) }
    expect(reach([runs], { start, listenedMs: MINUTE }).is).toBe('under-way')
    expect(reach([runs, runs], { start, listenedMs: MINUTE }).is).toBe('everywhere')
    // Once it has listened for long, those who are not heard are gone.
    expect(reach([runs], { start: { ...start, at: ago(30 * MINUTE) }, listenedMs: 16 * MINUTE }).is).toBe(
      'everywhere',
    )
    expect(reach([runs], { start, listenedMs: 6 * MINUTE }).is).toBe('everywhere')
  })
})

describe('a release is refused', () => {
  test.each<[string, Partial<ClientReport>, object]>([
    ['rejected it', refused, { kind: 'rejected', digest, code: 'invalid-document', path: 'pool.size' }],
    ['rejected it, since its own overrides do not go with it', { ...refused, overridden: ['pool'] }, { kind: 'rejected' }],
    ['took it back', { ...refused, phase: 'reverted' }, { kind: 'reverted' }],
    ['has it under quarantine', { ...refused, phase: 'quarantined' }, { kind: 'quarantined' }],
    ['has said so and runs on', { ...older, seen: at(5), verdicts: [{ digest, verdict: 'rejected', code: 'x' }] }, { kind: 'rejected', code: 'x' }],
    ['lacks a feature', { ...older, seen: at(5), phase: 'rejected', code: 'unsupported' }, { kind: 'unsupported' }],
    ['is short-lived and rejected it', { ...refused, ephemeral: true }, { kind: 'rejected' }],
  ])('where one %s, and names it', (_, word, said) => {
    expect(reach([runs, { ...word, clientId: 'web-2' }])).toMatchObject({
      is: 'refused',
      underWay: 0,
      refused: 1,
      refusals: [{ clientId: 'web-2', instanceId: 'i1', ...said }],
    })
  }) // prettier-ignore

  test('by as many as there are, of whom a hundred are named', () => {
    const { refused: count, refusals } = reach(Array.from({ length: 120 }, () => refused))
    expect([count, refusals.length]).toEqual([120, MAX_EXCEPTIONS])
  })
})

test.each<[string, number, object | undefined, RolloutReach['is']]>([
  ['none was heard for a quarter of an hour', 16, undefined, 'nobody'],
  ['the store has listened for less', 14, undefined, 'under-way'],
  ['there was somebody when it went out', 16, { exposed: 1, at: ago(MINUTE) }, 'under-way'],
])('where %s it is told: %s min listened', (_, minutes, start, is) => {
  expect(reach([], { listenedMs: minutes * MINUTE, start: start as ReachQuery['start'] }).is).toBe(is)
})

test('where all have stopped a quarter of an hour ago nobody is there', () => {
  expect(reach([{ ...older, phase: 'stopped', receivedAt: ago(16 * MINUTE) }]).is).toBe('nobody')
})
