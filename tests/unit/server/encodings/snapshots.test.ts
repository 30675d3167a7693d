import { brotliDecompressSync, gunzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Json } from '../../../../src/contracts/json.js'
import { AVAILABLE_ENCODINGS } from '../../../../src/server/encodings/encoders.js'
import { createHandler, type HandlerOptions } from '../../../../src/server/index.js'
import { http } from '../../../../src/transports/http/index.js'
import { memory } from '../../../../src/transports/memory.js'
import { ask, started, withToken } from '../../../support/asking.js'
import { NAMESPACE, never, publish, TOKEN, type Published } from '../../../support/server-fixtures.js'

const LARGE: Json = { text: 'a setting like the one before. '.repeat(400), size: 1 }
const pathOf = (digest: string): string => `/v1/${NAMESPACE}/snapshots/${digest}.json`

const decoders: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  br: brotliDecompressSync,
  gzip: gunzipSync,
}

/** A board of one document, asked without a connection: what comes is what is sent. */
async function board(document: Json, options: HandlerOptions = {}) {
  const store = memory()
  const handler = createHandler(store, options)
  const published = await publish(store, document)
  const fetch = (path: string, headers: Record<string, string> = {}): Promise<Response> =>
    handler.fetch(new Request(`http://127.0.0.1${path}`, { headers }))
  // As every client does first.
  await fetch(`/v1/${NAMESPACE}/release.json`, options.read === undefined ? {} : withToken(TOKEN))
  const get = async (
    accept: string | undefined,
    { digest }: Pick<Published, 'digest'> = published,
    headers: Record<string, string> = {},
  ) => {
    const response = await fetch(pathOf(digest), {
      ...headers,
      ...(accept !== undefined && { 'accept-encoding': accept }),
    })
    return {
      status: response.status,
      headers: response.headers,
      body: new Uint8Array(await response.arrayBuffer()),
    }
  }
  return { store, handler, published, fetch, get }
}

describe('a snapshot', () => {
  test.each([
    ['br', 'br, gzip'],
    ['gzip', 'gzip'],
    ['gzip', 'gzip, br;q=0.5'],
  ])('comes in %s to who accepts "%s", byte for byte', async (encoding, accept) => {
    const { get, published } = await board(LARGE)
    const { status, headers, body } = await get(accept)
    expect(status).toBe(200)
    expect(headers.get('content-encoding')).toBe(encoding)
    expect(headers.get('content-length')).toBe(String(body.length))
    expect(headers.get('vary')).toBe('Accept-Encoding')
    expect(headers.get('cache-control')).toBe('public, max-age=31536000, immutable')
    expect(headers.get('etag')).toBe(`"${published.digest.slice(0, 32)}-${encoding}"`)
    expect(body.length).toBeLessThan(published.snapshot.length / 5)
    expect(Buffer.from(decoders[encoding]?.(body) ?? []).equals(published.snapshot)).toBe(true)
  })

  test('comes in zstd where the runtime makes it, and else in the next best', async () => {
    const { get } = await board(LARGE)
    const { headers } = await get('zstd, gzip;q=0.5')
    expect(headers.get('content-encoding')).toBe(AVAILABLE_ENCODINGS.has('zstd') ? 'zstd' : 'gzip')
  })

  test.each([[undefined], ['identity'], ['*'], ['deflate'], ['br;q=0, gzip;q=0']])(
    'comes as it is to who accepts %j, and says that it may come otherwise',
    async accept => {
      const { get, published } = await board(LARGE)
      const { headers, body } = await get(accept)
      expect(headers.get('content-encoding')).toBeNull()
      expect(headers.get('vary')).toBe('Accept-Encoding')
      expect(headers.get('etag')).toBe(`"${published.digest.slice(0, 32)}"`)
      expect(Buffer.from(body).equals(published.snapshot)).toBe(true)
    },
  )

  test('of less than a kilobyte comes as it is, always', async () => {
    const { get, published } = await board({ text: 'x'.repeat(1_023 - '{"text":""}'.length) })
    expect(published.snapshot.length).toBe(1_023)
    const { headers, body } = await get('br, gzip')
    expect(headers.get('content-encoding')).toBeNull()
    expect(headers.get('vary')).toBeNull()
    expect(body.length).toBe(1_023)
    const { get: getLarger } = await board({ text: 'x'.repeat(1_024 - '{"text":""}'.length) })
    expect((await getLarger('br, gzip')).headers.get('content-encoding')).toBe('br')
  })

  test('that no release names any more is not encoded for anybody', async () => {
    const { store, fetch, get, published } = await board(LARGE)
    const newer = await publish(store, { ...(LARGE as object), size: 2 })
    await expect
      .poll(async () => (await fetch(`/v1/${NAMESPACE}/release.json`)).json())
      .toMatchObject({
        release: { sequence: 2 },
      })
    expect((await get('br, gzip', published)).headers.get('content-encoding')).toBeNull()
    expect((await get('br, gzip', newer)).headers.get('content-encoding')).toBe('br')
  })

  test('that was encoded goes on as it was encoded when another one is released', async () => {
    const { store, fetch, get, published } = await board(LARGE)
    expect((await get('gzip', published)).headers.get('content-encoding')).toBe('gzip')
    await publish(store, { ...(LARGE as object), size: 2 })
    await expect
      .poll(async () => (await fetch(`/v1/${NAMESPACE}/release.json`)).json())
      .toMatchObject({
        release: { sequence: 2 },
      })
    expect((await get('gzip', published)).headers.get('content-encoding')).toBe('gzip')
  })

  test('that was read with a token is for no cache in between, encoded or not', async () => {
    const { get, published } = await board(LARGE, { read: { token: TOKEN } })
    expect((await get('gzip')).status).toBe(401)
    const { headers } = await get('gzip', published, withToken(TOKEN))
    expect(headers.get('content-encoding')).toBe('gzip')
    expect(headers.get('cache-control')).toBe('private, max-age=31536000, immutable')
  })

  test('is compressed alone, and nothing that was asked is in it', async () => {
    const { fetch, published } = await board(LARGE)
    const replies = ['', '?text=a setting like the one before.', '?client=a'].map(async query => {
      const response = await fetch(`${pathOf(published.digest)}${query}`, {
        'accept-encoding': 'gzip',
        'x-client': 'a setting like the one before.',
      })
      return Buffer.from(await response.arrayBuffer()).toString('base64')
    })
    expect(new Set(await Promise.all(replies)).size).toBe(1)
  })

  test('varies with the origin as well where pages of others may read', async () => {
    const origin = 'https://admin.example.com'
    const { get, published } = await board(LARGE, { origins: [origin] })
    for (const headers of [{}, { origin }])
      expect((await get('gzip', published, headers)).headers.get('vary')).toBe('Accept-Encoding, Origin')
  })
})

