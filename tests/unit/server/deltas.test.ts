import { describe, expect, test } from 'vitest'
import type { DeltaCodec, Deltas } from '../../../src/contracts/deltas.js'
import type { Store } from '../../../src/contracts/transport.js'
import { systemClock, systemHasher } from '../../../src/system/system.js'
import { http } from '../../../src/transports/http/http.js'
import { memory } from '../../../src/transports/memory.js'
import { ask, started } from '../../support/asking.js'
import { largeDocument, libraryDeltas } from '../../support/large-documents.js'
import { releaseDigest } from '../../../src/core/release/release.js'
import {
  EPOCH,
  makeRelease,
  NAMESPACE,
  never,
  publish,
  TOKEN,
  type Published,
} from '../../support/server-fixtures.js'

const library = libraryDeltas()
const codec = await library.codec()

/** The library's, which counts what it makes. */
function counted(): { readonly deltas: Deltas; made(): number } {
  let made = 0
  const counting: DeltaCodec = {
    encode(pair) {
      made += 1
      return codec?.encode(pair)
    },
    decode: query => codec?.decode(query) ?? new Uint8Array(),
  }
  return { deltas: { codec: async () => counting }, made: () => made }
}

const pathOf = (digest: string, base: string, namespace = NAMESPACE): string =>
  `/v1/${namespace}/snapshots/${digest}.from.${base}.dcz`

async function publishAll(store: Store, pools: readonly number[], namespace = NAMESPACE) {
  const all: Published[] = []
  for (const pool of pools) all.push(await publish(store, largeDocument(pool), namespace))
  return all
}

