import { readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { fileStore, type FileStoreOptions } from '../../../../src/node/board/file-store.js'
import { nodeFs } from '../../../../src/node/disk/node-fs.js'
import { closeLater, NAMESPACE, never, temporaryFolder } from '../../../support/board-kit.js'
import { largeDocument, largeSnapshot, libraryDeltas } from '../../../support/large-documents.js'
import { publish, type Published } from '../../../support/server-fixtures.js'
import { systemClock } from '../../../../src/system/system.js'

const deltas = libraryDeltas()
const codec = await deltas.codec()

const namesIn = async (folder: string, namespace = NAMESPACE): Promise<string[]> =>
  (await readdir(join(folder, 'public/v1', namespace, 'snapshots'))).filter(name => name.endsWith('.dcz'))

/** A store, and a publication by another one, which closes and so waits for its deltas. */
async function board(options: FileStoreOptions = {}) {
  const folder = await temporaryFolder()
  const store = closeLater(fileStore(folder, { deltas, ...options }))
  return {
    folder,
    store,
    async publish(
      pool: number,
      { bytes, namespace = NAMESPACE }: { bytes?: number; namespace?: string } = {},
    ) {
      await using own = fileStore(folder, { deltas, ...options })
      return await publish(own, largeDocument(pool, bytes), namespace)
    },
  }
}

describe('deltas of a board in a folder', () => {
  test('the newest snapshot has one from each of the four before, and a reader makes it of them', async () => {
    const { folder, store, publish } = await board()
    const all: Published[] = []
    for (const pool of [1, 2, 3, 4, 5, 6]) all.push(await publish(pool))
    const newest = all.at(-1)
    if (newest === undefined) throw new Error('nothing was published')
    const from = (await namesIn(folder)).filter(name => name.startsWith(newest.digest))
    expect(from.sort()).toEqual(
      all
        .slice(1, -1)
        .map(({ digest }) => `${newest.digest}.from.${digest}.dcz`)
        .sort(),
    )
    for (const { digest: base, snapshot } of all.slice(1, -1)) {
      const query = { namespace: NAMESPACE, digest: newest.digest, base, maxBytes: 100_000 }
      const delta = await store.delta(query, never)
      const made = codec?.decode({
        base: { digest: base, bytes: snapshot },
        delta: delta ?? new Uint8Array(),
        length: newest.snapshot.length,
      })
      expect(Buffer.compare(made ?? new Uint8Array(), newest.snapshot)).toBe(0)
    }
  })

  test('the way back has one as well, made once a pair', async () => {
    const { folder, publish } = await board()
    const [one, two] = [await publish(1), await publish(2)]
    await publish(1)
    expect((await namesIn(folder)).sort()).toEqual(
      [`${two.digest}.from.${one.digest}.dcz`, `${one.digest}.from.${two.digest}.dcz`].sort(),
    )
    const path = join(folder, 'public/v1', NAMESPACE, 'snapshots', `${two.digest}.from.${one.digest}.dcz`)
    await writeFile(path, 'not made again')
    await publish(2)
    expect(await readFile(path, 'utf8')).toBe('not made again')
  })

  test('each namespace has its own: equal snapshots of two have none in common', async () => {
    const { folder, store, publish } = await board()
    const [one, two] = [await publish(1), await publish(2)]
    await publish(2, { namespace: 'other/prod' })
    expect(await namesIn(folder, 'other/prod')).toEqual([])
    const query = { digest: two.digest, base: one.digest, maxBytes: 100_000 }
    expect(await store.delta({ ...query, namespace: 'other/prod' }, never)).toBeUndefined()
    expect(await store.delta({ ...query, namespace: NAMESPACE }, never)).toBeDefined()
    expect(await store.delta({ ...query, namespace: NAMESPACE, maxBytes: 40 }, never)).toBeUndefined()
  })

  test('a snapshot that is removed takes the deltas to it and from it along', async () => {
    const folder = await temporaryFolder()
    let now = systemClock.now()
    const clock = { ...systemClock, now: () => now }
    const store = closeLater(fileStore(folder, { deltas, system: { clock } }))
    const all: Published[] = []
    for (const pool of [1, 2, 3]) all.push(await publish(store, largeDocument(pool)))
    await vi.waitFor(async () => expect(await namesIn(folder)).toHaveLength(3))
    now += 2 * 3_600_000
    await store.remove({ namespace: NAMESPACE, digest: all[1]?.digest ?? '' }, never)
    expect(await namesIn(folder)).toEqual([`${all[2]?.digest}.from.${all[0]?.digest}.dcz`])
  })

  test('no small document has one', async () => {
    const { folder, publish } = await board()
    await publish(1, { bytes: 1_000 })
    await publish(2, { bytes: 1_000 })
    expect(await namesIn(folder)).toEqual([])
  })

  test.each<[string, FileStoreOptions]>([
    ['it is told so', { deltas: false }],
    ['there is no Zstandard', { deltas: { codec: async () => undefined } }],
  ])('none is made where %s, and everything else goes on', async (_, options) => {
    const { folder, publish } = await board(options)
    await publish(1)
    await publish(2)
    expect(await namesIn(folder)).toEqual([])
  })

  test('a disk that takes no delta, or a codec that fails, takes nothing else away', async () => {
    const machine = nodeFs({ fileMode: 0o644, folderMode: 0o755 })
    const full = Object.assign(new Error('no space'), { code: 'ENOSPC' })
    const { folder, publish } = await board({
      fs: {
        ...machine,
        rename: async (from, to) => (to.endsWith('.dcz') ? Promise.reject(full) : machine.rename(from, to)),
      },
    })
    await publish(1)
    await publish(2)
    expect(await namesIn(folder)).toEqual([])

    const broken = await board({
      deltas: {
        codec: async () => ({
          encode() {
            throw new RangeError('broken')
          },
          decode: () => new Uint8Array(),
        }),
      },
    })
    await broken.publish(1)
    await broken.publish(2)
    expect(await namesIn(broken.folder)).toEqual([])
  })

  test('an unreadable option is refused by name', () => {
    expect(() => fileStore('/tmp/never', { deltas: true as never })).toThrow(/deltas must be false/)
  })

  test('one made of the largest snapshots that a store takes comes back', () => {
    const [from, to] = [largeSnapshot(1, 900_000), largeSnapshot(2, 900_000)]
    const delta = codec?.encode({ base: from, bytes: to.bytes })
    expect(delta?.length).toBeLessThan(1_000)
  })
})
