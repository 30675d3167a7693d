import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { digestOf } from '../../../src/core/release/digest.js'
import { encodeText } from '../../../src/core/json/text.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'
import { ask, asJson, rawReader, started, withToken } from '../../support/asking.js'
import { NAMESPACE, never, publish, TOKEN } from '../../support/server-fixtures.js'

const RELEASES = `/v1/${NAMESPACE}/~releases`
const SNAPSHOT = `/v1/${NAMESPACE}/snapshots/${digestOf(systemHasher, encodeText('{}'))}.json`

const writable = async () => {
  const store = memory()
  return { store, ...(await started(store, { write: { token: TOKEN } })) }
}

describe('addresses', () => {
  test.each([
    '/v1/../../private/token', '/v1/%2e%2e/%2e%2e/private/token', '/v1/a\\..\\b/release.json', '/v1/a%5c..%5cb/release.json', '/v1/a%00/release.json',
    '/v1/Checkout/prod/release.json', '/v1//checkout/prod/release.json', '/v1/checkout//prod/release.json', '//v1/checkout/prod/release.json',
    '/v1/checkout/prod/release.json/', '/v1/checkout%2Fprod/release.json', '/private/token', '/', '/v1', '/v1/checkout/prod/./release.json',
    `/v1/${'a/'.repeat(2_000)}release.json`, '/v1/checkout/prod/release.json%20', '/%76%31/checkout/prod/release.json',
  ])('%s is not found', async path => {
    const { url, store } = await writable()
    await publish(store, { pool: 10 })
    const reply = await ask(url, path)
    expect(reply.status).toBe(404)
    expect(JSON.parse(reply.text)).toEqual({ error: { code: 'not-found', message: expect.any(String) } })
  }) // prettier-ignore

  test('a query and a fragment lead nowhere else', async () => {
    const { url, store } = await writable()
    await publish(store, { pool: 10 })
    expect((await ask(url, `/v1/${NAMESPACE}/release.json?x=/../y`)).status).toBe(200)
  })

  test.each([
    'GARBAGE\r\n\r\n',
    'GET /v1/a/release.json\0 HTTP/1.1\r\nHost: localhost\r\n\r\n',
    `GET /${'x'.repeat(100_000)} HTTP/1.1\r\nHost: localhost\r\n\r\n`,
  ])('what is no HTTP ends its connection and nothing else: %#', async head => {
    const { url } = await writable()
    const reader = rawReader(url, head)
    await new Promise<void>(resolve => reader.socket.once('close', () => resolve()))
    expect(reader.text()).toMatch(/^HTTP\/1\.1 4\d\d /)
    expect((await ask(url, `/v1/${NAMESPACE}/release.json`)).status).toBe(404)
  })

  test.each([
    'ns=../x',
    'ns=%2e%2e',
    'ns=a%5cb',
    'ns=a%00',
    'ns=Checkout',
    'ns=',
    '',
    'ns=a//b',
    'client=x',
    'ns=a&client=x&client=y',
    'ns=a&label=x',
    'ns=a&label=x=1&label=x=2',
    'ns=a&label==1',
    'ns=a&have=a',
    'ns=a&have=a%3Dxyz',
    'ns=a&client=%00',
    Array.from({ length: 65 }, (_, n) => `ns=a${n}`).join('&'),
  ])('the stream refuses the query %j', async query => {
    const { url } = await writable()
    expect(await ask(url, `/v1/~events?${query}`)).toMatchObject({ status: 400 })
  })
})

