import { describe, expect, test } from 'vitest'
import type { Fetch } from '../../../../src/contracts/system.js'
import type { Delivery, WatchQuery } from '../../../../src/contracts/transport.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { formatQuery } from '../../../../src/transports/http/event-stream.js'
import { http, type HttpOptions } from '../../../../src/transports/http/index.js'
import { NAMESPACE, raw, scripted, until } from './scripted-server.js'

const HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n'
const ALIVE = 'event: alive\ndata: {"heartbeatMs":15000}\n\n'
const query: WatchQuery = { namespaces: [NAMESPACE], inline: false }

/** Reads until the watch ends; what came, and how it ended. */
async function collect(
  url: string,
  options: HttpOptions = {},
): Promise<{ readonly got: Delivery[]; readonly error: unknown }> {
  const got: Delivery[] = []
  try {
    for await (const delivery of http(url, options).watch(query, new AbortController().signal))
      got.push(delivery)
    return { got, error: undefined }
  } catch (error) {
    return { got, error }
  }
}

describe('a watch over HTTP', () => {
  test('asks for what it wants to know and nothing else', async () => {
    const { url, requests } = await scripted((_req, res) => res.writeHead(404).end())
    await collect(url)
    expect(requests[0]?.url).toBe('/v1/~events?ns=checkout%2Fprod')
    expect(requests[0]?.headers).toMatchObject({ accept: 'text/event-stream', 'accept-encoding': 'identity' })
  })

  test.each([404, 405, 501])('%i means that there is no watch here', async status => {
    const { url } = await scripted((_req, res) => res.writeHead(status).end())
    expect((await collect(url)).error).toMatchObject({ code: 'no-watch' })
  })

  test.each(['application/json', 'text/html', 'text/event-streams', ''])(
    'a content type of "%s" means that there is no watch here',
    async type => {
      const { url } = await scripted((_req, res) => res.writeHead(200, { 'content-type': type }).end(ALIVE))
      expect((await collect(url)).error).toMatchObject({ code: 'no-watch' })
    },
  )

  test.each([
    [401, 'unauthorized'],
    [403, 'forbidden'],
    [400, 'forbidden'],
    [503, 'unavailable'],
  ])('%i is %s', async (status, code) => {
    const { url } = await scripted((_req, res) => res.writeHead(status, { 'retry-after': '3' }).end())
    expect((await collect(url)).error).toMatchObject({ code, ...(status === 503 && { retryAfterMs: 3_000 }) })
  })

  test('a clean end is a loss, after what came before it', async () => {
    const { url } = await raw(
      socket => void socket.end(`${HEAD}${ALIVE}event: release\ndata: ${NAMESPACE}\ndata: {}\n\n`),
    )
    const { got, error } = await collect(url)
    expect(got).toEqual([
      { type: 'alive', heartbeatMs: 15_000 },
      { type: 'release', namespace: NAMESPACE, bytes: new TextEncoder().encode('{}') },
    ])
    expect(error).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('ended the event stream'),
    })
  })

  test('asks for an encoded stream again after one that brought something, and for a plain one after one that did not', async () => {
    let brings = ALIVE
    const { url, requests } = await scripted((_req, res) =>
      res.writeHead(200, { 'content-type': 'text/event-stream' }).end(brings),
    )
    const transport = http(url)
    const watch = async (): Promise<unknown> => {
      const asked = { ...query, inline: true }
      try {
        for await (const _ of transport.watch(asked, new AbortController().signal));
      } catch {
        // It ends, as the server ends it.
      }
      return requests.at(-1)?.headers['accept-encoding']
    }
    const encoded = await watch()
    expect(encoded).not.toBe('identity')
    brings = ': nothing\n\n'
    expect(await watch()).toBe(encoded)
    expect(await watch()).toBe('identity')
  })

  test('a cut in the middle of an event is a loss, and the half event is nothing', async () => {
    const { url } = await raw(
      socket => void socket.end(`${HEAD}${ALIVE}event: release\ndata: ${NAMESPACE}\ndata: {"rel`),
    )
    const { got, error } = await collect(url)
    expect(got).toEqual([{ type: 'alive', heartbeatMs: 15_000 }])
    expect(error).toMatchObject({ code: 'unavailable' })
  })

  test('a connection that is reset is a loss', async () => {
    const { url } = await raw(socket => {
      socket.write(HEAD + ALIVE)
      setImmediate(() => socket.resetAndDestroy())
    })
    expect((await collect(url)).error).toMatchObject({ code: 'unavailable' })
  })

  test('goodbye is a loss with the delay that was asked for', async () => {
    const { url, open } = await raw(
      socket => void socket.write(`${HEAD}${ALIVE}event: goodbye\ndata: {"delayMs":1830}\n\n`),
    )
    expect((await collect(url)).error).toMatchObject({ code: 'unavailable', retryAfterMs: 1_830 })
    await until(() => open.size === 0)
  })

  test('goodbye with a delay of nothing asks for none', async () => {
    const { url } = await raw(
      socket => void socket.write(`${HEAD}${ALIVE}event: goodbye\ndata: {"delayMs":0}\n\n`),
    )
    expect((await collect(url)).error).toMatchObject({ code: 'unavailable', retryAfterMs: 0 })
  })

  test('unknown events, comments and other namespaces are passed over', async () => {
    const other = 'event: release\ndata: other\ndata: {}\n\n'
    const { url } = await raw(
      socket =>
        void socket.end(`${HEAD}: hello\n\nevent: news\ndata: x\n\n${ALIVE}id: 7\nretry: 1\n\n${other}`),
    )
    expect((await collect(url)).got).toEqual([{ type: 'alive', heartbeatMs: 15_000 }])
  })

  test('a line without an end costs no more than the limit, and ends the connection', async () => {
    const { url, open } = await raw(socket => {
      socket.write(`${HEAD}data: `)
      const more = (): void => {
        while (!socket.destroyed && socket.write('x'.repeat(65_536)));
      }
      socket.on('drain', more)
      more()
    })
    expect((await collect(url, { maxSnapshotBytes: 65_536 })).error).toMatchObject({ code: 'too-large' })
    await until(() => open.size === 0)
  })

  test('a reader who stops closes the connection', async () => {
    const { url, open } = await raw(socket => void socket.write(HEAD + ALIVE))
    const stop = new AbortController()
    for await (const delivery of http(url).watch(query, stop.signal)) {
      expect(delivery.type).toBe('alive')
      stop.abort()
    }
    await until(() => open.size === 0)
    for await (const _ of http(url).watch(query, new AbortController().signal)) break
    await until(() => open.size === 0)
  })
})

