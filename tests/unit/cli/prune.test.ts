import { readdir, rm, utimes } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { anything } from '../../../src/core/schema/anything.js'
import { fileStore } from '../../../src/node/index.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { systemClock } from '../../../src/system/system.js'
import { commandLine, temporaryFolder, type Ran } from './command-line.js'
import { served } from './served.js'

const DAY_MS = 86_400_000

/** A board with namespaces, in each of which something was published on so many days in a row. */
async function place(days: Readonly<Record<string, number>>) {
  const cwd = await temporaryFolder()
  const board = join(cwd, 'board')
  const folderOf = (namespace: string): string => join(board, 'public/v1', namespace, 'snapshots')
  const store = fileStore(board)
  for (const [namespace, count] of Object.entries(days)) {
    let ageMs = count * DAY_MS
    const clock = { ...systemClock, now: () => systemClock.now() - ageMs }
    const publisher = createPublisher({ namespace, schema: anything, store, system: { clock } })
    for (let pool = 1; pool <= count; pool += 1, ageMs -= DAY_MS)
      await publisher.publish({ pool }, { rollout: everyone(), reason: 'a test' })
    await publisher.close()
    const changed = (Date.now() - 7_200_000) / 1_000
    for (const name of await readdir(folderOf(namespace)))
      await utimes(join(folderOf(namespace), name), changed, changed)
  }
  await store.close()
  return {
    cwd,
    board,
    nb: (...args: readonly string[]): Promise<Ran> => commandLine(['prune', ...args], { cwd }),
    count: async (namespace: string) => (await readdir(folderOf(namespace))).length,
  }
}

test('prune removes old snapshots of a board in a folder, of those that are named or of all', async () => {
  const { board, nb, count } = await place({ 'checkout/prod': 53, 'search/prod': 4 })
  const dry = await nb('--board', board, '--dry-run')
  expect([dry.status, dry.stdout]).toEqual([
    0,
    'checkout/prod: 3 snapshots of 30 bytes together would be removed, 50 kept\n' +
      'search/prod: 0 snapshots would be removed, 4 kept\n',
  ])
  expect([await count('checkout/prod'), await count('search/prod')]).toEqual([53, 4])

  const one = await nb('checkout/prod', '--board', board, '--keep', '1', '--days', '7.5', '--json')
  expect([one.status, JSON.parse(one.stdout)]).toEqual([
    0,
    {
      namespace: 'checkout/prod',
      dryRun: false,
      removed: 45,
      removedBytes: 486,
      refused: 0,
      kept: 8,
      lost: 0,
    },
  ])
  expect([await count('checkout/prod'), await count('search/prod')]).toEqual([8, 4])

  const all = await nb('--board', board, '--keep', '2', '--days', '0')
  expect([all.status, all.stdout]).toEqual([
    0,
    'checkout/prod: 6 snapshots of 66 bytes together removed, 2 kept\n' +
      'search/prod: 2 snapshots of 20 bytes together removed, 2 kept\n',
  ])
  const [name = ''] = await readdir(join(board, 'public/v1/search/prod/snapshots'))
  await rm(join(board, 'public/v1/search/prod/snapshots', name))
  expect((await nb('search/prod', '--board', board, '--keep', '2', '--days', '0')).stdout).toBe(
    'search/prod: 0 snapshots removed, 1 kept, 1 more that should be kept are not there\n',
  )
  expect((await nb('--board', board, '--keep', '0')).status).toBe(2)
  expect((await nb('--board', board, '--days', '-1')).status).toBe(2)
})

test('prune says what it does after a second, and goes on with the other namespaces after one that fails', async () => {
  const { cwd, board, count } = await place({ 'checkout/prod': 5, 'search/prod': 5 })
  const releases = join(board, 'public/v1/checkout/prod/releases')
  const [epoch = ''] = await readdir(releases)
  await rm(join(releases, epoch, '3.json'))
  const { status, stdout, stderr } = await commandLine(
    ['prune', '--board', board, '--keep', '2', '--days', '0'],
    {
      cwd,
      system: {
        clock: {
          ...systemClock,
          // The first second is over at once.
          after: (ms, call) => systemClock.after(ms === 1_000 ? 0 : ms, call),
        },
      },
    },
  )
  expect(status).toBe(1)
  expect(stderr).toMatch(
    /^still looking for old snapshots of checkout\/prod, 0 removed so far, after \d+ s$/m,
  )
  expect(stderr).toMatch(
    /^error: checkout\/prod: the board of checkout\/prod is damaged: .*\(store-damaged\)$/m,
  )
  expect(stdout).toBe('search/prod: 3 snapshots of 30 bytes together removed, 2 kept\n')
  expect([await count('checkout/prod'), await count('search/prod')]).toEqual([5, 2])
})

test('prune at a server says that it has to run where the board is', async () => {
  const cwd = await temporaryFolder()
  const { noticeboard, publish } = await served({ cwd })
  await publish(1)
  for (const args of [['checkout/prod'], []]) {
    const { status, stderr } = await noticeboard('prune', ...args)
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/^error \(unsupported\): .*noticeboard prune --board FOLDER/),
    ])
  }
})
