import { expect, test } from 'vitest'
import { createFetchSnapshot } from '../../../../src/client/apply/fetch-snapshot.js'
import { createFromDelta } from '../../../../src/client/apply/from-delta.js'
import { NoticeboardError } from '../../../../src/contracts/errors.js'
import type { Transport } from '../../../../src/contracts/transport.js'
import { silentLogger } from '../../../../src/core/silent-logger.js'
import { seededRandom } from '../../../../src/sim/seeded-random.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { systemHasher as hasher } from '../../../../src/system/system.js'
import { NAMESPACE as namespace, never } from '../../../support/board-kit.js'
import { memoryFolder } from '../../../support/client-harness.js'
import { largeSnapshot } from '../../../support/large-documents.js'

const wanted = largeSnapshot(10)

/** A client's way to snapshots, over a state folder that cannot be read. */
function fetching(snapshot: Transport['snapshot']) {
  const clock = virtualClock()
  const told: unknown[] = []
  const state = {
    ...memoryFolder(),
    readSnapshot: () => Promise.reject(new Error('the disk is on fire')),
  }
  const logger = {
    ...silentLogger,
    debug: (message: string, details?: object) => void told.push([message, details]),
  }
  const given = { namespace, clock, hasher, logger, state }
  const fetch = createFetchSnapshot({
    ...given,
    clientId: 'one',
    random: seededRandom(1),
    fromDelta: createFromDelta({ ...given, deltas: undefined, maxSnapshotBytes: 1_048_576 }),
    onFailure: error => told.push(error.code),
  })
  const from: Transport = { name: 'test', latest: async () => ({ type: 'none' }), snapshot }
  const { digest, bytes } = wanted
  const query = { digest, bytes: bytes.length, inline: [], from, have: undefined, spreadMs: 0 }
  return {
    clock,
    told,
    get: (signal: AbortSignal = never) => fetch(query, signal),
    getFallback: () => fetch({ ...query, isFallback: true }, never),
  }
}

const untilAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
  })

test('a kept snapshot that cannot be read is fetched, and told for who looks closely', async () => {
  const { told, get } = fetching(async () => wanted.bytes)
  expect(await get()).toBe(wanted.bytes)
  const digest = wanted.digest.slice(0, 12)
  expect(told).toEqual([['a kept snapshot could not be read', { namespace, digest }]])
})

test('a fallback that the transport does not have is not waited for; what a release asks for is, and so is an answer', async () => {
  let answers: readonly NoticeboardError[] = [new NoticeboardError('not-found', 'no such snapshot')]
  const { clock, get, getFallback } = fetching(async () => {
    const [error, ...rest] = answers
    answers = rest
    if (error !== undefined) throw error
    return wanted.bytes
  })
  expect(await getFallback()).toBe(undefined)
  answers = [new NoticeboardError('unavailable', 'not now')]
  const later = getFallback()
  await clock.advance(60_000)
  expect(await later).toBe(wanted.bytes)
  answers = [new NoticeboardError('not-found', 'not yet')]
  const asked = get()
  await clock.advance(60_000)
  expect(await asked).toBe(wanted.bytes)
})

test('after a fetch that a newer release overtook the next one begins a second later', async () => {
  let asked = 0
  const { clock, get } = fetching(async (_, signal) => {
    asked += 1
    return asked === 1 ? untilAborted(signal) : wanted.bytes
  })
  const overtaken = new AbortController()
  const first = get(overtaken.signal).catch(() => 'overtaken')
  await clock.advance(1)
  overtaken.abort()
  expect(await first).toBe('overtaken')
  const second = get()
  await clock.advance(999)
  expect(asked).toBe(1)
  await clock.advance(1)
  expect(asked).toBe(2)
  expect(await second).toBe(wanted.bytes)
  // It was the last one, and who comes later need not wait.
  expect(await get()).toBe(wanted.bytes)
})
