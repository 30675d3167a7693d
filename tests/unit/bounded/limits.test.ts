import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { isNoticeboardError } from '../../../src/contracts/errors.js'
import type { Store, Transport } from '../../../src/contracts/transport.js'
import { anything } from '../../../src/core/schema/anything.js'
import { fileStore } from '../../../src/node/board/file-store.js'
import { jsonFile } from '../../../src/node/sources/json-file.js'
import { stateFolder } from '../../../src/node/state/state-folder.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { createHandler } from '../../../src/server/index.js'
import { cached } from '../../../src/transports/cached.js'
import { fallback } from '../../../src/transports/fallback.js'
import { createByteBuffer } from '../../../src/core/byte-buffer.js'
import { http, httpStore } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { fromSource } from '../../../src/transports/source.js'
import { memoryDisk } from '../../proof/fuzz/memory-disk.js'
import { NAMESPACE, never, snapshotOf } from '../../support/board-kit.js'

const MAX = 300
const TOKEN = 'a-token'

/**
 * A document of exactly so many bytes in its canonical form, most of whose characters take more
 * than one.
 */
function documentOf(bytes: number): string {
  const body = bytes - 2
  return `${'ü'.repeat(Math.floor(body / 2))}${body % 2 === 1 ? 'x' : ''}`
}
type Snapshot = ReturnType<typeof snapshotOf>

const putInto =
  (open: () => Store) =>
  ({ digest, bytes }: Snapshot) =>
    open().put({ namespace: NAMESPACE, digest, bytes }, never)

/** Reads a snapshot that is there, of which no more than the maximum is wanted. */
const readFrom =
  (lay: (over: Store) => Transport, times = 1) =>
  async ({ digest, bytes }: Snapshot): Promise<void> => {
    const store = memory()
    await store.put({ namespace: NAMESPACE, digest, bytes }, never)
    const transport = lay(store)
    // Kept by a reader who wants more of it.
    if (times > 1)
      await transport.snapshot({ namespace: NAMESPACE, digest, maxSnapshotBytes: 2 * MAX }, never)
    await transport.snapshot({ namespace: NAMESPACE, digest, maxSnapshotBytes: MAX }, never)
  }

/** A server's answers, cut into pieces of so many bytes. */
const inPieces =
  (fetch: (request: Request) => Promise<Response>, piece: number) =>
  async (url: string, init?: object): Promise<Response> => {
    const answer = await fetch(new Request(url, init))
    if (answer.body === null) return answer
    const bytes = new Uint8Array(await answer.arrayBuffer())
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        for (let at = 0; at < bytes.length; at += piece) controller.enqueue(bytes.subarray(at, at + piece))
        controller.close()
      },
    })
    return new Response(body, { status: answer.status })
  }
const overHttp =
  (piece: number) =>
  (store: Store): Transport =>
    http('http://board.test', { fetch: inPieces(createHandler(store).fetch, piece) as never })

const writable = (): ReturnType<typeof createHandler> =>
  createHandler(memory({ maxSnapshotBytes: MAX }), { write: { token: TOKEN } })

