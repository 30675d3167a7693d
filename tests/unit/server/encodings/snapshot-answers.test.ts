import { randomBytes } from 'node:crypto'
import { gunzipSync } from 'node:zlib'
import { expect, test } from 'vitest'
import { digestOf } from '../../../../src/core/release/digest.js'
import { encodeBytes } from '../../../../src/server/encodings/encoders.js'
import { snapshotAnswers, type SnapshotRequest } from '../../../../src/server/encodings/snapshot-answers.js'
import { createLifetime } from '../../../../src/server/http/lifetime.js'
import type { Answer } from '../../../../src/server/stream/messages.js'
import { createSnapshotCache } from '../../../../src/server/stream/snapshot-cache.js'
import { systemHasher } from '../../../../src/system/system.js'
import { memory } from '../../../../src/transports/memory.js'

const documentOf = (index: number): Uint8Array =>
  Buffer.from(JSON.stringify({ index, text: 'like this. '.repeat(500) }))

/** Answers over documents that are at hand, whose encodings the test lets happen. */
function setUp({
  documents = [documentOf(0)],
  maxBytes = 1_000_000,
  encode = encodeBytes,
  isNamed = () => true,
}: {
  readonly documents?: readonly Uint8Array[]
  readonly maxBytes?: number
  readonly encode?: typeof encodeBytes
  readonly isNamed?: () => boolean
}) {
  const transport = memory()
  const snapshots = createSnapshotCache({
    transport,
    hasher: systemHasher,
    maxBytes,
    maxSnapshotBytes: 1_048_576,
    lifetime: createLifetime(),
  })
  const made: string[] = []
  const answers = snapshotAnswers({
    snapshots,
    isNamed,
    encode: (encoding, bytes) => {
      made.push(encoding)
      return encode(encoding, bytes)
    },
  })
  const digests = documents.map(bytes => digestOf(systemHasher, bytes))
  const keep = (): void =>
    documents.forEach((bytes, index) => snapshots.keep('a', digests[index] ?? '', bytes))
  keep()
  const query = (index = 0, acceptEncoding = 'gzip'): SnapshotRequest => ({
    namespace: 'a',
    digest: digests[index] ?? '',
    acceptEncoding,
    ifNoneMatch: undefined,
  })
  return { answers, snapshots, made, query, keep }
}

const encodingOf = (answer: Answer | undefined): string | undefined => answer?.headers['Content-Encoding']

test('a snapshot is encoded once per encoding, however many ask meanwhile and later', async () => {
  const { answers, made, query } = setUp({})
  expect(answers.peek(query())).toBeUndefined()
  const replies = await Promise.all(
    Array.from({ length: 1_000 }, (_, index) => answers.load(query(0, index % 2 === 0 ? 'gzip' : 'br'))),
  )
  expect(made.sort()).toEqual(['br', 'gzip'])
  expect(new Set(replies).size).toBe(2)
  expect(answers.peek(query())).toBe(replies[0])
  await answers.load(query())
  expect(made).toHaveLength(2)
})

test('what encodings save is counted: what was made, and each answer in the place of a whole snapshot', async () => {
  const { answers, query } = setUp({})
  const plain = answers.peek(query(0, 'identity')) ?? (await answers.load(query(0, 'identity')))
  expect(answers.savings).toMatchObject({ made: 0, served: 0, bytesSaved: 0 })
  const encoded = await answers.load(query())
  answers.peek(query())
  const lengthOf = (answer: Answer): number => (answer as { body: Uint8Array }).body.length
  const saved = lengthOf(plain) - lengthOf(encoded)
  expect(saved).toBeGreaterThan(0)
  expect(answers.savings).toMatchObject({ made: 1, served: 2, bytesSaved: 2 * saved })
})

test('each snapshot comes in the encoding of itself, also of several that are asked for together', async () => {
  const documents = Array.from({ length: 8 }, (_, index) => documentOf(index))
  const { answers, query } = setUp({ documents })
  const ask = async (index: number): Promise<boolean> => {
    const answer = answers.peek(query(index)) ?? (await answers.load(query(index)))
    const bytes = gunzipSync((answer as { body: Uint8Array }).body)
    return bytes.equals(documents[index] ?? Buffer.alloc(0))
  }
  for (let round = 0; round < 2; round += 1)
    expect(await Promise.all(documents.map((_, index) => ask(index)))).toEqual(documents.map(() => true))
})

test('snapshots are encoded one after the other, and past eight that wait they go out as they are', async () => {
  let running = 0
  let most = 0
  const { answers, made, query } = setUp({
    documents: Array.from({ length: 30 }, (_, index) => documentOf(index)),
    async encode(encoding, bytes) {
      most = Math.max(most, (running += 1))
      const body = await encodeBytes(encoding, bytes)
      running -= 1
      return body
    },
  })
  const replies = await Promise.all(Array.from({ length: 30 }, (_, index) => answers.load(query(index))))
  expect(most).toBe(1)
  expect(made).toHaveLength(9)
  expect(replies.map(encodingOf).filter(Boolean)).toHaveLength(9)
  // Those that were passed over have their turn when somebody asks again.
  expect(encodingOf(await answers.load(query(29)))).toBe('gzip')
})

test('nothing is encoded to say that nothing changed', () => {
  const { answers, made, query } = setUp({})
  expect(answers.peek({ ...query(), ifNoneMatch: '*' })).toMatchObject({ status: 304 })
  expect(made).toEqual([])
})

test('what nobody is to run is not encoded', async () => {
  const { answers, made, query } = setUp({ isNamed: () => false })
  expect(encodingOf(answers.peek(query()))).toBeUndefined()
  expect((await answers.load(query())).type).toBe('whole')
  expect(made).toEqual([])
})

test('what cannot be encoded, and what is not smaller for it, goes out as it is and is not tried again', async () => {
  const failing = setUp({ encode: () => Promise.reject(new Error('no memory')) })
  const incompressible = setUp({
    documents: [Buffer.from(JSON.stringify(randomBytes(6_000).toString('latin1')))],
    encode: async (_, bytes) => bytes,
  })
  for (const { answers, made, query } of [failing, incompressible]) {
    const reply = await answers.load(query())
    expect(encodingOf(reply)).toBeUndefined()
    expect(reply.headers['Content-Length']).toBe(String((reply as { body: Uint8Array }).body.length))
    expect(answers.peek(query())).toBe(reply)
    expect(made).toHaveLength(1)
  }
})

test('encodings count for the bound on what is kept, and go with their snapshot', async () => {
  const documents = [documentOf(0), documentOf(1)]
  const size = documentOf(0).length
  // Room for both snapshots as they are, and for no encoding beside them.
  const { answers, snapshots, made, query, keep } = setUp({ documents, maxBytes: 2 * (size + 1_024) + 10 })
  expect(snapshots.peek('a', query(0).digest)).toBeDefined()
  expect(encodingOf(await answers.load(query(1)))).toBe('gzip')
  expect(snapshots.peek('a', query(0).digest)).toBeUndefined()
  expect(encodingOf(answers.peek(query(1)))).toBe('gzip')
  keep()
  keep()
  await answers.load(query(0))
  expect(snapshots.peek('a', query(1).digest)).toBeUndefined()
  expect(made).toEqual(['gzip', 'gzip'])
})