describe('If-None-Match on a snapshot', () => {
  const tag = (digest: string, encoding = ''): string => `"${digest.slice(0, 32)}${encoding}"`

  test.each([
    ['', undefined, 304],
    ['', 'gzip', 304],
    ['-gzip', 'gzip', 304],
    ['-gzip', 'br, gzip', 304],
    ['-br', 'br, gzip', 304],
    ['-gzip', undefined, 200],
    ['-br', 'gzip', 200],
    ['-gzip', 'gzip;q=0', 200],
    ['-other', 'br, gzip', 200],
  ])('with the tag "…%s" ends, for who accepts %j, in %i', async (encoding, accept, status) => {
    const { get, published } = await board(LARGE)
    const etag = tag(published.digest, encoding)
    for (const header of [etag, `W/${etag}`, `"x", ${etag}`]) {
      const reply = await get(accept, published, { 'if-none-match': header })
      expect(reply.status).toBe(status)
      if (status === 304) {
        expect(reply.body).toHaveLength(0)
        expect(reply.headers.get('etag')).toBe(etag)
        expect(reply.headers.get('vary')).toBe('Accept-Encoding')
        expect(reply.headers.get('content-encoding')).toBeNull()
      }
    }
  })
})

describe('over a connection', () => {
  test('the newest snapshot comes encoded to a client, which has the bytes that the digest names', async () => {
    const store = memory()
    const { url } = await started(store)
    const { digest, snapshot } = await publish(store, LARGE)
    const transport = http(url)
    await transport.latest({ namespace: NAMESPACE }, never)
    const query = { namespace: NAMESPACE, digest, maxSnapshotBytes: snapshot.length }
    expect(Buffer.from(await transport.snapshot(query, never)).equals(snapshot)).toBe(true)
    const headers = { 'accept-encoding': 'br, gzip' }
    const [first, head, plain] = [
      await ask(url, pathOf(digest), { headers }),
      await ask(url, pathOf(digest), { headers, method: 'HEAD' }),
      await ask(url, pathOf(digest)),
    ]
    expect(first.headers['content-encoding']).toBe('br')
    expect(head.headers).toMatchObject({
      'content-encoding': 'br',
      'content-length': first.headers['content-length'],
    })
    expect(head.text).toBe('')
    expect(plain.headers['content-encoding']).toBeUndefined()
    expect(plain.text === new TextDecoder().decode(snapshot)).toBe(true)
  })

  test('a client reads no more of it than the release says, in decoded bytes', async () => {
    const store = memory()
    const { url } = await started(store)
    const { digest, snapshot } = await publish(store, LARGE)
    await http(url).latest({ namespace: NAMESPACE }, never)
    const query = { namespace: NAMESPACE, digest, maxSnapshotBytes: snapshot.length - 1 }
    await expect(http(url).snapshot(query, never)).rejects.toMatchObject({ code: 'too-large' })
  })
})