/** A stream that says what it is told to, when it is told to. */
function talking(): { readonly fetch: Fetch; say(text: string): void } {
  let controller: ReadableStreamDefaultController<Uint8Array>
  const body = new ReadableStream<Uint8Array>({ start: given => void (controller = given) })
  return {
    fetch: async () => new Response(body, { headers: { 'content-type': 'text/event-stream' } }),
    say: text => controller.enqueue(new TextEncoder().encode(text)),
  }
}

describe('silence', () => {
  test('a stream that does not begin is lost after ten seconds', async () => {
    const clock = virtualClock({ turns: 5 })
    const ended = collect('http://board.test', { system: { clock }, fetch: talking().fetch })
    await clock.advance(9_999)
    expect(clock.pending).toBe(1)
    await clock.advance(1)
    expect((await ended).error).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('10000 ms'),
    })
    expect(clock.pending).toBe(0)
  })

  test('a stream that falls silent is lost after 2.5 of its own heartbeats', async () => {
    const clock = virtualClock({ turns: 5 })
    const { fetch, say } = talking()
    let lost = false
    const ended = collect('http://board.test', { system: { clock }, fetch }).finally(() => (lost = true))
    await clock.advance(5_000)
    say('event: alive\ndata: {"heartbeatMs":4000}\n\n')
    await clock.advance(9_000)
    say(`event: mark\ndata: ${NAMESPACE}\ndata: {}\n\n`)
    await clock.advance(9_999)
    expect(lost).toBe(false)
    await clock.advance(1)
    expect((await ended).error).toMatchObject({ code: 'unavailable' })
    expect(clock.pending).toBe(0)
  })

  test('bytes that are no event are no sign of life', async () => {
    const clock = virtualClock({ turns: 5 })
    const { fetch, say } = talking()
    const ended = collect('http://board.test', { system: { clock }, fetch })
    for (let second = 0; second < 9; second += 1) {
      await clock.advance(1_000)
      say(': still here\n')
    }
    await clock.advance(1_000)
    expect((await ended).error).toMatchObject({ code: 'unavailable' })
  })
})

describe('a stream that brings more than any server does', () => {
  /** So many lines at once each second; when the stream was lost, in seconds. */
  async function lostAfter(lines: string, seconds: number): Promise<number | undefined> {
    const clock = virtualClock({ turns: 5 })
    const { fetch, say } = talking()
    let lost: unknown
    void collect('http://board.test', { system: { clock }, fetch }).then(({ error }) => (lost = error))
    await clock.advance(1)
    for (let second = 0; second < seconds; second += 1) {
      say(lines)
      await clock.advance(1_000)
      if (lost === undefined) continue
      expect(lost).toMatchObject({ code: 'unavailable', message: expect.stringContaining('lines a second') })
      return second
    }
    return undefined
  }
  const mark = `event: mark\ndata: ${NAMESPACE}\ndata: {}\n\n`

  test('is lost, whatever its lines are', async () => {
    expect(await lostAfter(mark.repeat(2_501), 1)).toBe(0)
    expect(await lostAfter('\n'.repeat(10_001), 1)).toBe(0)
    expect(await lostAfter(':\r\n'.repeat(10_001), 1)).toBe(0)
    expect(await lostAfter(mark.repeat(400), 60)).toBeGreaterThan(10)
  })

  test('is none that marks sixty-four namespaces at once and has releases of each each second', async () => {
    const release = `event: release\ndata: ${NAMESPACE}\ndata: {}\n\n`
    expect(await lostAfter(mark.repeat(64) + release.repeat(64), 60)).toBeUndefined()
  })
})

describe('the question', () => {
  const identity = {
    clientId: 'web 1&2',
    instanceId: 'i',
    ephemeral: false,
    labels: { tier: 'a=b', region: 'eu' },
  }
  const have = { [NAMESPACE]: 'a'.repeat(64) }

  test('names the client, its labels and what it holds only when snapshots shall come along', () => {
    expect(formatQuery({ ...query, identity, have })).toBe('ns=checkout%2Fprod')
    expect(formatQuery({ ...query, inline: true, identity, have })).toBe(
      `ns=checkout%2Fprod&inline=1&client=web+1%262&label=region%3Deu&label=tier%3Da%3Db&have=checkout%2Fprod%3D${'a'.repeat(64)}`,
    )
  })

  test('leaves out what the reader has rather than growing too long', () => {
    const namespaces = Array.from({ length: 60 }, (_, index) => `team/service-${index}`)
    const all = Object.fromEntries(namespaces.map(name => [name, 'a'.repeat(64)]))
    expect(formatQuery({ namespaces, inline: true, identity, have: all })).not.toContain('held')
  })
})
