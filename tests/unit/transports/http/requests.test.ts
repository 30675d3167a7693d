import { brotliCompressSync, gzipSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import type { Fetch } from '../../../../src/contracts/system.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { http } from '../../../../src/transports/http/index.js'
import { DIGEST, NAMESPACE, never, raw, scripted, until } from './scripted-server.js'

const latest = { namespace: NAMESPACE }
const snapshot = { namespace: NAMESPACE, digest: DIGEST, maxSnapshotBytes: 1_000 }
const failsWith = (code: string, ...words: string[]): unknown =>
  expect.objectContaining({
    name: 'NoticeboardError',
    code,
    message: expect.stringMatching(new RegExp(words.join('.*'))),
  })

describe('asking for the newest release', () => {
  test('sends the tag, asks for no compression and keeps nothing', async () => {
    const { url, requests } = await scripted((_req, res) => res.writeHead(304).end())
    expect(await http(url).latest({ ...latest, tag: '"v1"' }, never)).toEqual({ type: 'unchanged' })
    expect(requests[0]).toMatchObject({
      method: 'GET',
      url: '/v1/checkout/prod/release.json',
      headers: { 'if-none-match': '"v1"', 'accept-encoding': 'identity' },
    })
  })

  test('keeps the path of the base address', async () => {
    const { url, requests } = await scripted((_req, res) => res.writeHead(404).end())
    expect(await http(`${url}/config/board/`).latest(latest, never)).toEqual({ type: 'none' })
    expect(requests[0]?.url).toBe('/config/board/v1/checkout/prod/release.json')
  })

  test('takes the tag that comes along, and does without one', async () => {
    const { url } = await scripted((req, res) =>
      res.writeHead(200, req.url?.includes('tagged') ? { etag: 'W/"x"' } : {}).end('{}'),
    )
    expect(await http(url).latest({ namespace: 'tagged' }, never)).toEqual({
      type: 'release',
      bytes: new TextEncoder().encode('{}'),
      tag: 'W/"x"',
    })
    expect(await http(url).latest({ namespace: 'bare' }, never)).toEqual({
      type: 'release',
      bytes: new TextEncoder().encode('{}'),
    })
  })

  test('does not believe a 304 that nobody asked for', async () => {
    const { url } = await scripted((_req, res) => res.writeHead(304).end())
    await expect(http(url).latest(latest, never)).rejects.toThrow(failsWith('unavailable', '304'))
  })

  test('the next release is the next file of the log', async () => {
    const { url, requests } = await scripted((_req, res) => res.writeHead(404).end())
    const after = { epoch: '3-00c0ffee', sequence: 41 }
    expect(await http(url).next({ namespace: NAMESPACE, after }, never)).toEqual({ type: 'none' })
    expect(requests[0]?.url).toBe('/v1/checkout/prod/releases/3-00c0ffee/42.json')
  })

  test.each([
    '../x',
    '%2e%2e',
    'a\\b',
    'a\0b',
    'Checkout',
    'a//b',
    '/a',
    'a/',
    'releases',
    'x.json',
    'a b',
    '',
  ])('the namespace %j never becomes an address', async namespace => {
    const { url, requests } = await scripted((_req, res) => res.end())
    await expect(http(url).latest({ namespace }, never)).rejects.toThrow(failsWith('invalid-option'))
    await expect(http(url).snapshot({ ...snapshot, namespace }, never)).rejects.toThrow(
      failsWith('invalid-option'),
    )
    expect(requests).toHaveLength(0)
  })
})

describe('what the status says', () => {
  test.each([
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [400, 'forbidden'],
    [405, 'forbidden'],
    [410, 'forbidden'],
    [421, 'forbidden'],
    [413, 'too-large'],
    [408, 'unavailable'],
    [429, 'rate-limited'],
    [500, 'unavailable'],
    [502, 'unavailable'],
    [503, 'unavailable'],
    [299, 'unavailable'],
  ])('%i means %s', async (status, code) => {
    const { url } = await scripted((_req, res) => res.writeHead(status).end('words'))
    await expect(http(url).snapshot(snapshot, never)).rejects.toThrow(failsWith(code))
  })

  test.each([
    ['7', 7_000],
    [' 0 ', 0],
    ['Thu, 01 Jan 2026 00:02:00 GMT', 120_000],
    ['Thu, 01 Jan 2025 00:00:00 GMT', 0],
    ['soon', undefined],
    ['-5', undefined],
    ['1e3', undefined],
  ])('Retry-After: %s is a floor of %s ms', async (header, retryAfterMs) => {
    const fetch: Fetch = async () => new Response('', { status: 503, headers: { 'retry-after': header } })
    const clock = virtualClock({ startMs: Date.UTC(2026, 0, 1) })
    await expect(
      http('http://board.test', { fetch, system: { clock } }).latest(latest, never),
    ).rejects.toThrow(expect.objectContaining({ code: 'unavailable', retryAfterMs }))
  })

  test('a Retry-After that is a date is told by the clock of the server, whatever the own one says', async () => {
    const fetch: Fetch = async () =>
      new Response('', {
        status: 503,
        headers: { date: 'Fri, 06 Nov 2026 09:00:00 GMT', 'retry-after': 'Fri, 06 Nov 2026 09:00:03 GMT' },
      })
    await expect(
      http('http://board.test', { fetch }).latest({ namespace: 'a' }, new AbortController().signal),
    ).rejects.toMatchObject({ retryAfterMs: 3_000 })
  })

  test('a 403 without words of a server of ours names the modes of the files, and one with them says what it said', async () => {
    const answers = ['', JSON.stringify({ error: { code: 'forbidden', message: 'it wants the scope read' } })]
    const said: string[] = []
    for (const body of answers) {
      const fetch: Fetch = async () => new Response(body, { status: 403 })
      await http('http://board.test', { fetch })
        .latest(latest, never)
        .catch((error: Error) => said.push(error.message))
    }
    expect(said).toEqual([
      expect.stringMatching(/a web server may not read the file, so check its mode/),
      expect.stringMatching(/ answered 403 for the release: it wants the scope read$/),
    ])
  })

  test('says the words of the server, cut and on one line', async () => {
    const message = `no\nsuch\u2028thing ${'x'.repeat(5_000)}`
    const { url } = await scripted((_req, res) =>
      res.writeHead(400).end(JSON.stringify({ error: { code: 'invalid-data', message } })),
    )
    const error = await http(url)
      .snapshot(snapshot, never)
      .catch((thrown: Error) => thrown)
    expect(error).toMatchObject({
      code: 'invalid-data',
      message: expect.stringContaining('no such thing xxx'),
    })
    expect((error as Error).message.length).toBeLessThan(800)
  })

  test('does not take over a code that it does not know', async () => {
    const { url } = await scripted((_req, res) =>
      res.writeHead(400).end('{"error":{"code":"not-ready","message":"x"}}'),
    )
    await expect(http(url).snapshot(snapshot, never)).rejects.toThrow(failsWith('forbidden'))
  })

  test('a web page with status 200 is a loss, not an answer', async () => {
    const { url } = await scripted((_req, res) =>
      res.writeHead(200, { 'content-type': 'Text/HTML; charset=utf-8' }).end('<html>log in</html>'),
    )
    await expect(http(url).latest(latest, never)).rejects.toThrow(failsWith('unavailable', 'web page'))
    await expect(http(url).snapshot(snapshot, never)).rejects.toThrow(failsWith('unavailable', 'web page'))
  })

  test('a redirect is not followed', async () => {
    const { url, requests } = await scripted((_req, res) =>
      res.writeHead(302, { location: '/elsewhere' }).end(),
    )
    await expect(http(url).latest(latest, never)).rejects.toThrow(failsWith('unavailable', 'redirect'))
    expect(requests).toHaveLength(1)
  })

  test('a server that is not there is a loss, with the reason of the system', async () => {
    const { url, close } = await raw(() => {})
    await close()
    await expect(http(url).latest(latest, never)).rejects.toThrow(failsWith('unavailable', 'ECONNREFUSED'))
    await expect(http('http://127.0.0.1:1').latest(latest, never)).rejects.toThrow(
      failsWith('unavailable', 'port'),
    )
  })
})

describe('bodies', () => {
  test('one byte over the limit is too large; exactly the limit is not', async () => {
    const { url } = await scripted((req, res) =>
      res.end('x'.repeat(req.url?.includes('/over/') ? 1_001 : 1_000)),
    )
    expect(await http(url).snapshot({ ...snapshot, namespace: 'exact' }, never)).toHaveLength(1_000)
    await expect(http(url).snapshot({ ...snapshot, namespace: 'over' }, never)).rejects.toThrow(
      failsWith('too-large'),
    )
  })

  test('an endless body is left at the limit', async () => {
    const { url, open } = await raw(socket => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n')
      const more = (): void => {
        while (!socket.destroyed && socket.write(`1000\r\n${'x'.repeat(4_096)}\r\n`));
      }
      socket.on('drain', more)
      more()
    })
    await expect(http(url).snapshot(snapshot, never)).rejects.toThrow(failsWith('too-large'))
    await until(() => open.size === 0)
  })

  test.each([
    ['gzip', gzipSync(Buffer.alloc(67_108_864))],
    ['br', brotliCompressSync(Buffer.alloc(67_108_864))],
  ])('a bomb of %s costs no more than the limit', async (encoding, bomb) => {
    const { url } = await scripted((_req, res) =>
      res.writeHead(200, { 'content-encoding': encoding }).end(bomb),
    )
    const before = process.memoryUsage().arrayBuffers
    await expect(http(url).snapshot(snapshot, never)).rejects.toThrow(failsWith('too-large'))
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(33_554_432)
  })

  test('is asked for in an encoding that every fetch decodes, and has the decoded bytes', async () => {
    const { url, requests } = await scripted((_req, res) =>
      res.writeHead(200, { 'content-encoding': 'br' }).end(brotliCompressSync('{"a":1}')),
    )
    expect(await http(url).snapshot(snapshot, never)).toEqual(new TextEncoder().encode('{"a":1}'))
    expect(requests.map(({ headers }) => headers['accept-encoding'])).toEqual(['br, gzip'])
  })

  test('is asked for as it is by a fetch that was given, unless the headers say otherwise', async () => {
    const { url, requests } = await scripted((_req, res) => res.end('{"a":1}'))
    const fetch: Fetch = (address, init) => globalThis.fetch(address, init)
    await http(url, { fetch }).snapshot(snapshot, never)
    await http(url, { fetch, headers: { 'Accept-Encoding': 'gzip' } }).snapshot(snapshot, never)
    expect(requests.map(({ headers }) => headers['accept-encoding'])).toEqual(['identity', 'gzip'])
  })

  test.each([
    ['took the name of the encoding away', {}, gzipSync('{"a":1}')],
    ['decoded it and left the name of the encoding', { 'content-encoding': 'gzip' }, '{"a":1}'],
    ['damaged it', { 'content-encoding': 'gzip' }, gzipSync('{"a":1}').fill(0, 20)],
  ])('is asked for as it is where something in between %s', async (_what, headers, body) => {
    const { url, requests } = await scripted((req, res) =>
      req.headers['accept-encoding'] === 'identity'
        ? res.end('{"a":1}')
        : res.writeHead(200, headers).end(body),
    )
    expect(await http(url).snapshot(snapshot, never)).toEqual(new TextEncoder().encode('{"a":1}'))
    expect(requests.map(({ headers }) => headers['accept-encoding'])).toEqual(['br, gzip', 'identity'])
  })

  test('is asked for once where the server fails, encoded or not', async () => {
    const { url, requests } = await scripted((_req, res) =>
      res.writeHead(503, { 'content-encoding': 'gzip' }).end(gzipSync('{}')),
    )
    await expect(http(url).snapshot(snapshot, never)).rejects.toThrow(failsWith('unavailable'))
    expect(requests).toHaveLength(1)
  })

  test.each([
    ['before its announced length', 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"half":'],
    ['before its last chunk', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n{"half":\r\n'],
    ['inside of the head', 'HTTP/1.1 200 OK\r\nContent-Le'],
    ['before the head', ''],
  ])('a body that ends %s is a loss', async (_where, bytes) => {
    const { url } = await raw(socket => void socket.end(bytes))
    await expect(http(url).snapshot(snapshot, never)).rejects.toThrow(failsWith('unavailable'))
  })

  test('a shortened body is noticed also when the replaced fetch does not', async () => {
    const fetch: Fetch = async () => new Response('{"half":', { headers: { 'content-length': '100' } })
    await expect(http('http://board.test', { fetch }).snapshot(snapshot, never)).rejects.toThrow(
      failsWith('unavailable', 'cut off'),
    )
  })

  test('bodies of answers that nobody reads are let go', async () => {
    let cancelled = 0
    const fetch: Fetch = async () =>
      new Response(new ReadableStream({ cancel: () => void (cancelled += 1) }), {
        status: 200,
        headers: { 'content-type': 'text/html' },
      })
    await expect(http('http://board.test', { fetch }).latest(latest, never)).rejects.toThrow(
      failsWith('unavailable'),
    )
    expect(cancelled).toBe(1)
  })
})

describe('time', () => {
  const hanging: Fetch = (_url, { signal }) =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))

  test('the deadline counts from the question to the end of the body', async () => {
    const clock = virtualClock()
    const slow: Fetch = async (_url, { signal }) => {
      await clock.sleep(9_000, signal)
      return new Response(
        new ReadableStream({
          async pull(controller) {
            await clock.sleep(4_000, signal)
            controller.enqueue(Uint8Array.of(32))
          },
        }),
      )
    }
    const asked = http('http://board.test', { fetch: slow, system: { clock } })
      .snapshot(snapshot, never)
      .catch((error: unknown) => error)
    await clock.advance(14_999)
    expect(clock.pending).toBeGreaterThan(0)
    await clock.advance(1)
    expect(await asked).toEqual(failsWith('unavailable', 'within 15000 ms'))
    await clock.advance(10_000)
    expect(clock.pending).toBe(0)
  })

  test('a function for the token that never answers is under the deadline too', async () => {
    const clock = virtualClock()
    const asked = http('http://board.test', {
      fetch: hanging,
      system: { clock },
      timeoutMs: 100,
      token: () => new Promise<string>(() => {}),
    })
      .latest(latest, never)
      .catch((error: unknown) => error)
    await clock.advance(100)
    expect(await asked).toEqual(failsWith('unavailable', '100 ms'))
  })

  test('an answer that comes after the deadline is let go', async () => {
    const clock = virtualClock()
    let cancelled = false
    const deaf: Fetch = async () => {
      await clock.sleep(1_000, never)
      return new Response(new ReadableStream({ cancel: () => void (cancelled = true) }))
    }
    const asked = http('http://board.test', { fetch: deaf, system: { clock }, timeoutMs: 100 })
      .latest(latest, never)
      .catch((error: unknown) => error)
    await clock.advance(100)
    expect(await asked).toEqual(failsWith('unavailable'))
    await clock.advance(1_000)
    expect(cancelled).toBe(true)
  })

  test('the caller gives up: the request ends, and nothing stays on its signal', async () => {
    const clock = virtualClock()
    const caller = new AbortController()
    const asked = http('http://board.test', { fetch: hanging, system: { clock } })
      .latest(latest, caller.signal)
      .catch((error: unknown) => error)
    caller.abort()
    expect(await asked).toEqual(failsWith('closed'))
    expect(clock.pending).toBe(0)
    await expect(
      http('http://board.test', { fetch: hanging, system: { clock } }).latest(latest, caller.signal),
    ).rejects.toThrow(failsWith('closed'))
  })

  test('ten thousand requests over one signal leave no listener on it', async () => {
    const { signal } = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = signal
    signal.addEventListener = (...args: Parameters<typeof addEventListener>) => {
      listeners += 1
      addEventListener.apply(signal, args)
    }
    signal.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
      listeners -= 1
      removeEventListener.apply(signal, args)
    }
    const transport = http('http://board.test', { fetch: async () => new Response(null, { status: 404 }) })
    for (let count = 0; count < 10_000; count += 1) await transport.latest(latest, signal)
    expect(listeners).toBe(0)
  })
})

