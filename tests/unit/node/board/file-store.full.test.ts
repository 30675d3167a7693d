import { execFileSync } from 'node:child_process'
import { readdir, rm, stat, statfs, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { isNoticeboardError } from '../../../../src/contracts/errors.js'
import { RESERVE_BYTES } from '../../../../src/core/limits.js'
import { decodeRelease } from '../../../../src/core/release/release.js'
import { encodeText } from '../../../../src/core/json/text.js'
import type { Board } from '../../../../src/node/board/board.js'
import { boardReserve } from '../../../../src/node/board/reserve.js'
import { fileStore, type FileStore } from '../../../../src/node/board/file-store.js'
import {
  closeLater,
  digestOfRelease,
  EPOCH,
  NAMESPACE,
  never,
  permanentFolder,
  publish,
  releaseOf,
  snapshotOf,
  temporaryFolder,
} from '../../../support/board-kit.js'
import { fill } from '../../../support/small-disk.js'

/** A file system of 8 MiB, where the system lets us have one. */
async function mountSmall(): Promise<string | undefined> {
  const folder = await permanentFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=8m,mode=0700', 'tmpfs', folder], { stdio: 'ignore' })
    return folder
  } catch {
    // Needs root and a system with mounts.
    return undefined
  }
}

let folder: string | undefined
beforeAll(async () => {
  folder = await mountSmall()
})
afterAll(() => {
  if (folder !== undefined) execFileSync('umount', [folder])
})

describe('a full disk', () => {
  it('refuses a publish in words, serves on, and takes a rollback', async context => {
    if (folder === undefined) return context.skip('mounting a small tmpfs is not permitted here')
    const board = join(folder, 'board')
    const ballast = join(folder, 'ballast')
    const store = closeLater(fileStore(board))
    const first = await publish(store, { size: 1 })
    const second = await publish(store, { size: 2 })
    expect((await stat(join(board, 'private/reserve'))).size).toBe(4_194_304)
    const roomOf = async (of: FileStore) => (await of.reports({ namespace: NAMESPACE }, never)).room
    expect(await roomOf(store)).toBe(undefined)
    await fill(ballast)
    expect((await statfs(folder)).bavail).toBe(0)
    expect(await roomOf(store)).toBe('reserve')

    const error = await publish(store, { size: 3 }).catch((thrown: unknown) => thrown)
    expect(isNoticeboardError(error, 'unavailable')).toBe(true)
    expect((error as Error).message).toMatch(/the disk is full; free some space and repeat/)
    // Nothing is left of it, also not a temporary file.
    expect(await readdir(join(board, 'private/tmp'))).toEqual([])
    expect(await store.latest({ namespace: NAMESPACE }, never)).toMatchObject({ bytes: second.bytes })
    expect(
      await store.snapshot(
        { namespace: NAMESPACE, digest: snapshotOf({ size: 1 }).digest, maxSnapshotBytes: 100 },
        never,
      ),
    ).toEqual(snapshotOf({ size: 1 }).bytes)

    // An operator's command line opens the board on the full disk.
    const rescuer = closeLater(fileStore(board))
    const at = { epoch: EPOCH, sequence: 3 }
    const audit = encodeText('{"reason":"back","v":1}')
    const rollback = {
      namespace: NAMESPACE,
      at,
      bytes: releaseOf(snapshotOf({ size: 1 }), {
        at,
        prev: digestOfRelease(second.bytes),
        cause: 'rollback',
        audit: snapshotOf({ reason: 'back', v: 1 }).digest,
      }),
      audit,
    }
    await expect(rescuer.append(rollback, never)).rejects.toMatchObject({ code: 'unavailable' })
    expect(await rescuer.append({ ...rollback, urgent: true }, never)).toBe('appended')
    expect(await store.latest({ namespace: NAMESPACE }, never)).toMatchObject({ bytes: rollback.bytes })
    await expect(stat(join(board, 'private/reserve'))).rejects.toMatchObject({ code: 'ENOENT' })
    expect(await roomOf(store)).toBe('none')
    expect(decodeRelease(first.bytes).release.stable).toEqual({
      ...decodeRelease(rollback.bytes).release.stable,
      version: 1,
    })

    // With room again the reserve comes back with the next publish.
    await rm(ballast)
    await publish(store, { size: 4 })
    expect((await stat(join(board, 'private/reserve'))).size).toBe(4_194_304)
    expect(await roomOf(store)).toBe(undefined)
  })

  it('takes a rollback that opens nothing new, again and again, while there is room in the reserve', async context => {
    if (folder === undefined) return context.skip('mounting a small tmpfs is not permitted here')
    const board = join(folder, 'other')
    await rm(join(folder, 'board'), { recursive: true, force: true })
    const store = closeLater(fileStore(board))
    await publish(store, { size: 1 })
    await publish(store, { size: 2 })
    await fill(join(folder, 'ballast'))
    for (let round = 0; round < 20; round += 1) {
      const latest = await store.latest({ namespace: NAMESPACE }, never)
      if (latest.type !== 'release') throw new Error('there is a release')
      const { sequence } = decodeRelease(latest.bytes).release
      const at = { epoch: EPOCH, sequence: sequence + 1 }
      const bytes = releaseOf(snapshotOf({ size: 1 + (round % 2) }), {
        at,
        prev: digestOfRelease(latest.bytes),
        cause: 'rollback',
      })
      expect(await store.append({ namespace: NAMESPACE, at, bytes, urgent: true }, never)).toBe('appended')
    }
  })
})

describe('a reserve that is spent', () => {
  const full = (): Promise<never> => Promise.reject(Object.assign(new Error('no room'), { code: 'ENOSPC' }))
  const spent = { code: 'unavailable', message: expect.stringContaining('the reserve of the board is spent') }

  it('is said, by who gives it up in vain and by who comes after that', async () => {
    const held = new Set(['reserve'])
    const { use } = boardReserve({
      hiddenFs: {
        stat: (path: string) => Promise.resolve(held.has(path) ? { bytes: 1 } : undefined),
        remove: (path: string) => Promise.resolve(void held.delete(path)),
      },
      paths: { reserve: 'reserve' },
    } as unknown as Board)
    await expect(use(full)).rejects.toMatchObject(spent)
    expect(held.size).toBe(0)
    await expect(use(full)).rejects.toMatchObject(spent)
  })
})

describe('a reserve', () => {
  it.each([0, 65_536, 2 * RESERVE_BYTES])(
    'of %i bytes is made anew by whoever opens the board',
    async bytes => {
      const board = await temporaryFolder()
      const reserve = join(board, 'private/reserve')
      await publish(closeLater(fileStore(board)), { size: 1 })
      // Whoever made it died before it was whole, or was another version.
      await writeFile(reserve, new Uint8Array(bytes))
      await publish(closeLater(fileStore(board)), { size: 2 })
      expect((await stat(reserve)).size).toBe(RESERVE_BYTES)
    },
  )
})