describe('who asks', () => {
  test.each(['evil.example', 'evil.example:8080', '127.0.0.1.evil.example'])(
    'the host name %j is not this server',
    async host => {
      const { url } = await writable()
      expect(await ask(url, `/v1/${NAMESPACE}/release.json`, { headers: { host } })).toMatchObject({
        status: 421,
      })
      expect(
        await ask(url, SNAPSHOT, { method: 'PUT', body: '{}', headers: { ...withToken(TOKEN), host } }),
      ).toMatchObject({ status: 421 })
    },
  )

  test.each(['HTTP/1.0\r\n\r\n', 'HTTP/1.1\r\nConnection: close\r\nHost:\r\n\r\n'])(
    'a request without a host name is for nobody: %j',
    async rest => {
      const { url } = await writable()
      const reader = rawReader(url, `GET /v1/${NAMESPACE}/release.json ${rest}`)
      await new Promise<void>(resolve => reader.socket.once('close', () => resolve()))
      expect(reader.text()).toMatch(/^HTTP\/1\.1 421 /)
    },
  )

  test.each(['localhost', 'LOCALHOST:80', '127.0.0.1', '[::1]:8420'])('the host name %j is', async host => {
    const { url } = await writable()
    expect((await ask(url, `/v1/${NAMESPACE}/release.json`, { headers: { host } })).status).toBe(404)
  })

  test('a server that listens everywhere takes addresses, but no foreign names', async () => {
    const { url } = await started(memory(), { host: '0.0.0.0' })
    for (const host of ['10.1.2.3:8420', '[fe80::1]', 'localhost']) {
      expect((await ask(url, `/v1/${NAMESPACE}/release.json`, { headers: { host } })).status).toBe(404)
    }
    expect(
      (await ask(url, `/v1/${NAMESPACE}/release.json`, { headers: { host: 'evil.example' } })).status,
    ).toBe(421)
  })

  test('the refusal says which name came and which option allows it, to whoever asked and once a minute in the log', async () => {
    const lines: string[] = []
    const warn = (message: string, details?: object): void =>
      void lines.push(`${message} ${JSON.stringify(details)}`)
    const { url } = await started(memory(), { logger: { debug() {}, info() {}, warn, error: warn } })
    for (let time = 0; time < 5; time += 1) {
      const { text } = await ask(url, `/v1/${NAMESPACE}/release.json`, {
        headers: { host: 'config.internal' },
      })
      expect(text).toMatch(/config\.internal.*--allow-host/)
    }
    expect(lines).toEqual([expect.stringMatching(/config\.internal.*--allow-host/)])
  })

  test('names that are given count, with or without a port', async () => {
    const { url } = await started(memory(), { hosts: ['config.internal', 'other.internal:8420'] })
    const status = async (host: string) =>
      (await ask(url, `/v1/${NAMESPACE}/release.json`, { headers: { host } })).status
    expect(await status('config.internal:99')).toBe(404)
    expect(await status('other.internal:8420')).toBe(404)
    expect(await status('other.internal')).toBe(421)
    for (const host of ['localhost:8420', '10.1.2.3:8420', '[fe80::1]']) expect(await status(host)).toBe(404)
    for (const host of ['localhost.evil.example', '10.1.2.3.evil.example', 'x10.1.2.3'])
      expect(await status(host)).toBe(421)
  })

  test('a page of another origin may not write, whatever it brings', async () => {
    const { url } = await writable()
    for (const origin of ['https://evil.example', 'null', 'http://127.0.0.1:1', '']) {
      const headers = { ...withToken(TOKEN), origin }
      const refused = await ask(url, SNAPSHOT, { method: 'PUT', body: '{}', headers })
      expect([refused.status, refused.text]).toEqual([403, expect.stringMatching(/--origin.*option origins/)])
      expect(
        (
          await ask(url, `/v1/${NAMESPACE}/~reports`, {
            method: 'POST',
            body: '{"reports":[]}',
            headers: { ...asJson, origin },
          })
        ).status,
      ).toBe(403)
    }
    expect(
      (await ask(url, SNAPSHOT, { method: 'PUT', body: '{}', headers: { ...withToken(TOKEN), origin: url } }))
        .status,
    ).toBe(204)
  })

  test('an allowed origin may, and its browser is told so', async () => {
    const origin = 'https://admin.example.com'
    const { url } = await started(memory(), { write: { token: TOKEN }, origins: [origin] })
    expect(
      await ask(url, SNAPSHOT, {
        method: 'OPTIONS',
        headers: { origin, 'access-control-request-method': 'PUT' },
      }),
    ).toMatchObject({
      status: 204,
      headers: {
        'access-control-allow-origin': origin,
        'access-control-allow-headers': expect.stringContaining('authorization'),
      },
    })
    expect(
      await ask(url, SNAPSHOT, { method: 'PUT', body: '{}', headers: { ...withToken(TOKEN), origin } }),
    ).toMatchObject({ status: 204 })
    expect(await ask(url, SNAPSHOT, { headers: { origin } })).toMatchObject({
      status: 200,
      headers: { 'access-control-allow-origin': origin, vary: 'Origin' },
    })
    const foreign = await ask(url, SNAPSHOT, { headers: { origin: 'https://evil.example' } })
    expect(foreign.headers).not.toHaveProperty('access-control-allow-origin')
    expect(foreign.headers).toMatchObject({ vary: 'Origin' })
    expect(
      (await ask(url, SNAPSHOT, { method: 'OPTIONS', headers: { origin: 'https://evil.example' } })).status,
    ).toBe(404)
  })

  test.each([
    undefined,
    '',
    'Bearer',
    'Bearer ',
    'Bearer wrong',
    `Bearer ${TOKEN}x`,
    `Bearer ${TOKEN.slice(0, -1)}`,
    `bearer x ${TOKEN}`,
    `Basic ${TOKEN}`,
    TOKEN,
  ])('the authorization %j opens nothing', async authorization => {
    const { url, store } = await writable()
    const headers = { ...asJson, ...(authorization !== undefined && { authorization }) }
    for (const [method, path] of [
      ['PUT', SNAPSHOT],
      ['POST', RELEASES],
      ['PUT', `/v1/${NAMESPACE}/schema.json`],
      ['GET', `/v1/${NAMESPACE}/~history`],
      ['GET', `/v1/${NAMESPACE}/~reports`],
      ['GET', '/v1/~namespaces'],
    ] as const) {
      expect(
        await ask(url, path, { method, headers, ...(method !== 'GET' && { body: '{}' }) }),
      ).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } })
    }
    await expect(
      store.snapshot({ namespace: NAMESPACE, digest: SNAPSHOT.slice(-69, -5), maxSnapshotBytes: 10 }, never),
    ).rejects.toThrow()
  })

  test('without a token configured the routes for writing do not exist', async () => {
    const { url } = await started(memory())
    for (const [method, path] of [
      ['PUT', SNAPSHOT],
      ['POST', RELEASES],
      ['GET', `/v1/${NAMESPACE}/~history`],
      ['GET', '/v1/~namespaces'],
    ] as const) {
      const reply = await ask(url, path, {
        method,
        headers: withToken(TOKEN),
        ...(method !== 'GET' && { body: '{}' }),
      })
      expect([reply.status, reply.text]).toEqual([404, (await ask(url, '/nowhere')).text])
    }
  })

  test.each(['-1', '0', '1.5', 'all', '1e3', ''])(
    'a limit of %j is refused and not taken for none',
    async limit => {
      const { url } = await writable()
      const reply = await ask(url, `/v1/${NAMESPACE}/~history?limit=${limit}`, { headers: withToken(TOKEN) })
      expect(reply.status).toBe(400)
      expect(reply.text).toContain('whole number of releases')
    },
  )

  test('no answer repeats a token', async () => {
    const { url } = await writable()
    const reply = await ask(url, RELEASES, { method: 'POST', headers: withToken('hunter2'), body: '{}' })
    expect(reply.text + JSON.stringify(reply.headers)).not.toContain('hunter2')
  })
})

