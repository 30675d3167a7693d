import { expect, test } from 'vitest'
import type { Json } from '../../../../src/contracts/json.js'
import type { ClientReport } from '../../../../src/contracts/report.js'
import { summarizeFleet } from '../../../../src/fleet/summary.js'
import type { Variant } from '../../../../src/core/release/release.js'
import type { RolloutRelease } from '../../../../src/publisher/rollouts/steps.js'
import { countsOf } from '../../../../src/publisher/rollouts/watch-stages.js'
import { systemHasher } from '../../../../src/system/system.js'
import { reportOf } from '../../../support/report-of.js'
import { rolloutBoard, size } from './rollout-board.js'

const everybody = { salt: 'salt', clauses: [{ below: 2 ** 32 }] }

function counts(release: RolloutRelease, words: readonly Partial<ClientReport>[]) {
  const { epoch, sequence, issuedAt, namespace } = release
  const at = { epoch, sequence }
  const reports = words.map((word, index) =>
    reportOf({ namespace, instanceId: `i${index}`, receivedAt: issuedAt, seen: at, applied: at, ...word }),
  )
  return countsOf(
    { hasher: systemHasher },
    release,
    summarizeFleet({ since: issuedAt, asOf: issuedAt, reports }, release),
  )
}

test('exposed clients run the candidate, also where a kill has made it what is stable', async () => {
  const board = await rolloutBoard({ state: 'running' })
  await board.publisher.kill({ patch: { ...size(1) } as Json, reason: 'it loses orders' })
  const release = { ...board.newest(), audience: everybody } as RolloutRelease
  const { digest } = release.stable.variants[0]
  expect(release.candidate?.variants[0].digest).toBe(digest)
  expect(counts(release, [{ digest, phase: 'healthy' }])).toMatchObject({
    exposed: 1,
    applied: 1,
    healthy: 1,
    behind: 0,
  })
})

test('exposed clients run the candidate whose variant is the one that is stable', async () => {
  const board = await rolloutBoard({ state: 'running' })
  const newest = board.newest()
  const [old] = newest.stable.variants
  const [tried] = newest.candidate?.variants ?? []
  const shared: Variant = { ...old, when: { region: ['eu'] } }
  const candidate = { version: 2, variants: [shared, tried as Variant] } as const
  const release = { ...newest, audience: everybody, candidate } as RolloutRelease
  const words = [{ digest: shared.digest }, { digest: (tried as Variant).digest }]
  expect(counts(release, words)).toMatchObject({ exposed: 2, applied: 2, behind: 0 })
})
