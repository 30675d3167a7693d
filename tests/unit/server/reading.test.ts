import { describe, expect, test } from 'vitest'
import type { Transport } from '../../../src/contracts/transport.js'
import { memory } from '../../../src/transports/memory.js'
import { ask, asJson, started, withToken } from '../../support/asking.js'
import { EPOCH, makeRelease, NAMESPACE, never, publish, TOKEN } from '../../support/server-fixtures.js'

const POINTER = `/v1/${NAMESPACE}/release.json`

describe('reading a board', () => {
  test('the pointer has a tag of its own, is to be asked for each time, and 304 answers its tag', async () => {
    const store = memory()
    const { url } = await started(store)
    const missing = await ask(url, POINTER)
    expect(missing).toMatchObject({ status: 404, headers: { 'cache-control': 'no-store' } })

    const { bytes } = await publish(store, { pool: 10 })
    const found = await ask(url, POINTER)
    expect(found).toMatchObject({
      status: 200,
      text: new TextDecoder().decode(bytes),
      headers: { 'cache-control': 'no-cache', 'content-type': 'application/json' },
    })
    const etag = found.headers.etag ?? ''
    expect(etag).toMatch(/^"[0-9a-f]{32}"$/)
    for (const header of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const unchanged = await ask(url, POINTER, { headers: { 'if-none-match': header } })
      expect(unchanged).toMatchObject({ status: 304, text: '', headers: { etag } })
    }
    expect(await ask(url, POINTER, { headers: { 'if-none-match': '"x"' } })).toMatchObject({ status: 200 })
  })

  test('snapshots and releases may be kept for ever; what is missing may not', async () => {
    const store = memory()
    const { url } = await started(store)
    const first = await publish(store, { pool: 10 })
    const second = await publish(store, { pool: 20 })
    const immutable = {
      'cache-control': 'public, max-age=31536000, immutable',
      'x-content-type-options': 'nosniff',
    }
    const text = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)

    expect(await ask(url, `/v1/${NAMESPACE}/snapshots/${first.digest}.json`)).toMatchObject({
      status: 200,
      text: '{"pool":10}',
      headers: immutable,
    })
    expect(await ask(url, `/v1/${NAMESPACE}/releases/${EPOCH}/1.json`)).toMatchObject({
      status: 200,
      text: text(first.bytes),
      headers: immutable,
    })
    expect(await ask(url, `/v1/${NAMESPACE}/releases/${EPOCH}/2.json`)).toMatchObject({
      status: 200,
      text: text(second.bytes),
    })
    for (const path of [
      `snapshots/${'b'.repeat(64)}.json`,
      `releases/${EPOCH}/3.json`,
      'releases/2-00000000/1.json',
      'schema.json',
    ]) {
      expect(await ask(url, `/v1/${NAMESPACE}/${path}`)).toMatchObject({
        status: 404,
        headers: { 'cache-control': 'no-store' },
      })
    }
    // Nothing that one namespace holds is found under another.
    expect((await ask(url, `/v1/other/snapshots/${first.digest}.json`)).status).toBe(404)
  })

  test('a release of a later epoch never stands at the address of an earlier one', async () => {
    const store = memory()
    const { url } = await started(store)
    await publish(store, { pool: 10 })
    const later = makeRelease({ pool: 20 }, { epoch: '2-00c0ffee' })
    await store.put({ namespace: NAMESPACE, digest: later.digest, bytes: later.snapshot }, never)
    await store.append(
      { namespace: NAMESPACE, at: { epoch: '2-00c0ffee', sequence: 1 }, bytes: later.bytes },
      never,
    )
    expect((await ask(url, `/v1/${NAMESPACE}/releases/${EPOCH}/2.json`)).status).toBe(404)
    expect((await ask(url, `/v1/${NAMESPACE}/releases/2-00c0ffee/1.json`)).status).toBe(200)
  })

  test('HEAD is GET without the body', async () => {
    const store = memory()
    const { url } = await started(store)
    const { bytes } = await publish(store, { pool: 10 })
    expect(await ask(url, POINTER, { method: 'HEAD' })).toMatchObject({
      status: 200,
      text: '',
      headers: { 'content-length': String(bytes.length) },
    })
    expect((await ask(url, '/v1/~events?ns=a', { method: 'HEAD' })).status).toBe(405)
  })

  test('an address says which methods it takes', async () => {
    const { url } = await started(memory(), { write: { token: TOKEN } })
    expect(await ask(url, POINTER, { method: 'DELETE' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD' },
    })
    expect(await ask(url, `/v1/${NAMESPACE}/schema.json`, { method: 'POST' })).toMatchObject({
      status: 405,
      headers: { allow: 'GET, HEAD, PUT' },
    })
  })

  test('a damaged snapshot is not served, and is served again when it was repaired', async () => {
    const store = memory()
    let damaged = true
    const source: Transport = {
      ...store,
      snapshot: async (query, signal) => (damaged ? Uint8Array.of(1, 2, 3) : store.snapshot(query, signal)),
    }
    const { url } = await started(source)
    const { digest } = await publish(store, { pool: 10 })
    const path = `/v1/${NAMESPACE}/snapshots/${digest}.json`
    expect((await ask(url, path)).status).toBe(503)
    damaged = false
    expect(await ask(url, path)).toMatchObject({ status: 200, text: '{"pool":10}' })
  })

  test('many who ask for one snapshot at the same time ask the store once', async () => {
    const store = memory()
    let asked = 0
    const source: Transport = {
      ...store,
      async snapshot(query, signal) {
        asked += 1
        await new Promise(resolve => setImmediate(resolve))
        return store.snapshot(query, signal)
      },
    }
    const { url } = await started(source)
    const { digest } = await publish(store, { pool: 10 })
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => ask(url, `/v1/${NAMESPACE}/snapshots/${digest}.json`)),
    )
    expect(new Set(replies.map(({ text }) => text))).toEqual(new Set(['{"pool":10}']))
    expect(asked).toBe(1)
  })

  test('a store that fails is a 503 for those who ask, and its own words stay inside', async () => {
    const store = memory()
    const source: Transport = {
      ...store,
      latest: async () => {
        throw new Error('password hunter2 refused')
      },
    }
    const lines: unknown[] = []
    const log = (...line: unknown[]): void => void lines.push(line)
    const { url } = await started(source, { logger: { debug: log, info: log, warn: log, error: log } })
    const reply = await ask(url, POINTER)
    expect(reply.status).toBe(500)
    expect(JSON.parse(reply.text)).toEqual({ error: { code: 'internal', message: expect.any(String) } })
    expect(reply.text + JSON.stringify(lines)).not.toContain('hunter2')
    expect(lines).toHaveLength(1)
  })
})

