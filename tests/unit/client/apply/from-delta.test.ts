import { describe, expect, test } from 'vitest'
import { createFromDelta, type FromDeltaOptions } from '../../../../src/client/apply/from-delta.js'
import { createFetchSnapshot } from '../../../../src/client/apply/fetch-snapshot.js'
import type { SnapshotQuery } from '../../../../src/client/apply/snapshot-query.js'
import { NoticeboardError } from '../../../../src/contracts/errors.js'
import type { DeltaQuery, Transport } from '../../../../src/contracts/transport.js'
import { silentLogger } from '../../../../src/core/silent-logger.js'
import { seededRandom } from '../../../../src/sim/seeded-random.js'
import { systemClock, systemHasher } from '../../../../src/system/system.js'
import { NAMESPACE as namespace, never } from '../../../support/board-kit.js'
import { memoryFolder } from '../../../support/client-harness.js'
import { largeSnapshot, libraryDeltas } from '../../../support/large-documents.js'

const deltas = libraryDeltas()
const codec = await deltas.codec()
const base = largeSnapshot(10)
const next = largeSnapshot(20)
const other = largeSnapshot(30)
const delta = codec?.encode({ base, bytes: next.bytes }) ?? new Uint8Array()

interface Told {
  readonly asked: string[]
  readonly failures: string[]
}

/**
 * A client's way to snapshots, over a transport that answers for deltas as given and has every
 * snapshot.
 */
function fetching(
  answer: ((query: DeltaQuery) => Promise<Uint8Array | undefined>) | undefined,
  options: Partial<FromDeltaOptions> = {},
) {
  const told: Told = { asked: [], failures: [] }
  const transport: Transport = {
    name: 'test',
    latest: async () => ({ type: 'none' }),
    async snapshot({ digest }) {
      told.asked.push('snapshot')
      return [base, next, other].find(one => one.digest === digest)?.bytes ?? new Uint8Array()
    },
    ...(answer && {
      delta: async (query: DeltaQuery) => {
        told.asked.push('delta')
        return answer(query)
      },
    }),
  }
  const given = {
    namespace,
    clock: systemClock,
    hasher: systemHasher,
    logger: silentLogger,
    state: undefined,
  }
  const fetch = createFetchSnapshot({
    ...given,
    ...options,
    clientId: 'one',
    random: seededRandom(1),
    fromDelta: createFromDelta({ ...given, deltas, maxSnapshotBytes: 1_048_576, ...options }),
    onFailure: error => told.failures.push(error.code),
  })
  const get = (wanted = next, query: Partial<SnapshotQuery> = {}) =>
    fetch(
      {
        digest: wanted.digest,
        bytes: wanted.bytes.length,
        inline: [],
        from: transport,
        have: base.digest,
        spreadMs: 0,
        ...query,
      },
      never,
    )
  /** The first snapshot of all, which everything later leads from. */
  const start = async () => {
    await get(base, { have: undefined })
    // What was found is kept once the codec is there.
    await deltas.codec()
    told.asked.length = 0
  }
  return { told, get, start }
}

const isNext = (bytes: Uint8Array | undefined): boolean =>
  Buffer.compare(bytes ?? new Uint8Array(), next.bytes) === 0

describe('a client that has one snapshot and wants another', () => {
  test('asks for a delta between the two, and makes the snapshot of it', async () => {
    const queries: DeltaQuery[] = []
    const { told, get, start } = fetching(async query => {
      queries.push(query)
      return delta
    })
    await start()
    expect(isNext(await get())).toBe(true)
    expect(told.asked).toEqual(['delta'])
    const maxBytes = Math.floor(next.bytes.length / 2)
    expect(queries).toEqual([{ namespace, digest: next.digest, base: base.digest, maxBytes }])
  })

  test('takes the base from the state folder where there is one, and keeps none in memory', async () => {
    const state = memoryFolder()
    const { told, get, start } = fetching(async () => delta, { state })
    await start()
    expect(isNext(await get())).toBe(true)
    expect(told.asked).toEqual(['snapshot'])
    state.snapshots.set(base.digest, base.bytes)
    told.asked.length = 0
    expect(isNext(await get())).toBe(true)
    expect(told.asked).toEqual(['delta'])
    // A damaged file makes another snapshot, which is seen.
    state.snapshots.set(base.digest, other.bytes.slice().reverse())
    told.asked.length = 0
    expect(isNext(await get())).toBe(true)
    expect(told.asked).toEqual(['delta', 'snapshot'])
  })

  test.each<[string, () => Promise<Uint8Array | undefined>]>([
    ['there is none', async () => undefined],
    ['it is cut', async () => delta.subarray(0, delta.length - 3)],
    ['it is of another base', async () => codec?.encode({ base: other, bytes: next.bytes })],
    ['its result has another digest', async () => codec?.encode({ base, bytes: other.bytes })],
    ['it is no delta', async () => next.bytes],
    ['the address is refused', () => Promise.reject(new NoticeboardError('forbidden', 'no'))],
    ['it is longer than half', () => Promise.reject(new NoticeboardError('too-large', 'no'))],
    ['it cannot be reached', () => Promise.reject(new NoticeboardError('unavailable', 'no'))],
  ])('fetches the whole one at once when %s, and nothing counts as a failure', async (_, answer) => {
    const { told, get, start } = fetching(answer)
    await start()
    expect(isNext(await get())).toBe(true)
    expect(told).toEqual({ asked: ['delta', 'snapshot'], failures: [] })
  })

  test('asks a server that says when to come back for nothing else before that', async () => {
    const busy = new NoticeboardError('rate-limited', 'later', { retryAfterMs: 20 })
    const { told, get, start } = fetching(() => Promise.reject(busy))
    await start()
    expect(isNext(await get())).toBe(true)
    expect(told).toEqual({ asked: ['delta', 'snapshot'], failures: ['rate-limited'] })
  })

  test('asks a transport that never has one with each sixteenth snapshot only', async () => {
    const { told, get, start } = fetching(async () => undefined)
    await start()
    for (let count = 0; count < 33; count += 1) await get(next, { have: base.digest })
    expect(told.asked.filter(what => what === 'delta')).toHaveLength(5)
    expect(told.asked.filter(what => what === 'snapshot')).toHaveLength(33)
  })

  test('uses a delta that came along, and fetches where that leads from another snapshot', async () => {
    const { told, get, start } = fetching(async () => undefined)
    await start()
    const along = { digest: next.digest, bytes: delta, base: base.digest }
    expect(isNext(await get(next, { inline: [along] }))).toBe(true)
    expect(told.asked).toEqual([])
    const wrong = { ...along, base: other.digest }
    expect(isNext(await get(next, { inline: [wrong] }))).toBe(true)
    expect(told.asked).toEqual(['delta', 'snapshot'])
  })

  test.each<[string, Partial<FromDeltaOptions>]>([
    ['the client takes whole snapshots only', { deltas: undefined }],
    ['there is no Zstandard', { deltas: { codec: async () => undefined } }],
  ])('asks for no delta where %s', async (_, options) => {
    const { told, get, start } = fetching(async () => delta, options)
    await start()
    const inline = [{ digest: next.digest, bytes: delta, base: base.digest }]
    expect(isNext(await get(next, { inline }))).toBe(true)
    expect(told).toEqual({ asked: ['snapshot'], failures: [] })
  })
})
