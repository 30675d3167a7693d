import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { isNoticeboardError } from '../../../../src/contracts/errors.js'
import { decodeRelease } from '../../../../src/core/release/release.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { fileStore, type FileStore } from '../../../../src/node/board/file-store.js'
import {
  closeLater,
  digestOfRelease,
  EPOCH,
  NAMESPACE,
  never,
  publish,
  releaseOf,
  snapshotOf,
  temporaryFolder,
} from '../../../support/board-kit.js'

const setUp = async (count = 5) => {
  const folder = await temporaryFolder()
  const store = closeLater(fileStore(folder))
  for (let size = 1; size <= count; size += 1) await publish(store, { size })
  const base = join(folder, 'public/v1', NAMESPACE)
  return {
    folder,
    store,
    base,
    path: (sequence: number) => join(base, 'releases', EPOCH, `${sequence}.json`),
  }
}

const newestOf = async (store: FileStore): Promise<string> => {
  const latest = await store.latest({ namespace: NAMESPACE }, never)
  if (latest.type !== 'release') return latest.type
  const { epoch, sequence } = decodeRelease(latest.bytes).release
  return `${epoch}:${sequence}`
}

/**
 * Both a store that knew the board before and one that did not refuse to append, in words; a new
 * epoch heals.
 */
const refusesToAppend = async (folder: string, store: FileStore, words: RegExp) => {
  for (const one of [store, closeLater(fileStore(folder))]) {
    const error = await publish(one, { size: 99 }).catch((thrown: unknown) => thrown)
    expect(isNoticeboardError(error, 'store-damaged')).toBe(true)
    expect((error as Error).message).toMatch(words)
    expect((error as Error).message).toMatch(/open a new epoch/)
  }
  const { outcome } = await publish(store, { size: 100 }, { epoch: '7-00000007' })
  expect(outcome).toBe('appended')
  expect((await publish(store, { size: 101 })).outcome).toBe('appended')
  expect(await newestOf(closeLater(fileStore(folder)))).toBe('7-00000007:2')
}

describe('a damaged board', () => {
  it('with a missing release serves the newest and takes no more', async () => {
    const { folder, store, path } = await setUp()
    await rm(path(3))
    expect(await newestOf(store)).toBe(`${EPOCH}:5`)
    expect(await newestOf(closeLater(fileStore(folder)))).toBe(`${EPOCH}:5`)
    await refusesToAppend(folder, store, /:3 is missing/)
  })

  it('with its first release missing serves the newest and takes no more', async () => {
    const { folder, store, path } = await setUp()
    await rm(path(1))
    expect(await newestOf(closeLater(fileStore(folder)))).toBe(`${EPOCH}:5`)
    await refusesToAppend(folder, store, /:1 is missing/)
  })

  it('whose newest release was cut short serves the one before', async () => {
    const { folder, path } = await setUp()
    const bytes = await readFile(path(5))
    await rm(path(5))
    await writeFile(path(5), bytes.subarray(0, 100))
    const store = closeLater(fileStore(folder))
    expect(await newestOf(store)).toBe(`${EPOCH}:4`)
    await refusesToAppend(folder, store, /:5 is not a release file/)
  })

  it('with a folder or a loop of links in the place of a release serves the one before', async () => {
    for (const plant of [(path: string) => mkdir(path), (path: string) => symlink(path, path)]) {
      const { folder, path } = await setUp(2)
      await plant(path(3))
      const store = closeLater(fileStore(folder))
      expect(await newestOf(store)).toBe(`${EPOCH}:2`)
      await refusesToAppend(folder, store, /:3 is not a release file/)
    }
  })

  it('with a release that does not name its predecessor serves the newest and takes no more', async () => {
    const { folder, path } = await setUp(2)
    await writeFile(
      path(3),
      releaseOf(snapshotOf({ size: 1 }), { at: { epoch: EPOCH, sequence: 3 }, prev: 'f'.repeat(64) }),
    )
    const store = closeLater(fileStore(folder))
    expect(await newestOf(store)).toBe(`${EPOCH}:3`)
    await refusesToAppend(folder, store, /:3 does not name the release before it/)
  })

  it('with a release of another namespace or position passes over it', async () => {
    for (const [more, words] of [
      [{ namespace: 'other' }, /written for another namespace/],
      [{ at: { epoch: EPOCH, sequence: 9 } }, /written for another position/],
    ] as const) {
      const { folder, path } = await setUp(2)
      await writeFile(
        path(3),
        releaseOf(snapshotOf({ size: 1 }), { at: { epoch: EPOCH, sequence: 3 }, ...more }),
      )
      const store = closeLater(fileStore(folder))
      expect(await newestOf(store)).toBe(`${EPOCH}:2`)
      await refusesToAppend(folder, store, words)
    }
  })

  it('with two epochs of one number serves the one that the pointer names', async () => {
    for (const twin of ['1-00000000', '1-ffffffff']) {
      const { folder, store, base } = await setUp()
      await mkdir(join(base, 'releases', twin))
      await writeFile(
        join(base, 'releases', twin, '1.json'),
        releaseOf(snapshotOf({ size: 1 }), { at: { epoch: twin, sequence: 1 } }),
      )
      expect(await newestOf(store)).toBe(`${EPOCH}:5`)
      expect(await newestOf(closeLater(fileStore(folder)))).toBe(`${EPOCH}:5`)
      await refusesToAppend(folder, store, /have the same number/)
    }
  })

  it('is told to the logger once', async () => {
    const { folder, path } = await setUp()
    await rm(path(3))
    const errors: string[] = []
    const quiet = () => {}
    const store = closeLater(
      fileStore(folder, {
        logger: { debug: quiet, info: quiet, warn: quiet, error: message => errors.push(message) },
      }),
    )
    await newestOf(store)
    await newestOf(store)
    expect(errors).toHaveLength(1)
  })

  it('takes releases again once the missing file is back', async () => {
    const { store, path } = await setUp()
    const bytes = await readFile(path(3))
    await rm(path(3))
    await expect(publish(store, { size: 6 })).rejects.toMatchObject({ code: 'store-damaged' })
    await writeFile(path(3), bytes)
    expect((await publish(store, { size: 6 })).outcome).toBe('appended')
  })
})