describe('headers', () => {
  test('a token and headers go with every request, and functions are asked each time', async () => {
    const { url, requests } = await scripted((_req, res) => res.writeHead(404).end())
    let asked = 0
    const transport = http(url, {
      token: async () => `token-${(asked += 1)}`,
      headers: () => ({ 'X-Tenant': `t${asked}` }),
    })
    await transport.latest(latest, never)
    await transport.latest(latest, never)
    expect(requests.map(({ headers }) => [headers.authorization, headers['x-tenant']])).toEqual([
      ['Bearer token-1', 't0'],
      ['Bearer token-2', 't1'],
    ])
  })

  test('a header that is given wins over the one that would be sent, whatever its case', async () => {
    const { url, requests } = await scripted((_req, res) => res.writeHead(404).end())
    await http(url, { token: 'x', headers: { Authorization: 'Basic abc' } }).latest(latest, never)
    expect(requests[0]?.headers.authorization).toBe('Basic abc')
  })

  test('a function that fails is a matter of credentials, and its words stay out of the message', async () => {
    const { url, requests } = await scripted((_req, res) => res.end())
    const token = async (): Promise<string> => {
      throw new Error('vault said hunter2')
    }
    const error = await http(url, { token })
      .latest(latest, never)
      .catch((thrown: unknown) => thrown)
    expect(error).toMatchObject({ code: 'unauthorized', message: expect.not.stringContaining('hunter2') })
    expect(requests).toHaveLength(0)
  })

  test('no message holds the token or a header', async () => {
    const { url } = await scripted((_req, res) => res.writeHead(401).end())
    const error = await http(url, { token: 'hunter2', headers: { 'x-key': 'hunter3' } })
      .latest(latest, never)
      .catch((thrown: Error) => thrown)
    expect(JSON.stringify(error) + String((error as Error).stack)).not.toMatch(/hunter/)
  })
})
