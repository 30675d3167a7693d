import { expect, test } from 'vitest'
import { createBoardMemory } from '../../../src/core/store/board-memory.js'
import { encodeRelease } from '../../../src/core/release/release.js'
import { systemHasher } from '../../../src/system/system.js'

const namespace = 'checkout/prod'
const release = (epoch: string, sequence: number): Uint8Array =>
  encodeRelease({
    v: 1, namespace, epoch, sequence, issuedAt: '2026-11-21T09:30:00.000Z', cause: 'publish',
    stable: { version: 1, variants: [{ digest: 'b'.repeat(64), bytes: 20 }] }, prev: null,
  }) // prettier-ignore

test('a memory counts up whenever it says something else, and only then', async () => {
  const memory = createBoardMemory(systemHasher)
  const grownBy = async (bytes: Uint8Array | undefined): Promise<number> => {
    const { changes } = memory
    const since = memory.known(namespace)
    await memory.hear({ namespace, bytes, since, stillHas: async () => false })
    return memory.changes - changes
  }
  const newest = release('2-0badcafe', 7)
  expect(await grownBy(newest)).toBe(1)
  expect(await grownBy(newest)).toBe(0)
  // It goes back.
  expect(await grownBy(undefined)).toBe(1)
  expect(memory.wentBack(namespace)).toEqual({ from: { epoch: '2-0badcafe', sequence: 7 } })
  // It goes on above what was lost: another release is the newest, and it is not back any more.
  expect(await grownBy(release('3-0badcafe', 1))).toBe(2)
  expect(memory.wentBack(namespace)).toBeUndefined()
})

test('an epoch that was opened above what was lost ends the going back, before anybody reads it', async () => {
  const memory = createBoardMemory(systemHasher)
  const hear = (bytes: Uint8Array | undefined) =>
    memory.hear({ namespace, bytes, since: memory.known(namespace), stillHas: async () => false })
  await hear(release('2-0badcafe', 7))
  await hear(undefined)
  const told: unknown[] = []
  memory.listen((_, wentBack) => told.push(wentBack))
  memory.appended(namespace, release('3-0badcafe', 1))
  expect(memory.wentBack(namespace)).toBeUndefined()
  expect(told).toEqual([undefined])
})
