import { describe, expect, test } from 'vitest'
import type { Position } from '../../../src/contracts/position.js'
import type { ClientReport, HeardReports } from '../../../src/contracts/report.js'
import { decodeRelease } from '../../../src/core/release/release.js'
import { claimsOf, highestEpoch } from '../../../src/fleet/claims.js'
import { EPOCH, NAMESPACE, releaseOf, snapshotOf } from '../../support/board-kit.js'
import { reportOf } from '../../support/report-of.js'

const MINUTE_MS = 60_000
const NOW_MS = Date.parse('2026-11-26T12:00:00.000Z')
const own = { epoch: EPOCH, sequence: 4 }
const newest = decodeRelease(releaseOf(snapshotOf({ size: 1 }), { at: own })).release
const ahead = { epoch: EPOCH, sequence: 9 }

let made = 0
/** So many instances that have seen a position, heard first and last so many minutes ago. */
function instances(
  count: number,
  seen: Position,
  { knownMinutes = 60, silentMinutes = 0, clientId = '', phase = 'applied' as ClientReport['phase'] } = {},
): ClientReport[] {
  return Array.from({ length: count }, () => {
    made += 1
    const instanceId = `i${made}`
    return reportOf({
      namespace: NAMESPACE,
      instanceId,
      clientId: clientId === '' ? `client-${made}` : clientId,
      seen,
      phase,
      firstHeardAt: new Date(NOW_MS - knownMinutes * MINUTE_MS).toISOString(),
      receivedAt: new Date(NOW_MS - silentMinutes * MINUTE_MS).toISOString(),
    })
  })
}
const heard = (...reports: readonly ClientReport[][]): HeardReports => ({
  since: new Date(NOW_MS - 86_400_000).toISOString(),
  asOf: new Date(NOW_MS).toISOString(),
  reports: reports.flat(),
})
const last = { epoch: '999999999-ffffffff', sequence: 1 }

describe('a claim', () => {
  test('of one stranger in a fleet is told with how many and who, and does not count', () => {
    const claims = claimsOf(heard(instances(339, own), instances(1, ahead, { clientId: 'stranger' })), newest)
    expect(claims).toEqual({
      counted: undefined,
      highest: ahead,
      says: `1 of 340 instances (stranger) claims to have seen ${EPOCH}:9`,
    })
  })

  test('of a tenth of a fleet counts', () => {
    expect(claimsOf(heard(instances(306, own), instances(34, ahead)), newest)?.counted).toEqual(ahead)
    expect(claimsOf(heard(instances(307, own), instances(33, ahead)), newest)?.counted).toBeUndefined()
  })

  test('of newcomers does not count while most of those that live were heard for long, however many they are', () => {
    const fleet = instances(10, own)
    const strangers = instances(10, ahead, { knownMinutes: 14 })
    expect(claimsOf(heard(fleet, strangers), newest)?.counted).toBeUndefined()
    expect(claimsOf(heard(fleet, instances(10, ahead, { knownMinutes: 15 })), newest)?.counted).toEqual(ahead)
  })

  test('counts in a fleet that nobody knows for long yet, as after a deployment', () => {
    const fleet = instances(20, ahead, { knownMinutes: 1 })
    expect(claimsOf(heard(fleet, instances(5, own)), newest)?.counted).toEqual(ahead)
    expect(claimsOf(heard(instances(1, ahead, { knownMinutes: 0 })), newest)?.counted).toEqual(ahead)
  })

  test('of half counts where newcomers outnumber those that were heard for long, and of fewer does not', () => {
    const newcomers = (count: number, seen: Position): ClientReport[] =>
      instances(count, seen, { knownMinutes: 1 })
    expect(
      claimsOf(heard(instances(2, own), newcomers(3, own), newcomers(5, ahead)), newest)?.counted,
    ).toEqual(ahead)
    expect(
      claimsOf(heard(instances(2, own), newcomers(4, own), newcomers(5, ahead)), newest)?.counted,
    ).toBeUndefined()
  })

  test('of strangers does not count while a fleet that outnumbers them is deployed anew', () => {
    const stopped = instances(2, own, { phase: 'stopped' })
    const strangers = instances(4, ahead, { knownMinutes: 3, silentMinutes: 3 })
    expect(claimsOf(heard(instances(3, own), stopped, strangers), newest)?.counted).toBeUndefined()
    const anew = instances(5, own, { knownMinutes: 0 })
    const all = instances(5, own, { phase: 'stopped' })
    expect(claimsOf(heard(all, anew, strangers), newest)?.counted).toBeUndefined()
  })

  test('of strangers who fell silent after their first words does not count once a fleet is known', () => {
    const gone = instances(40, ahead, { knownMinutes: 31, silentMinutes: 31 })
    const newcomers = instances(3, own, { knownMinutes: 1 })
    for (const fleet of [instances(3, own), [...instances(2, own), ...newcomers]])
      expect(claimsOf(heard(fleet, gone), newest)?.counted).toBeUndefined()
  })

  test('of a position to which no fleet comes at once takes more than half', () => {
    const far = { epoch: '5000-ffffffff', sequence: 1 }
    expect(claimsOf(heard(instances(50, own), instances(50, far)), newest)?.counted).toBeUndefined()
    expect(claimsOf(heard(instances(49, own), instances(51, far)), newest)?.counted).toEqual(far)
  })

  test('that nobody makes is none', () => {
    expect(claimsOf(heard(instances(3, own)), newest)).toBeUndefined()
    expect(claimsOf(heard(), newest)).toBeUndefined()
  })
})

test('a new epoch is above what counts by one, and follows no stranger', () => {
  const two = { epoch: '3-ffffffff', sequence: 7 }
  expect(highestEpoch(newest, claimsOf(heard(instances(5, own), instances(5, two)), newest))).toBe(3)
  const forged = heard(instances(19, own), instances(1, two), instances(1, last))
  expect(highestEpoch(newest, claimsOf(forged, newest))).toBe(1)
})
