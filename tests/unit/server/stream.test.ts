import { describe, expect, test } from 'vitest'
import { digestOf } from '../../../src/core/release/digest.js'
import { encodeText } from '../../../src/core/json/text.js'
import { systemHasher } from '../../../src/system/system.js'
import { http } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { eventsHead, rawReader, started } from '../../support/asking.js'
import { makeRelease, NAMESPACE, never, publish, TOKEN } from '../../support/server-fixtures.js'

/** Takes the chunked coding off. */
function dechunk(text: string): string {
  let rest = text.slice(text.indexOf('\r\n\r\n') + 4)
  let body = ''
  for (;;) {
    const end = rest.indexOf('\r\n')
    const size = Number.parseInt(rest.slice(0, end), 16)
    if (end < 0 || Number.isNaN(size) || rest.length < end + 2 + size) return body
    body += rest.slice(end + 2, end + 2 + size)
    rest = rest.slice(end + 4 + size)
  }
}

interface SentEvent {
  readonly name: string
  readonly data: readonly string[]
}

const eventsOf = (text: string): SentEvent[] =>
  dechunk(text)
    .split('\n\n')
    .filter(part => part !== '')
    .map(part => {
      const lines = part.split('\n')
      return {
        name: lines
          .filter(line => line.startsWith('event: '))
          .map(line => line.slice(7))
          .join(),
        data: lines.filter(line => line.startsWith('data: ')).map(line => line.slice(6)),
      }
    })

const sequenceOf = ({ data }: SentEvent): number =>
  (JSON.parse(data[1] ?? '{}') as { release: { sequence: number } }).release.sequence
const has = (count: number, name: string) => (text: string) =>
  eventsOf(text).filter(event => event.name === name).length >= count
const INLINE = `ns=${NAMESPACE}&inline=1&client=a`

