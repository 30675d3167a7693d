import { expect, test } from 'vitest'
import type { SavedAttempt } from '../../../../src/contracts/state.js'
import type { Judge } from '../../../../src/node/state/judge-attempts.js'
import { EMPTY_LEDGER, withFound } from '../../../../src/node/state/ledger.js'

const NOW = '2026-11-21T10:00:00.000Z'
const DIGEST = 'b'.repeat(64)
const by: Judge = {
  instanceId: 'me',
  build: '1',
  fate: () => 'gone',
  nowMs: Date.parse(NOW),
  beatMs: 5_000,
}
const death = (beatAt: string): SavedAttempt => ({
  digest: DIGEST,
  build: '1',
  slot: 0,
  instanceId: 'before',
  owner: 'owner-before',
  bootId: 'boot',
  startedAt: beatAt,
  beatAt,
  ranMs: 1,
})
const heldAgainst = (beatAt: string, pardonedAt?: string): number =>
  withFound(
    EMPTY_LEDGER,
    {
      state: { good: [], refused: [] },
      warnings: [],
      attempts: [death(beatAt)],
      pardoned: pardonedAt === undefined ? [] : [{ digest: DIGEST, at: pardonedAt }],
    },
    by,
  ).ledger.left.length

test('a death counts for a day, and not if it was pardoned at its last beat or later', () => {
  const beatAt = '2026-11-21T09:59:00.000Z'
  expect(heldAgainst(beatAt)).toBe(1)
  expect(heldAgainst('2026-11-20T10:00:00.000Z')).toBe(1)
  expect(heldAgainst('2026-11-20T09:59:59.999Z')).toBe(0)
  expect(heldAgainst(beatAt, '2026-11-21T09:58:59.999Z')).toBe(1)
  expect(heldAgainst(beatAt, beatAt)).toBe(0)
  expect(heldAgainst(beatAt, '2026-11-21T09:59:00.001Z')).toBe(0)
})