describe('a token for reading', () => {
  const options = { write: { token: TOKEN }, read: { token: 'a-token-for-reading' } }

  test.each(['release.json', `snapshots/${'a'.repeat(64)}.json`, 'schema.json', `releases/${EPOCH}/1.json`])(
    'is wanted for %s',
    async path => {
      const { url } = await started(memory(), options)
      const address = `/v1/${NAMESPACE}/${path}`
      expect(await ask(url, address)).toMatchObject({
        status: 401,
        headers: { 'www-authenticate': 'Bearer' },
      })
      expect((await ask(url, address, { headers: withToken('wrong') })).status).toBe(401)
      expect((await ask(url, address, { headers: withToken('a-token-for-reading') })).status).toBe(404)
      expect((await ask(url, address, { headers: withToken(TOKEN) })).status).toBe(404)
    },
  )

  test('is wanted for the stream and for reports, and is not enough for writing', async () => {
    const { url } = await started(memory(), options)
    expect((await ask(url, `/v1/~events?ns=${NAMESPACE}`)).status).toBe(401)
    expect(
      (
        await ask(url, `/v1/${NAMESPACE}/~reports`, {
          method: 'POST',
          headers: asJson,
          body: '{"reports":[]}',
        })
      ).status,
    ).toBe(401)
    const reader = withToken('a-token-for-reading')
    expect(
      (
        await ask(url, `/v1/${NAMESPACE}/~reports`, {
          method: 'POST',
          headers: reader,
          body: '{"reports":[]}',
        })
      ).status,
    ).toBe(204)
    expect((await ask(url, `/v1/${NAMESPACE}/~reports`, { headers: reader })).status).toBe(403)
    expect((await ask(url, `/v1/~namespaces`, { headers: reader })).status).toBe(403)
  })
})