describe('the event stream', () => {
  test('reads as the format says: alive, the release of each namespace that has one, then what comes', async () => {
    const store = memory()
    const { url } = await started(store, { heartbeatMs: 12_345 })
    const { bytes, digest } = await publish(store, { pool: 10 })
    const reader = rawReader(url, eventsHead(`ns=${NAMESPACE}&ns=nothing/yet`))
    const text = await reader.until(has(1, 'release'))
    const head = text.slice(0, text.indexOf('\r\n\r\n')).toLowerCase()
    expect(head).toContain('content-type: text/event-stream')
    expect(head).toContain('cache-control: no-store, no-transform')
    expect(eventsOf(text)).toEqual([
      { name: 'alive', data: ['{"heartbeatMs":12345}'] },
      { name: 'release', data: [NAMESPACE, new TextDecoder().decode(bytes)] },
    ])

    await publish(store, { pool: 20 }, 'nothing/yet')
    await reader.until(has(2, 'release'))
    expect(eventsOf(reader.text()).at(-1)?.data[0]).toBe('nothing/yet')
    expect(digest).toHaveLength(64)
  })

  test('a snapshot comes along when it was asked for, and not when the reader has it', async () => {
    const store = memory()
    const { url } = await started(store)
    const { digest } = await publish(store, { pool: 10 })
    const fresh = rawReader(url, eventsHead(INLINE))
    const holding = rawReader(
      url,
      eventsHead(`${INLINE}&have=${encodeURIComponent(`${NAMESPACE}=${digest}`)}`),
    )
    expect(eventsOf(await fresh.until(has(1, 'release')))[1]?.data.slice(2)).toEqual([
      `${digest} {"pool":10}`,
    ])
    expect(eventsOf(await holding.until(has(1, 'release')))[1]?.data.slice(2)).toEqual([])

    const next = await publish(store, { pool: 20 })
    for (const reader of [fresh, holding]) {
      await reader.until(has(2, 'release'))
      expect(eventsOf(reader.text()).at(-1)?.data.slice(2)).toEqual([`${next.digest} {"pool":20}`])
    }
  })

  test('a snapshot that was sent does not come along again with the next release that names it', async () => {
    const store = memory()
    const { url } = await started(store)
    const { digest } = await publish(store, { pool: 10 })
    const reader = rawReader(url, eventsHead(INLINE))
    await reader.until(has(1, 'release'))
    await publish(store, { pool: 10 })
    await reader.until(has(2, 'release'))
    await publish(store, { pool: 20 })
    await reader.until(has(3, 'release'))
    const lines = eventsOf(reader.text()).filter(({ name }) => name === 'release')
    expect(lines.map(({ data }) => data.slice(2).map(line => line.slice(0, 64) === digest))).toEqual([
      [true],
      [],
      [false],
    ])
  })

  test('a large snapshot does not come along', async () => {
    const store = memory()
    const { url } = await started(store)
    await publish(store, 'x'.repeat(262_142))
    const reader = rawReader(url, eventsHead(INLINE))
    expect(eventsOf(await reader.until(has(1, 'release')))[1]?.data).toHaveLength(3)
    await publish(store, 'x'.repeat(262_143))
    await reader.until(has(2, 'release'))
    expect(eventsOf(reader.text()).at(-1)?.data).toHaveLength(2)
  })

  test('each reader gets the snapshot of its own arm and variant', async () => {
    const store = memory()
    const { url } = await started(store)
    const [eu, us] = [makeRelease({ region: 'eu' }), makeRelease({ region: 'us' })]
    const both = makeRelease(
      {},
      {
        stable: {
          version: 1,
          variants: [
            { digest: eu.digest, bytes: eu.snapshot.length, when: { region: ['eu'] } },
            { digest: us.digest, bytes: us.snapshot.length },
          ],
        },
      },
    )
    for (const { digest, snapshot } of [eu, us])
      await store.put({ namespace: NAMESPACE, digest, bytes: snapshot }, never)
    await store.append({ namespace: NAMESPACE, at: both.release, bytes: both.bytes }, never)
    const european = rawReader(url, eventsHead(`${INLINE}&label=region%3Deu`))
    const other = rawReader(url, eventsHead(INLINE))
    expect(eventsOf(await european.until(has(1, 'release')))[1]?.data[2]).toBe(`${eu.digest} {"region":"eu"}`)
    expect(eventsOf(await other.until(has(1, 'release')))[1]?.data[2]).toBe(`${us.digest} {"region":"us"}`)
  })

  test('a burst reaches everybody with its last release, and nobody with an older one after a newer', async () => {
    const store = memory()
    const { url } = await started(store)
    await publish(store, { pool: 0 })
    const readers = Array.from({ length: 50 }, (_, index) =>
      rawReader(url, eventsHead(index % 2 === 0 ? INLINE : `ns=${NAMESPACE}`)),
    )
    await Promise.all(readers.map(reader => reader.until(has(1, 'release'))))
    for (let pool = 1; pool <= 30; pool += 1) await publish(store, { pool })
    for (const reader of readers) {
      await reader.until(text => text.includes('"sequence":31'))
      const sequences = eventsOf(reader.text())
        .filter(({ name }) => name === 'release')
        .map(sequenceOf)
      expect(sequences).toEqual([...sequences].sort((a, b) => a - b))
      expect(new Set(sequences).size).toBe(sequences.length)
    }
  })

  test('a reader who does not read holds no queue: it gets the newest release alone when it reads again', async () => {
    const store = memory()
    const { url, handler } = await started(store)
    await publish(store, { pool: 0 })
    const slow = rawReader(url, eventsHead(INLINE))
    const quick = rawReader(url, eventsHead(`ns=${NAMESPACE}`))
    await slow.until(has(1, 'release'))
    await quick.until(has(1, 'release'))
    slow.socket.pause()
    const publishes = 100
    for (let pool = 1; pool <= publishes; pool += 1) {
      await publish(store, { pool, pad: 'x'.repeat(200_000) })
      await quick.until(text => text.includes(`"sequence":${pool + 1},`))
    }
    expect(handler.connections).toBe(2)
    slow.socket.resume()
    await slow.until(text => text.includes(`"sequence":${publishes + 1},`))
    const releases = eventsOf(slow.text()).filter(({ name }) => name === 'release')
    expect(releases.length).toBeLessThan(publishes / 2)
    expect(releases.at(-1)?.data).toHaveLength(2)
    // It reads again, so snapshots come along again.
    await publish(store, { pool: 'again' })
    await slow.until(text => text.includes('"pool":"again"'))
  })

  test('readers who hang up leave nothing behind', async () => {
    const { url, handler } = await started(memory())
    const readers = Array.from({ length: 20 }, () => rawReader(url, eventsHead(`ns=${NAMESPACE}`)))
    await Promise.all(readers.map(reader => reader.until(has(1, 'alive'))))
    expect(handler.connections).toBe(20)
    readers.forEach(({ socket }, index) => (index % 2 === 0 ? socket.end() : socket.resetAndDestroy()))
    while (handler.connections > 0) await new Promise(resolve => setImmediate(resolve))
  })

  test('over HTTP/1.0 the stream is the bytes as they are', async () => {
    const { url } = await started(memory())
    const reader = rawReader(url, `GET /v1/~events?ns=a HTTP/1.0\r\nHost: localhost\r\n\r\n`)
    expect(await reader.until(text => text.includes('\n\n') && text.includes('alive'))).toMatch(
      /\r\n\r\nevent: alive\ndata: \{"heartbeatMs":8000\}\n\n$/,
    )
  })

  test('behind another request of the same connection, the stream waits for its turn', async () => {
    const store = memory()
    const { url } = await started(store)
    await publish(store, { pool: 10 })
    const reader = rawReader(
      url,
      `GET /v1/${NAMESPACE}/release.json HTTP/1.1\r\nHost: localhost\r\n\r\n${eventsHead(`ns=${NAMESPACE}`)}`,
    )
    const text = await reader.until(text => text.includes('event: release') && text.endsWith('\r\n'))
    expect(text).toMatch(/^HTTP\/1\.1 200 OK[^]*"signatures":\[\]}HTTP\/1\.1 200 OK[^]*event: alive/)
  })

  test('more readers than allowed are sent away with a time to come back', async () => {
    const { url } = await started(memory(), { maxConnections: 1 })
    const first = rawReader(url, eventsHead('ns=a'))
    await first.until(has(1, 'alive'))
    const second = rawReader(url, eventsHead('ns=a'))
    expect(await second.until(text => text.includes('\r\n\r\n'))).toMatch(
      /^HTTP\/1\.1 503 [^]*retry-after: \d+/i,
    )
  })
})

