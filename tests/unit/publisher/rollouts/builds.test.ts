import { expect, test } from 'vitest'
import type { ClientReport, HeardReports, SnapshotVerdict } from '../../../../src/contracts/report.js'
import { decodeRelease } from '../../../../src/core/release/release.js'
import { buildsIn } from '../../../../src/publisher/rollouts/builds.js'
import { reportOf } from '../../../support/report-of.js'
import { namespace, releaseOf } from '../../../support/session.js'

const AS_OF = '2026-01-01T01:00:00.000Z'
const { bytes, digest } = releaseOf(2)
const { release } = decodeRelease(bytes)

const heard = (...reports: readonly ClientReport[]): HeardReports => ({
  since: '2026-01-01T00:00:00.000Z',
  asOf: AS_OF,
  reports: reports.map(report => ({ ...report, receivedAt: '2026-01-01T00:59:59.000Z' })),
})
const client = (clientId: string, build: string | undefined, verdicts?: readonly SnapshotVerdict[]) =>
  reportOf({
    namespace,
    clientId,
    instanceId: clientId.padEnd(32, '0'),
    ...(build !== undefined && { build }),
    ...(verdicts !== undefined && { verdicts }),
  })
const refused: SnapshotVerdict = { digest, verdict: 'rejected', code: 'invalid-document', path: 'pool.size' }

test('of a fleet of which nothing is heard no build is known', () => {
  expect(buildsIn(release, undefined)).toEqual([])
  expect(buildsIn(release, heard())).toEqual([])
})

test('the commonest build comes first, and what one of its clients refused is said with the reason', () => {
  const fleet = heard(
    client('a', '1.0', [refused]),
    client('b', '2.0'),
    client('c', '2.0'),
    client('d', undefined),
    client('e', '2.0'),
    client('f', '1.0'),
  )
  expect(buildsIn(release, fleet)).toEqual([
    { build: '2.0', clients: 3, refuses: 'not-known' },
    { build: '1.0', clients: 2, refuses: 'refused', why: 'invalid-document at pool.size' },
    { build: undefined, clients: 1, refuses: 'not-known' },
  ])
})

test.each([
  ['of another document', { ...refused, digest: 'a'.repeat(64) }],
  ['in which overrides had a part', { ...refused, overridden: true as const }],
])('a verdict %s says nothing of a build', (_which, verdict) => {
  expect(buildsIn(release, heard(client('a', '1.0', [verdict])))).toEqual([
    { build: '1.0', clients: 1, refuses: 'not-known' },
  ])
})