describe('deltas of a server', () => {
  test('are made of what its store has, once a pair, and may be kept for ever', async () => {
    const store = memory()
    const [one, two] = await publishAll(store, [1, 2])
    const { deltas, made } = counted()
    const { url } = await started(store, { deltas })
    const path = pathOf(two?.digest ?? '', one?.digest ?? '')
    const headers = { 'accept-encoding': 'br, gzip' }
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(url, path, { headers })))
    for (const answer of answers) {
      expect(answer.headers).not.toHaveProperty('content-encoding')
      expect(answer).toMatchObject({
        status: 200,
        headers: {
          'content-type': 'application/octet-stream',
          'cache-control': 'public, max-age=31536000, immutable',
          'x-content-type-options': 'nosniff',
        },
      })
    }
    expect(made()).toBe(1)
    const query = {
      namespace: NAMESPACE,
      digest: two?.digest ?? '',
      base: one?.digest ?? '',
      maxBytes: 100_000,
    }
    const delta = await http(url).delta(query, never)
    const bytes = codec?.decode({
      base: { digest: query.base, bytes: one?.snapshot ?? new Uint8Array() },
      delta: delta ?? new Uint8Array(),
      length: two?.snapshot.length ?? 0,
    })
    expect(delta?.length).toBeLessThanOrEqual(256)
    expect(Buffer.compare(bytes ?? new Uint8Array(), two?.snapshot ?? new Uint8Array())).toBe(0)
  })

  test('are counted, with what they save whoever fetches them', async () => {
    const store = memory()
    const [one, two] = await publishAll(store, [1, 2])
    const { url, handler } = await started(store, { deltas: library })
    expect(handler.load.deltas).toEqual({ made: 0, served: 0, bytesSaved: 0 })
    const path = pathOf(two?.digest ?? '', one?.digest ?? '')
    const answers = [await ask(url, path), await ask(url, path), await ask(url, path)]
    await ask(url, pathOf(two?.digest ?? '', 'b'.repeat(64)))
    const saved = (two?.snapshot.length ?? 0) - Number(answers[0]?.headers['content-length'])
    expect(saved).toBeGreaterThan(204_000)
    expect(handler.load.deltas).toEqual({ made: 1, served: 3, bytesSaved: 3 * saved })
  })

  test('lead to what the newest release names, from what one of the newest 50 names, and nowhere else', async () => {
    const store = memory()
    const [one, two, three] = await publishAll(store, [1, 2, 3])
    // Put, and never released.
    const stray = await publish(memory(), largeDocument(9))
    await store.put({ namespace: NAMESPACE, digest: stray.digest, bytes: stray.snapshot }, never)
    const { deltas, made } = counted()
    const { url } = await started(store, { deltas })
    const digests = { one: one?.digest ?? '', two: two?.digest ?? '', three: three?.digest ?? '' }
    for (const [digest, base] of [
      [digests.two, digests.one],
      [digests.one, digests.three],
      [digests.three, digests.three],
      [digests.three, stray.digest],
      [stray.digest, digests.three],
      [digests.three, 'b'.repeat(64)],
    ] as const)
      expect(await ask(url, pathOf(digest, base))).toMatchObject({
        status: 404,
        headers: { 'cache-control': 'no-store' },
      })
    expect(made()).toBe(0)
    for (const base of [digests.one, digests.two])
      expect(await ask(url, pathOf(digests.three, base))).toMatchObject({ status: 200 })
    expect(made()).toBe(2)
  })

  test('lead from what the 50th newest release names and not the 51st, and from what was named since', async () => {
    const store = memory()
    const all = await publishAll(
      store,
      Array.from({ length: 51 }, (_, index) => index + 1),
    )
    const { deltas, made } = counted()
    const { url } = await started(store, { deltas })
    const newest = all.at(-1)?.digest ?? ''
    const [oldest, second] = all
    expect((await ask(url, pathOf(newest, oldest?.digest ?? ''))).status).toBe(404)
    expect((await ask(url, pathOf(newest, second?.digest ?? ''))).status).toBe(200)
    expect(made()).toBe(1)
    const [later] = await publishAll(store, [52])
    for (const base of [newest, second?.digest ?? ''])
      await expect
        .poll(async () => (await ask(url, pathOf(later?.digest ?? '', base))).status, { timeout: 10_000 })
        .toBe(200)
    expect((await ask(url, pathOf(later?.digest ?? '', oldest?.digest ?? ''))).status).toBe(404)
  })

  test('lead from no snapshot of another namespace, and show nothing of one that may not be read', async () => {
    const store = memory()
    const [, two] = await publishAll(store, [1, 2])
    const [strange] = await publishAll(store, [7], 'other/prod')
    const { url } = await started(store, { deltas: library, read: { token: TOKEN } })
    const path = pathOf(two?.digest ?? '', strange?.digest ?? '')
    const own = pathOf(two?.digest ?? '', two?.digest ?? '')
    const [a, b] = [await ask(url, path), await ask(url, own)]
    expect(a.status).toBe(b.status)
    expect(a.text).toBe(b.text)
    expect(await ask(url, path, { headers: { authorization: `Bearer ${TOKEN}` } })).toMatchObject({
      status: 404,
    })
  })

  test('are private where reading is', async () => {
    const store = memory()
    const [one, two] = await publishAll(store, [1, 2])
    const { url } = await started(store, { deltas: library, read: { token: TOKEN } })
    const path = pathOf(two?.digest ?? '', one?.digest ?? '')
    expect((await ask(url, path)).status).toBe(401)
    expect(await ask(url, path, { headers: { authorization: `Bearer ${TOKEN}` } })).toMatchObject({
      status: 200,
      headers: { 'cache-control': 'private, max-age=31536000, immutable' },
    })
  })

  test('are made so many a second at most, whoever asks for how many', async () => {
    const store = memory()
    const all = await publishAll(
      store,
      Array.from({ length: 49 }, (_, index) => index + 1),
    )
    // Three variants, so that there are 147 pairs.
    const documents = [101, 102, 103].map(pool => makeRelease(largeDocument(pool)))
    for (const { digest, snapshot } of documents)
      await store.put({ namespace: NAMESPACE, digest, bytes: snapshot }, never)
    const [eu, us, rest] = documents.map(({ digest, snapshot }) => ({ digest, bytes: snapshot.length }))
    if (eu === undefined || us === undefined || rest === undefined) throw new Error('three are made')
    const { bytes } = makeRelease(1, {
      sequence: 50,
      prev: releaseDigest(systemHasher, all.at(-1)?.bytes ?? new Uint8Array()),
      stable: {
        version: 50,
        variants: [{ ...eu, when: { region: ['eu'] } }, { ...us, when: { region: ['us'] } }, rest],
      },
    })
    expect(
      await store.append({ namespace: NAMESPACE, at: { epoch: EPOCH, sequence: 50 }, bytes }, never),
    ).toBe('appended')
    const { deltas, made } = counted()
    // A second that passes when it is told to.
    let nowMs = 1_000
    const clock = { ...systemClock, monotonic: () => nowMs }
    const { url } = await started(store, { deltas, system: { clock } })
    const paths = documents.flatMap(({ digest }) => all.map(({ digest: base }) => pathOf(digest, base)))
    const refusedOf = async (asked: readonly string[]): Promise<readonly string[]> => {
      const refused: string[] = []
      for (const path of asked) {
        const { status } = await ask(url, path)
        if (status === 404) refused.push(path)
        else expect(status).toBe(200)
      }
      return refused
    }
    const refused = await refusedOf(paths)
    expect(refused).toHaveLength(47)
    expect(made()).toBe(100)
    nowMs += 1_000
    expect(await refusedOf(refused)).toHaveLength(27)
    expect(made()).toBe(120)
  })

  test('lead to a release that the server has not looked for yet, which is looked for ten times a second at most', async () => {
    const behind = memory()
    const [one] = await publishAll(behind, [1])
    let looks = 0
    // As a store does that others write to, without a word.
    const { watch: _, ...silent } = behind
    const store: Store = {
      ...silent,
      latest: (query, signal) => {
        looks += 1
        return behind.latest(query, signal)
      },
    }
    let nowMs = 1_000
    const { url } = await started(store, {
      deltas: library,
      system: { clock: { ...systemClock, monotonic: () => nowMs } },
    })
    expect((await ask(url, `/v1/${NAMESPACE}/release.json`)).status).toBe(200)
    const [two] = await publishAll(behind, [2])
    const path = pathOf(two?.digest ?? '', one?.digest ?? '')
    nowMs += 99
    const before = looks
    expect([(await ask(url, path)).status, looks - before]).toEqual([404, 0])
    nowMs += 1
    expect([(await ask(url, path)).status, looks - before]).toEqual([200, 1])
    const unknown = pathOf('a'.repeat(64), one?.digest ?? '')
    for (let times = 0; times < 5; times += 1) expect((await ask(url, unknown)).status).toBe(404)
    expect(looks - before).toBe(1)
  })

  test.each<[string, Deltas | false]>([
    ['it is told so', false],
    ['there is no Zstandard', { codec: async () => undefined }],
  ])('are none where %s', async (_, deltas) => {
    const store = memory()
    const [one, two] = await publishAll(store, [1, 2])
    const { url } = await started(store, { deltas })
    expect((await ask(url, pathOf(two?.digest ?? '', one?.digest ?? ''))).status).toBe(404)
  })

  test('a path that is not spelled as they are names nothing', async () => {
    const store = memory()
    const [one, two] = await publishAll(store, [1, 2])
    const { url } = await started(store, { deltas: library })
    const [digest, base] = [two?.digest ?? '', one?.digest ?? '']
    for (const path of [
      pathOf(digest.toUpperCase(), base),
      pathOf(digest, `${base}.from.${base}`),
      pathOf(digest, base).replace('.dcz', '.json'),
      pathOf(digest, base).replace('/snapshots/', '/releases/'),
      pathOf(digest, base).replace('.from.', '.to.'),
    ])
      expect((await ask(url, path)).status).toBe(404)
    expect((await ask(url, pathOf(digest, base), { method: 'PUT' })).status).toBe(405)
  })
})
