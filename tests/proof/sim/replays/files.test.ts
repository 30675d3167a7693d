import { mkdir, rename, stat, symlink, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, vi } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../../src/client/client.js'
import { jsonFile } from '../../../../src/node/sources/json-file.js'
import { hybrid } from '../../../../src/strategies/hybrid.js'
import { fromSource } from '../../../../src/transports/source.js'
import { temporaryFolder } from '../../../support/board-kit.js'

vi.setConfig({ testTimeout: 60_000 })

test('k8s-subpath: a mounted file is read by its path, whichever inode stands there', async () => {
  const folder = await temporaryFolder()
  const path = join(folder, 'config.json')
  /** Puts a whole volume beside the old one and swaps the link, as a kubelet does. */
  const mount = async (n: number): Promise<void> => {
    await mkdir(join(folder, `..volume-${n}`))
    await writeFile(join(folder, `..volume-${n}`, 'config.json'), JSON.stringify({ n }))
    await symlink(`..volume-${n}`, join(folder, '..data_tmp'))
    await rename(join(folder, '..data_tmp'), join(folder, '..data'))
  }
  const inode = async (): Promise<number> => (await stat(path)).ino
  await mount(1)
  await symlink(join('..data', 'config.json'), path)
  const client = createClient({
    namespace: 'shop/prod',
    schema: z.object({ n: z.number() }),
    strategy: hybrid(fromSource(jsonFile(path, { pollIntervalMs: 50, settleMs: 5 }))),
    clientId: 'pod',
  })
  await client.ready({ timeoutMs: 10_000 })
  expect(client.current.n).toBe(1)
  const runs = (n: number): Promise<void> =>
    expect.poll(() => client.current.n, { timeout: 60_000, interval: 10 }).toBe(n)

  const inodes = [await inode()]
  await mount(2)
  await runs(2)
  inodes.push(await inode())
  await mount(3)
  await runs(3)
  inodes.push(await inode())
  // An editor puts another file in the link's place.
  await writeFile(join(folder, 'config.json.new'), JSON.stringify({ n: 4 }))
  await rename(join(folder, 'config.json.new'), path)
  await runs(4)
  inodes.push(await inode())
  expect(new Set(inodes).size).toBe(4)

  // And one that never swaps, as under a subPath mount, where only what is written into it can be
  // seen.
  await writeFile(path, JSON.stringify({ n: 5 }))
  await runs(5)
  expect(await inode()).toBe(inodes.at(-1))
  expect(client.running.origin).toBe('unmanaged')
  await client.close()
})
