import { mkdir, rm, utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { isNoticeboardError } from '../../../../src/contracts/errors.js'
import type { Fs } from '../../../../src/contracts/system.js'
import { LISTED_RELEASES } from '../../../../src/core/limits.js'
import { decodeRelease } from '../../../../src/core/release/release.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { fileStore, type FileStore } from '../../../../src/node/board/file-store.js'
import { nodeFs } from '../../../../src/node/disk/node-fs.js'
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

/** Enough that nothing lists them. */
const LENGTH = LISTED_RELEASES + 100

/** A board with a long log, as years of publishing leave it. */
async function longLog(length = LENGTH) {
  const folder = await temporaryFolder()
  const base = join(folder, 'public/v1', NAMESPACE)
  const releases = join(base, 'releases', EPOCH)
  await publish(closeLater(fileStore(folder)), { size: 1 }, { audit: encodeText('{"reason":"first","v":1}') })
  const snapshot = snapshotOf({ size: 1 })
  const audits = join(folder, 'private/audit', NAMESPACE, EPOCH)
  await mkdir(audits, { recursive: true })
  let bytes = releaseOf(snapshot, { at: { epoch: EPOCH, sequence: 1 } })
  const named: Promise<void>[] = [writeFile(join(releases, '1.json'), bytes)]
  for (let sequence = 2; sequence <= length; sequence += 1) {
    bytes = releaseOf(snapshot, { at: { epoch: EPOCH, sequence }, prev: digestOfRelease(bytes) })
    named.push(writeFile(join(releases, `${sequence}.json`), bytes))
    named.push(writeFile(join(audits, `${sequence}.json`), '{"reason":"more","v":1}'))
  }
  await Promise.all(named)
  const pointer = join(base, 'release.json')
  await writeFile(pointer, bytes)
  const past = Date.now() / 1_000 - 60
  await utimes(pointer, past, past)
  return { folder, pointer, path: (sequence: number) => join(releases, `${sequence}.json`) }
}

/** The disk, and the most names that one listing gave. */
function countingDisk(): { readonly fs: Fs; longest: number } {
  const disk = nodeFs()
  const counting = {
    longest: 0,
    fs: {
      ...disk,
      async list(path: string) {
        const names = await disk.list(path)
        counting.longest = Math.max(counting.longest, names.length)
        return names
      },
    },
  }
  return counting
}

const newestOf = async (store: FileStore): Promise<number> => {
  const latest = await store.latest({ namespace: NAMESPACE }, never)
  return latest.type === 'release' ? decodeRelease(latest.bytes).release.sequence : 0
}

test('opening, reading the newest, walking on, the newest of the history and publishing list nothing that grows with the log', async () => {
  const { folder, path } = await longLog()
  const disk = countingDisk()
  const store = closeLater(fileStore(folder, { fs: disk.fs }))
  await store.open()
  expect(await newestOf(store)).toBe(LENGTH)
  expect(await store.namespaces(never)).toEqual([NAMESPACE])
  const after = { epoch: EPOCH, sequence: LENGTH }
  expect(await store.next({ namespace: NAMESPACE, after }, never)).toEqual({ type: 'none' })
  const audit = encodeText('{"reason":"one more","v":1}')
  for (const size of [2, 3]) expect((await publish(store, { size }, { audit })).outcome).toBe('appended')
  const history = store.history({ namespace: NAMESPACE, limit: 3 }, never)
  const sequences: number[] = []
  for await (const { bytes } of history) sequences.push(decodeRelease(bytes).release.sequence)
  expect(sequences).toEqual([LENGTH + 2, LENGTH + 1, LENGTH])
  expect(disk.longest).toBeLessThan(50)

  // The listing that is left out is there to be seen: a log that has to be looked at whole has all
  // of it listed.
  await rm(path(LENGTH - 5))
  await newestOf(closeLater(fileStore(folder, { fs: disk.fs })))
  expect(disk.longest).toBeGreaterThan(LENGTH)
})

test('a long log whose pointer lags or is gone is served to its end all the same', async () => {
  const { folder, pointer, path } = await longLog()
  const store = closeLater(fileStore(folder))
  const { bytes } = await publish(store, { size: 2 })
  await store.close()
  await writeFile(pointer, bytes)
  await rm(path(LENGTH + 1))
  expect(await newestOf(closeLater(fileStore(folder)))).toBe(LENGTH)
  await rm(pointer, { force: true })
  expect(await newestOf(closeLater(fileStore(folder)))).toBe(LENGTH)
})

test('of a long log one of the newest releases that is missing is damage, to who knew the board and who did not', async () => {
  const { folder, path } = await longLog()
  const knowing = closeLater(fileStore(folder))
  expect(await newestOf(knowing)).toBe(LENGTH)
  await rm(path(LENGTH - 3))
  for (const store of [knowing, closeLater(fileStore(folder))]) {
    expect(await newestOf(store)).toBe(LENGTH)
    const error = await publish(store, { size: 99 }).catch((thrown: unknown) => thrown)
    expect(isNoticeboardError(error, 'store-damaged')).toBe(true)
    expect((error as Error).message).toContain(`:${LENGTH - 3} is missing`)
  }
})