/** Everything that takes a document up to so many bytes. The next one is one more line. */
const TAKES: Readonly<Record<string, (snapshot: Snapshot, document: string) => Promise<unknown>>> = {
  'memory().put()': putInto(() => memory({ maxSnapshotBytes: MAX })),
  'fileStore().put()': putInto(() =>
    fileStore('/board', { fs: memoryDisk(new Map()), maxSnapshotBytes: MAX }),
  ),
  'httpStore().put(), of which the client knows': putInto(() => {
    const { fetch } = createHandler(memory(), { write: { token: TOKEN } })
    return httpStore('http://board.test', {
      token: TOKEN,
      maxSnapshotBytes: MAX,
      fetch: inPieces(fetch, 1_000) as never,
    })
  }),
  'httpStore().put(), of which the server knows': putInto(() =>
    httpStore('http://board.test', { token: TOKEN, fetch: inPieces(writable().fetch, 1_000) as never }),
  ),
  async 'a PUT whose length nobody announced'({ digest, bytes }) {
    let read = 0
    const body = new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          if (read === bytes.length) return controller.close()
          controller.enqueue(bytes.subarray(read, (read += 1)))
        },
      },
      { highWaterMark: 0 },
    )
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json' }
    const init = { method: 'PUT', body, duplex: 'half', headers }
    const url = `http://board.test/v1/${NAMESPACE}/snapshots/${digest}.json`
    const { status } = await writable().fetch(new Request(url, init as RequestInit))
    // What is too long is left at the first byte over, and not read to its end.
    if (read > MAX + 1) return `${read} bytes were read`
    return status === 204 ? undefined : status
  },
  'memory().snapshot()': readFrom(store => store),
  'http().snapshot(), in one piece': readFrom(overHttp(10_000)),
  'http().snapshot(), in small pieces': readFrom(overHttp(7)),
  'cached().snapshot()': readFrom(store => cached(store)),
  'cached().snapshot() of what is kept': readFrom(store => cached(store), 2),
  'fallback().snapshot()': readFrom(store => fallback([store])),
  async 'fromSource().snapshot()'({ digest }, document) {
    const transport = fromSource(() => document)
    await transport.latest({ namespace: NAMESPACE }, never)
    await transport.snapshot({ namespace: NAMESPACE, digest, maxSnapshotBytes: MAX }, never)
  },
  async 'a state folder'({ digest, bytes }) {
    const folder = stateFolder('/state', { fs: memoryDisk(new Map()) })
    await folder.writeSnapshot({ namespace: NAMESPACE, digest, bytes })
    const query = { namespace: NAMESPACE, digest, maxSnapshotBytes: MAX }
    return (await folder.readSnapshot(query)) === undefined ? 'too-large' : undefined
  },
  async 'a publisher'(_, document) {
    const store = memory()
    const publisher = createPublisher({
      namespace: NAMESPACE,
      schema: anything,
      store,
      maxSnapshotBytes: MAX,
    })
    await publisher.publish(document, { rollout: everyone(), reason: 'a test' })
  },
  async 'a file of JSON'({ bytes }) {
    const disk = memoryDisk(new Map([['/a.json', bytes]]))
    await jsonFile('/a.json', { fs: disk, maxSnapshotBytes: MAX }).read(never)
  },
}

describe.each(Object.entries(TAKES))('%s', (_, take) => {
  test('takes what has exactly so many bytes, and nothing that has one more', async () => {
    for (const bytes of [2, MAX - 1, MAX, MAX + 1, MAX + 2, 2 * MAX]) {
      const document = documentOf(bytes)
      const snapshot = snapshotOf(document)
      expect(snapshot.bytes).toHaveLength(bytes)
      let refusal: unknown
      try {
        refusal = await take(snapshot, document)
      } catch (error) {
        refusal = isNoticeboardError(error) ? error.code : error
      }
      const isTaken = refusal === undefined
      expect({ bytes, isTaken, refusal }).toEqual({
        bytes,
        isTaken: bytes <= MAX,
        refusal: bytes <= MAX ? undefined : refusal === 413 ? 413 : 'too-large',
      })
    }
  })
})

test('a buffer of bytes holds what a plain list of them holds, however it was filled and taken', () => {
  const piece = fc.oneof(
    fc.uint8Array({ maxLength: 40 }),
    fc.integer({ min: 1_000, max: 90_000 }).map(n => new Uint8Array(n).fill(n)),
  )
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.constant('take' as const)), { maxLength: 40 }), steps => {
      const buffer = createByteBuffer()
      let plain: number[] = []
      for (const step of [...steps, 'take' as const]) {
        if (step === 'take') {
          expect(Buffer.compare(buffer.take(), Uint8Array.from(plain))).toBe(0)
          plain = []
        } else {
          buffer.append(step)
          plain = plain.concat([...step])
        }
        expect(buffer.length).toBe(plain.length)
      }
    }),
    { numRuns: 30 },
  )
})
