import { execFileSync } from 'node:child_process'
import { readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { z } from 'zod'
import { isNoticeboardError } from '../../../../src/contracts/errors.js'
import { fileStore, type FileStore } from '../../../../src/node/board/file-store.js'
import { lookAtBoard } from '../../../../src/publisher/look-at-board.js'
import { createPublisher, everyone } from '../../../../src/publisher/index.js'
import { serve } from '../../../../src/server/index.js'
import { httpStore } from '../../../../src/transports/http/index.js'
import { readSystem } from '../../../../src/system/system.js'
import { reportOf } from '../../../support/report-of.js'
import {
  closeLater,
  NAMESPACE,
  never,
  permanentFolder,
  publish,
  snapshotOf,
  temporaryFolder,
} from '../../../support/board-kit.js'

const setUp = async () => {
  const folder = await temporaryFolder()
  const said: string[] = []
  const say = (message: string): void => void said.push(message)
  const logger = { debug() {}, info: say, warn: say, error: say }
  const store = closeLater(fileStore(folder, { logger }))
  const { digest } = snapshotOf({ size: 2 })
  const path = join(folder, 'public/v1', NAMESPACE, 'snapshots', `${digest}.json`)
  return { folder, store, digest, path, said }
}

const lacksOf = async (store: FileStore) => (await store.reports({ namespace: NAMESPACE }, never)).lacks

it('a current document that is missing, cut or changed on the board is told, and what to do', async () => {
  const { folder, store, digest, path, said } = await setUp()
  await publish(store, { size: 1 })
  await publish(store, { size: 2 })
  expect(await lacksOf(store)).toBe(undefined)

  const whole = await readFile(path)
  const damage: readonly (() => Promise<void>)[] = [
    () => rm(path),
    () => writeFile(path, whole.subarray(0, -1)),
    () => writeFile(path, Buffer.from(whole).fill(0x20)),
    () => writeFile(path, Buffer.concat([whole, whole])),
  ]
  for (const hurt of damage) {
    await hurt()
    // Who looked before, and who was just started.
    expect(await lacksOf(store)).toBe(digest)
    expect(await lacksOf(closeLater(fileStore(folder)))).toBe(digest)
    await writeFile(path, whole)
    expect(await lacksOf(store)).toBe(undefined)
  }
  // Of what is said again and again, a log has one line.
  expect(said.slice(0, 2)).toEqual([
    expect.stringMatching(
      /^the board has no whole copy of the snapshot .*publish the same document once more/,
    ),
    expect.stringMatching(/again$/),
  ])

  // Only the current one is looked for, since nobody is given another.
  await rm(path)
  await publish(store, { size: 3 })
  expect(await lacksOf(store)).toBe(undefined)
})

it('a server over a board that lost its current document says so, and a publish of it mends it', async () => {
  const { store, digest, path } = await setUp()
  await using server = await serve(store, { write: { token: 'a-token-that-is-long-enough-to-be-one' } })
  const there = httpStore(server.url, { token: 'a-token-that-is-long-enough-to-be-one' })
  const schema = z.object({ size: z.number() })
  await using publisher = createPublisher({ namespace: NAMESPACE, schema, store: there })
  await publisher.publish({ size: 2 }, { rollout: everyone(), reason: 'the first' })
  expect(await publisher.alarms()).toEqual([])
  await rm(path)
  const says = expect.stringContaining(`no whole copy of the snapshot ${digest.slice(0, 12)}…`)
  expect(await publisher.alarms()).toEqual([{ name: 'board-failing', severity: 'critical', says }])
  await publisher.publish({ size: 2 }, { rollout: everyone(), reason: 'once more' })
  expect(await publisher.alarms()).toEqual([])
})

/** A file system of its own, where the system lets us have one. */
let mounted: string | undefined
beforeAll(async () => {
  const folder = await permanentFolder()
  try {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=16m,mode=0700', 'tmpfs', folder], { stdio: 'ignore' })
    mounted = folder
  } catch {
    // Needs root and a system with mounts.
  }
})
afterAll(() => {
  if (mounted !== undefined) execFileSync('umount', [mounted])
})

it('a board that is mounted read-only is an alarm once a report could not be written', async context => {
  if (mounted === undefined) return context.skip('mounting a tmpfs is not permitted here')
  const store = fileStore(join(mounted, 'board'))
  await publish(store, { size: 1 })
  const look = async () => {
    const system = readSystem('a test', undefined)
    const [found] = await lookAtBoard(store, { namespaces: [NAMESPACE], system, signal: never })
    return found?.alarms
  }
  // Of a controller that goes, since its last word is written at once.
  const role = { type: 'controller', policies: [], gates: [] } as const
  const hear = async () =>
    store.report([reportOf({ namespace: NAMESPACE, instanceId: 'c', role, phase: 'stopped' })], never)
  await hear()
  expect(await look()).toEqual([])
  execFileSync('mount', ['-o', 'remount,ro', mounted])
  await hear()
  const alarm = { name: 'board-failing', severity: 'critical', says: expect.stringContaining('read-only') }
  expect(await look()).toEqual([alarm])
  expect(await look()).toEqual([alarm])
  execFileSync('mount', ['-o', 'remount,rw', mounted])
  expect(await look()).toEqual([])
  expect((await publish(store, { size: 2 })).outcome).toBe('appended')

  // And so does a publish.
  execFileSync('mount', ['-o', 'remount,ro', mounted])
  const refused = await publish(store, { size: 3 }).catch((error: unknown) => error)
  expect(isNoticeboardError(refused, 'unavailable')).toBe(true)
  expect(await look()).toEqual([alarm])
  execFileSync('mount', ['-o', 'remount,rw', mounted])
  await store.close()
})
