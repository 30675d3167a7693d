import { access, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { anything } from '../../../src/core/schema/anything.js'
import { fileStore } from '../../../src/node/index.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { httpStore } from '../../../src/transports/http/index.js'
import { started } from '../../support/asking.js'
import { NAMESPACE, TOKEN } from '../../support/server-fixtures.js'

/**
 * A publisher over a server with a folder, three versions, and the file of a version's snapshot.
 */
async function threeVersions() {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-lost-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const store = fileStore(folder)
  onTestFinished(() => store.close())
  const logs: string[] = []
  const logger = { debug() {}, info() {}, warn: (text: string) => void logs.push(text), error() {} }
  const server = await started(store, { write: { token: TOKEN }, logger })
  const publisher = createPublisher({
    namespace: NAMESPACE,
    schema: anything,
    store: httpStore(server.url, { token: TOKEN }),
  })
  onTestFinished(() => publisher.close())
  const digests: string[] = []
  for (const pool of [1, 2, 3])
    digests.push((await publisher.publish({ pool }, { rollout: everyone(), reason: 'more' })).digest)
  const fileOf = (version: number): string =>
    join(folder, 'public/v1', NAMESPACE, 'snapshots', `${digests[version - 1]}.json`)
  return { publisher, fileOf, logs }
}

test('a rollback to a version whose snapshot the folder has lost goes there by what the server remembers, and mends the folder', async () => {
  const { publisher, fileOf, logs } = await threeVersions()
  await rm(fileOf(2))
  expect(await publisher.rollback({ reason: 'too many' })).toMatchObject({ outcome: 'published', version: 2 })
  await access(fileOf(2))
  expect(logs).toEqual([
    'the store had lost a snapshot that a release names; it was written again from memory',
  ])
})

test('a release that the store refuses for anything else is refused as it was', async () => {
  const error = new NoticeboardError('invalid-data', 'not with me')
  const refusing = fileStore(await mkdtemp(join(tmpdir(), 'noticeboard-lost-')))
  onTestFinished(() => refusing.close())
  const server = await started(
    {
      ...refusing,
      append: async () => {
        throw error
      },
    } as never,
    { write: { token: TOKEN } },
  )
  const publisher = createPublisher({
    namespace: NAMESPACE,
    schema: anything,
    store: httpStore(server.url, { token: TOKEN }),
    retries: 0,
  })
  await expect(publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'more' })).rejects.toMatchObject(
    { code: 'invalid-data', message: expect.stringContaining('not with me') },
  )
})