describe('bodies', () => {
  test.each([
    undefined,
    'text/plain',
    'application/x-www-form-urlencoded',
    'multipart/form-data',
    'application/jsonx',
    'application/json+x',
  ])('the content type %j is refused', async type => {
    const { url } = await writable()
    const headers = { Authorization: `Bearer ${TOKEN}`, ...(type !== undefined && { 'content-type': type }) }
    expect((await ask(url, SNAPSHOT, { method: 'PUT', body: '{}', headers })).status).toBe(415)
    expect((await ask(url, SNAPSHOT)).status).toBe(404)
  })

  test.each(['application/json; charset=utf-8', 'Application/JSON'])(
    'the content type %j is taken',
    async type => {
      const { url } = await writable()
      expect(
        (
          await ask(url, SNAPSHOT, {
            method: 'PUT',
            body: '{}',
            headers: { ...withToken(TOKEN), 'Content-Type': type },
          })
        ).status,
      ).toBe(204)
    },
  )

  test.each([
    ['gzip', gzipSync(Buffer.alloc(67_108_864))],
    ['br', brotliCompressSync(Buffer.alloc(67_108_864))],
    ['zstd', Buffer.from('x')],
    ['gzip, gzip', Buffer.from('x')],
  ])('a body in %s is refused and never unpacked', async (encoding, body) => {
    const { url } = await writable()
    expect(
      (
        await ask(url, SNAPSHOT, {
          method: 'PUT',
          body,
          headers: { ...withToken(TOKEN), 'content-encoding': encoding },
        })
      ).status,
    ).toBe(415)
  })

  test('one that is announced as too large is refused, and the sender hears it', async () => {
    const { url } = await writable()
    const body = Buffer.alloc(3_000_000, 'x')
    expect(await ask(url, SNAPSHOT, { method: 'PUT', body, headers: withToken(TOKEN) })).toMatchObject({
      status: 413,
    })
  })

  test('one that turns out to be too large is refused, and the sender hears it', async () => {
    const { url } = await writable()
    const body = Buffer.alloc(3_000_000, 'x')
    expect(
      await ask(url, SNAPSHOT, {
        method: 'PUT',
        body,
        headers: { ...withToken(TOKEN), 'transfer-encoding': 'chunked' },
      }),
    ).toMatchObject({ status: 413 })
  })

  test('one without an end is cut off', async () => {
    const { url } = await writable()
    const reader = rawReader(
      url,
      `PUT ${SNAPSHOT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n`,
    )
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
    let sent = 0
    const more = (): void => {
      while (!reader.closed && reader.socket.write(chunk)) sent += chunk.length
    }
    reader.socket.on('drain', more)
    more()
    await new Promise<void>(resolve => reader.socket.once('close', () => resolve()))
    expect(sent).toBeLessThan(67_108_864)
    expect((await ask(url, SNAPSHOT)).status).toBe(404)
  })

  test('one that is cut in the middle changes nothing, and is nothing to log', async () => {
    const logged: string[] = []
    const log = (message: string): void => void logged.push(message)
    const { url } = await started(memory(), {
      write: { token: TOKEN },
      logger: { debug: log, info: log, warn: log, error: log },
    })
    const reader = rawReader(
      url,
      `PUT ${SNAPSHOT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n{`,
    )
    await reader.until(text => text.includes('100 Continue'))
    reader.socket.destroy()
    expect((await ask(url, SNAPSHOT)).status).toBe(404)
    expect(logged).toEqual([])
  })

  test('two lengths, or a length beside chunks, are no request', async () => {
    const { url } = await writable()
    for (const header of [
      'Content-Length: 2\r\nContent-Length: 3',
      'Content-Length: 2\r\nTransfer-Encoding: chunked',
    ]) {
      const reader = rawReader(
        url,
        `PUT ${SNAPSHOT} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\n${header}\r\n\r\n{}`,
      )
      await new Promise<void>(resolve => reader.socket.once('close', () => resolve()))
      expect(reader.text()).toMatch(/^HTTP\/1\.1 400 /)
    }
    expect((await ask(url, SNAPSHOT)).status).toBe(404)
  })

  test('after a refusal the same connection serves on, where the body came to its end', async () => {
    const { url } = await writable()
    const reader = rawReader(
      url,
      `GET /v1/a/release.json HTTP/1.1\r\nHost: localhost\r\n\r\nGET /v1/b/release.json HTTP/1.1\r\nHost: localhost\r\n\r\n`,
    )
    await reader.until(text => text.split('HTTP/1.1 404').length === 3)
  })
})
