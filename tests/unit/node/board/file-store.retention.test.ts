import { readdir, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../../src/client/index.js'
import type { Digest } from '../../../../src/contracts/names.js'
import { fileStore, type FileStore, type FileStoreOptions } from '../../../../src/node/board/file-store.js'
import { createPublisher, everyone, type Publisher } from '../../../../src/publisher/index.js'
import { hybrid } from '../../../../src/strategies/index.js'
import { systemClock } from '../../../../src/system/system.js'
import {
  closeLater,
  digestOfRelease,
  NAMESPACE,
  never,
  publish,
  releaseOf,
  snapshotOf,
  temporaryFolder,
} from '../../../support/board-kit.js'
import { failing, interceptedDisk } from '../../../support/disks.js'
import { errorOf } from '../../../support/error-of.js'
import { largeDocument, libraryDeltas } from '../../../support/large-documents.js'

const schema = z.looseObject({})
const settings = { rollout: everyone(), reason: 'a test' }
const bounds = { keepReleases: 2, keepDays: 1 }

interface Place {
  readonly folder: string
  readonly store: FileStore
  /** A store of another process on the same folder, and a publisher over it. */
  other(options?: FileStoreOptions): { readonly store: FileStore; readonly publisher: Publisher }
  readonly publisher: Publisher
  pathOf(digest: Digest): string
  /** The names of all snapshots and deltas. */
  names(): Promise<readonly string[]>
}

/** A board that four documents were published to long ago. */
async function place(
  documents: readonly object[] = [{ pool: 1 }, { pool: 2 }, { pool: 3 }, { pool: 4 }],
  options: FileStoreOptions = {},
): Promise<Place & { readonly old: readonly Digest[] }> {
  const folder = await temporaryFolder()
  const snapshots = join(folder, 'public/v1', NAMESPACE, 'snapshots')
  const pathOf = (digest: Digest): string => join(snapshots, `${digest}.json`)
  const publisherOn = (store: FileStore, ageMs = 0): Publisher => {
    const clock = { ...systemClock, now: () => systemClock.now() - ageMs }
    return closeLater(createPublisher({ namespace: NAMESPACE, schema, store, system: { clock } }))
  }
  const store = closeLater(fileStore(folder, options))
  const past = publisherOn(store, 60 * 86_400_000)
  const old: Digest[] = []
  for (const document of documents) old.push((await past.publish(document, settings)).digest)
  const changed = (Date.now() - 7_200_000) / 1_000
  for (const digest of old) await utimes(pathOf(digest), changed, changed)
  return {
    folder,
    store,
    publisher: publisherOn(store),
    old,
    pathOf,
    names: async () => (await readdir(snapshots)).sort(),
    other(more = options) {
      const another = closeLater(fileStore(folder, more))
      return { store: another, publisher: publisherOn(another) }
    },
  }
}

const file = (digest: Digest | undefined): string => `${digest}.json`

test('a snapshot that a release is about to name again is not removed, whatever its age', async () => {
  const { old, other, names } = await place()
  const rival = other()
  const refusals: unknown[] = []
  const fs = interceptedDisk(async (operation, _, to = '') => {
    if (operation !== 'link' || !to.endsWith('/5.json')) return
    refusals.push(await errorOf(rival.store.remove({ namespace: NAMESPACE, digest: old[0] ?? '' }, never)))
  })
  expect(await other({ fs }).publisher.rollback({ to: 1, reason: 'a test' })).toMatchObject({ version: 1 })
  expect(refusals).toMatchObject([{ code: 'forbidden' }])
  expect(await names()).toContain(file(old[0]))
})

test('a snapshot that was written within the hour stays where it is, for readers also in that moment', async () => {
  const moved: string[] = []
  const { store, other, publisher } = await place()
  const { digest } = await publisher.publish({ pool: 5 }, settings)
  await publisher.publish({ pool: 6 }, settings)
  const { store: watched } = other({ fs: interceptedDisk((_, path, to = path) => void moved.push(to)) })
  expect(await errorOf(watched.remove({ namespace: NAMESPACE, digest }, never))).toMatchObject({
    code: 'forbidden',
  })
  expect(moved.filter(to => to.endsWith('.aside'))).toEqual([])
  expect(await publisher.prune({ keepReleases: 1, keepDays: 0 })).toMatchObject({ removed: 4, refused: 0 })
  await store.snapshot({ namespace: NAMESPACE, digest, maxSnapshotBytes: 1_000 }, never)
})

test('nothing is removed from a board that lost a release', async () => {
  const { folder, old, other, names } = await place()
  const [epoch = ''] = await readdir(join(folder, 'public/v1', NAMESPACE, 'releases'))
  await rm(join(folder, 'public/v1', NAMESPACE, 'releases', epoch, '2.json'))
  expect(await errorOf(other().publisher.prune(bounds))).toMatchObject({ code: 'store-damaged' })
  expect(await names()).toEqual(old.map(file).sort())
})

test('with a snapshot go its deltas, and before it', async () => {
  const deltas = libraryDeltas()
  const { old, other, names, store } = await place(
    [1, 2, 3, 4].map(pool => largeDocument(pool)),
    { deltas },
  )
  // Which waits for its deltas.
  await store.close()
  expect(await names()).toHaveLength(10)
  const dying = other({
    deltas,
    fs: interceptedDisk((_, path, to = path) => {
      if (to.endsWith('.aside')) failing('EIO')
    }),
  })
  await errorOf(dying.publisher.prune(bounds))
  const left = await names()
  expect(left.filter(name => name.endsWith('.json'))).toHaveLength(4)
  expect(left).toHaveLength(7)
  expect(await other().publisher.prune(bounds)).toMatchObject({ removed: 2, kept: 2 })
  expect(await names()).toEqual([file(old[2]), file(old[3]), `${old[3]}.from.${old[2]}.dcz`].sort())
})

test('a client that follows and a publisher that publishes lose nothing while old snapshots go', async () => {
  const { publisher, other, names, store } = await place(Array.from({ length: 30 }, (_, pool) => ({ pool })))
  const warnings: string[] = []
  const say = (message: string): void => void warnings.push(message)
  const client = closeLater(
    createClient({
      namespace: NAMESPACE,
      schema: z.object({ pool: z.number() }),
      strategy: hybrid(other().store),
      logger: { debug() {}, info() {}, warn: say, error: say },
    }),
  )
  await client.ready()
  const published: Digest[] = []
  const publishing = (async () => {
    // Old documents among them, which are removed at the same time.
    for (const pool of [100, 3, 101, 5, 102, 7])
      published.push((await publisher.publish({ pool }, settings)).digest)
  })()
  let removed = 0
  let done = false
  void publishing.finally(() => (done = true))
  const { publisher: pruner } = other()
  while (!done) removed += (await pruner.prune({ keepReleases: 1, keepDays: 0 })).removed
  await publishing
  removed += (await pruner.prune({ keepReleases: 1, keepDays: 0 })).removed
  await expect.poll(() => client.current).toEqual({ pool: 7 })
  expect(warnings).toEqual([])
  for (const digest of published)
    await store.snapshot({ namespace: NAMESPACE, digest, maxSnapshotBytes: 1_000 }, never)
  expect(removed).toBeGreaterThan(20)
  expect(await names()).toEqual(expect.arrayContaining(published.map(file)))
})

test.each([
  [29, false],
  [31, true],
])('a snapshot of %i minutes that a new release names is touched: %s', async (minutes, isTouched) => {
  const folder = await temporaryFolder()
  const touched: string[] = []
  const fs = interceptedDisk((operation, path) => void (operation === 'touch' && touched.push(path)))
  const store = closeLater(fileStore(folder, { fs }))
  const { at, bytes } = await publish(store, { pool: 1 })
  const path = join(folder, 'public/v1', NAMESPACE, 'snapshots', `${snapshotOf({ pool: 1 }).digest}.json`)
  const changed = Date.now() / 1_000 - minutes * 60
  await utimes(path, changed, changed)
  const next = { epoch: at.epoch, sequence: at.sequence + 1 }
  const release = releaseOf(snapshotOf({ pool: 1 }), { at: next, prev: digestOfRelease(bytes) })
  touched.length = 0
  await store.append({ namespace: NAMESPACE, at: next, bytes: release }, never)
  expect(touched.includes(path)).toBe(isTouched)
})