describe('closing', () => {
  test('says goodbye to each reader with a delay of its own, and leaves nothing open', async () => {
    const server = await started(memory())
    const readers = Array.from({ length: 10 }, () => rawReader(server.url, eventsHead('ns=a')))
    await Promise.all(readers.map(reader => reader.until(has(1, 'alive'))))
    await server.close({ drainMs: 60_000 })
    for (const reader of readers) while (!reader.closed) await new Promise(resolve => setImmediate(resolve))
    const delays = readers.map(
      reader => (JSON.parse(eventsOf(reader.text()).at(-1)?.data[0] ?? '{}') as { delayMs: number }).delayMs,
    )
    expect(delays.every(delayMs => delayMs >= 0 && delayMs <= 60_000)).toBe(true)
    expect(new Set(delays).size).toBeGreaterThan(5)
    expect(server.handler.connections).toBe(0)
    await server.close()
    await expect(http(server.url).latest({ namespace: 'a' }, new AbortController().signal)).rejects.toThrow(
      expect.objectContaining({ code: 'unavailable' }),
    )
  })

  test('a reader over the transport hears when to come back', async () => {
    const server = await started(memory(), { write: { token: TOKEN } })
    const read = async (): Promise<void> => {
      for await (const { type } of http(server.url).watch(
        { namespaces: ['a'], inline: false },
        new AbortController().signal,
      )) {
        if (type === 'alive') void server.close({ drainMs: 1_000 })
      }
    }
    await expect(read()).rejects.toThrow(
      expect.objectContaining({ code: 'unavailable', retryAfterMs: expect.any(Number) }),
    )
  })

  test('waits for requests that are being answered, and then no longer than it was told', async () => {
    const store = memory()
    const waiting: (() => void)[] = []
    const snapshot = (): Promise<Uint8Array> =>
      new Promise(resolve => waiting.push(() => resolve(encodeText('{}'))))
    const server = await started({ ...store, snapshot })
    const path = `/v1/a/snapshots/${digestOf(systemHasher, encodeText('{}'))}.json`
    const readers = [path, path.replace('/a/', '/b/')].map(address =>
      rawReader(server.url, `GET ${address} HTTP/1.1\r\nHost: localhost\r\n\r\n`),
    )
    while (waiting.length < 2) await new Promise(resolve => setImmediate(resolve))
    const closed = server.close({ drainMs: 0, graceMs: 50 })
    waiting[0]?.()
    await closed
    for (const reader of readers) while (!reader.closed) await new Promise(resolve => setImmediate(resolve))
    expect(readers.map(reader => reader.text().slice(0, 15)).sort()).toEqual(['', 'HTTP/1.1 200 OK'])
  })

  test('an idle connection that is kept alive does not hold it up', async () => {
    const server = await started(memory())
    const idle = rawReader(server.url, 'GET /v1/a/release.json HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await idle.until(text => text.includes('404'))
    await server.close({ drainMs: 0, graceMs: 60_000 })
  })
})
