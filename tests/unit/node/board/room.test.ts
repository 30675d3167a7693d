import { expect, test } from 'vitest'
import type { Fs } from '../../../../src/contracts/system.js'
import { boardPaths } from '../../../../src/node/board/paths.js'
import { boardRoom } from '../../../../src/node/board/room.js'
import { nodeFs } from '../../../../src/node/disk/node-fs.js'
import { permanentFolder } from '../../../support/board-kit.js'

const MIB = 1_048_576
const paths = boardPaths('/var/lib/board')

/** The disk of a board with so much left, and with what it keeps. */
const roomWith = (
  free: () => Promise<number | undefined>,
  reserveBytes: number | undefined,
  isWritten = true,
) => {
  const hiddenFs: Pick<Fs, 'stat' | 'freeBytes'> = {
    async stat(path) {
      if (path !== paths.reserve || reserveBytes === undefined) return undefined
      return { bytes: reserveBytes, changedMs: 0 }
    },
    freeBytes: async path => (path === paths.temporary && !isWritten ? undefined : free()),
  }
  return boardRoom({ hiddenFs: hiddenFs as Fs, paths })
}

test.each([
  [MIB, 4 * MIB, undefined],
  [MIB - 1, 4 * MIB, 'reserve'],
  [0, 4 * MIB, 'reserve'],
  [4 * MIB, undefined, undefined],
  [4 * MIB - 1, undefined, 'none'],
  [4 * MIB - 1, 4 * MIB - 1, 'none'],
  [undefined, undefined, undefined],
] as const)('with %s bytes left and a reserve of %s there is the room %s', async (free, reserve, room) => {
  expect(await roomWith(async () => free, reserve)).toBe(room)
})

test('where nobody writes, and where the disk does not answer, nothing is told', async () => {
  expect(await roomWith(async () => 0, undefined, false)).toBe(undefined)
  expect(await roomWith(() => Promise.reject(new Error('ENOSYS')), undefined)).toBe(undefined)
})

test('a disk tells what it has left, of folders that there are', async () => {
  const fs = nodeFs()
  expect(await fs.freeBytes?.(await permanentFolder())).toBeGreaterThan(0)
  expect(await fs.freeBytes?.('/nowhere/at/all')).toBe(undefined)
})