describe('a board', () => {
  it('passes over names of another form', async () => {
    const { folder, base } = await setUp(2)
    for (const name of ['03.json', '3.json~', '.3.json.x7Kq', 'x.json', '3', '99999999999999999999.json'])
      await writeFile(join(base, 'releases', EPOCH, name), 'x')
    await mkdir(join(base, 'releases', '0-00000000'))
    await mkdir(join(base, 'releases', '2-0000000'))
    await mkdir(join(base, 'releases', '3-00000000'))
    await mkdir(join(folder, 'public/v1/Other/releases/1-00000000'), { recursive: true })
    const store = closeLater(fileStore(folder))
    expect((await publish(store, { size: 3 })).at).toEqual({ epoch: EPOCH, sequence: 3 })
    expect(await store.namespaces(never)).toEqual([NAMESPACE])
  })

  it('gets its pointer back when it is opened: missing, behind, damaged, another one of its place or a loop of links', async () => {
    const plants: ((pointer: string, older: Uint8Array, newest: string) => Promise<unknown>)[] = [
      async () => {},
      (pointer, older) => writeFile(pointer, older),
      pointer => writeFile(pointer, '{"release":'),
      (pointer, _, newest) => writeFile(pointer, newest.replace('"publish"', '"another"')),
      pointer => symlink(pointer, pointer),
    ]
    for (const plant of plants) {
      const { folder, base, path } = await setUp(3)
      const pointer = join(base, 'release.json')
      const older = new Uint8Array(await readFile(path(2)))
      await rm(pointer)
      await plant(pointer, older, await readFile(path(3), 'utf8'))
      await newestOf(closeLater(fileStore(folder)))
      expect(await readFile(pointer)).toEqual(await readFile(path(3)))
    }
  })

  it('is only read where its private half is missing, as on a mirror', async () => {
    const { folder, base } = await setUp(3)
    const mirror = await temporaryFolder()
    await rename(join(folder, 'public'), join(mirror, 'public'))
    const pointer = join(mirror, 'public/v1', NAMESPACE, 'release.json')
    await rm(pointer)
    expect(base.startsWith(folder)).toBe(true)
    expect(await newestOf(closeLater(fileStore(mirror)))).toBe(`${EPOCH}:3`)
    await expect(readFile(pointer)).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('serves a release of a later format as it is', async () => {
    const { folder, path } = await setUp(2)
    const later = encodeText(
      `{"release":{"epoch":"${EPOCH}","namespace":"${NAMESPACE}","prev":"${digestOfRelease(new Uint8Array(await readFile(path(2))))}","sequence":3,"v":2},"signatures":[]}`,
    )
    await writeFile(path(3), later)
    const latest = await closeLater(fileStore(folder)).latest({ namespace: NAMESPACE }, never)
    expect(latest).toMatchObject({ type: 'release', bytes: later })
  })

  it('finds the end of a long log and what others add to it', async () => {
    const { folder, store } = await setUp(1)
    const other = closeLater(fileStore(folder))
    for (let size = 2; size <= 120; size += 1)
      await publish(size % 2 === 0 ? store : other, { size: size % 7 })
    expect(await newestOf(store)).toBe(`${EPOCH}:120`)
    expect(await newestOf(closeLater(fileStore(folder)))).toBe(`${EPOCH}:120`)
  })
})
