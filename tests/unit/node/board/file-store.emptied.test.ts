import { readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { fileStore } from '../../../../src/node/board/file-store.js'
import { closeLater, NAMESPACE, never, publish, temporaryFolder } from '../../../support/board-kit.js'

test('a board whose folder is emptied under a store takes the next write, and keeps what was reported since', async () => {
  const folder = await temporaryFolder()
  const store = closeLater(fileStore(folder))
  await publish(store, { size: 1 })
  for (const name of await readdir(folder)) await rm(join(folder, name), { recursive: true })
  expect(await store.latest({ namespace: NAMESPACE }, never)).toEqual({ type: 'none' })
  await publish(store, { size: 2 })
  expect(await store.latest({ namespace: NAMESPACE }, never)).toMatchObject({ type: 'release' })
  expect((await readdir(folder)).sort()).toEqual(['private', 'public'])
})
