import { beforeAll, describe, expect, test } from 'vitest'
import { missingPostgres } from '../../support/engines/postgres-server.js'
import { missingProgram } from '../../support/engines/server-process.js'
import {
  overConfigMap,
  overEtcd,
  overFilesAndHttp,
  overMemory,
  overPostgres,
  overRedis,
  overStaticFiles,
  type OpenMedium,
} from '../../support/rollouts/media.js'
import { drawn } from '../../support/scale.js'
import { CLIENTS, linesOf, sameRollout, type Story } from '../../support/rollouts/same-rollout.js'

/** Real servers under real clocks: on a busy machine it takes its time. */
const PATIENCE_MS = 300_000

async function over(open: () => Promise<OpenMedium>): Promise<Story> {
  await using medium = await open()
  return await sameRollout(medium)
}

let reference: Story
beforeAll(async () => {
  reference = await over(overMemory)
}, PATIENCE_MS)

test('over memory() a rollout passes four stages and a watch, and one that is refused goes back from the first', () => {
  expect(linesOf(reference)).toEqual([
    'publish: everyone, stage 0, 0 of 0',
    'publish: running, stage 0, 1 of 20',
    'advance: running, stage 1, 3 of 20',
    'advance: running, stage 2, 10 of 20',
    'advance: running, stage 3, 20 of 20',
    'promote: watching, stage 3, 20 of 20',
    'complete: completed, stage 3, 20 of 20',
    'publish: running, stage 0, 1 of 20',
    'rollback: rolled-back, stage 0, 1 of 20',
  ])
  expect(reference.ends).toEqual(['completed', 'rolled-back'])
  expect(reference.fleet).toEqual(Array.from({ length: CLIENTS }, () => 2))
  expect(reference.refusals).toHaveLength(1)
})

const media: readonly (readonly [
  name: string,
  open: () => Promise<OpenMedium>,
  missing: string | undefined,
])[] = [
  ['files and HTTP', overFilesAndHttp, undefined],
  ['static files, with reports to a server', overStaticFiles, undefined],
  ['a mounted ConfigMap, with reports to a server', overConfigMap, undefined],
  ['etcd', overEtcd, missingProgram('etcd', 'etcd-server')],
  ['Redis', overRedis, missingProgram('redis-server', 'redis-server')],
  ['PostgreSQL', overPostgres, missingPostgres()],
]

/** Files and HTTP in any case; of the others one. */
const [first, ...others] = media
const tried = [first!, ...drawn(others, { share: 1 })]

describe('the same rollout', () => {
  for (const [name, open, missing] of tried)
    test.skipIf(missing !== undefined)(
      `over ${name} goes through the same steps to the same end, and the same clients are exposed${missing === undefined ? '' : ` (${missing})`}`,
      { timeout: PATIENCE_MS },
      async () => {
        expect(await over(open)).toEqual(reference)
      },
    )
})
