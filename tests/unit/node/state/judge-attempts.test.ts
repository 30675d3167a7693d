import { expect, test } from 'vitest'
import type { SavedAttempt } from '../../../../src/contracts/state.js'
import { judge, type Judge } from '../../../../src/node/state/judge-attempts.js'

const DIGEST = 'a'.repeat(64)
const NOW_MS = Date.parse('2026-11-21T09:00:00.000Z')
const DAY_MS = 86_400_000
const inMs = (ms: number): string => new Date(NOW_MS + ms).toISOString()

/** Who asks once every other process is gone. */
const by: Judge = { instanceId: 'me', build: '7', fate: () => 'gone', nowMs: NOW_MS, beatMs: 1_000 }

const diedAt = (beatAt: string): SavedAttempt => ({
  digest: DIGEST, build: '7', slot: 0, instanceId: 'other', owner: 'o', bootId: 'b', startedAt: beatAt, beatAt, ranMs: 1,
}) // prettier-ignore

test.each([
  ['two days ahead', 2 * DAY_MS, 'clear'],
  ['a day ahead', DAY_MS, 'suspect'],
  ['a day ago', -DAY_MS, 'suspect'],
  ['two days ago', -2 * DAY_MS, 'clear'],
])('a death counts within a day of now: %s', (_, ms, verdict) => {
  const record = { attempts: [diedAt(inMs(ms))], quarantined: [], pardoned: [] }
  expect(judge(DIGEST, record, by).verdict).toBe(verdict)
})

test.each([
  ['two days ahead', 2 * DAY_MS, 'clear'],
  ['a day ahead', DAY_MS, 'guilty'],
  ['now', 0, 'clear'],
])('a quarantine counts that ends within a day: %s', (_, ms, verdict) => {
  const quarantined = [{ digest: DIGEST, build: '7', until: inMs(ms) }]
  expect(judge(DIGEST, { attempts: [], quarantined, pardoned: [] }, by).verdict).toBe(verdict)
})

test('a pardon two days ahead pardons nothing', () => {
  const record = { attempts: [diedAt(inMs(0))], quarantined: [] }
  const after = (ms: number) =>
    judge(DIGEST, { ...record, pardoned: [{ digest: DIGEST, at: inMs(ms) }] }, by).verdict
  expect([after(1), after(2 * DAY_MS)]).toEqual(['clear', 'suspect'])
})
