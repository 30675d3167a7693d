import { randomBytes } from 'node:crypto'
import { constants, gunzipSync, inflateRawSync } from 'node:zlib'
import { describe, expect, test } from 'vitest'
import { compressFrame, gzipFrame, isCompressed } from '../../../../src/server/encodings/gzip-frames.js'
import { gzipPlan } from '../../../../src/server/encodings/gzip-sink.js'
import { createHandler } from '../../../../src/server/index.js'
import { aliveFrame, chunkOf, goodbyeFrame, releaseFrame } from '../../../../src/server/stream/frames.js'
import { plainOf, type Frame, type Sink } from '../../../../src/server/stream/messages.js'
import { http } from '../../../../src/transports/http/index.js'
import { memory } from '../../../../src/transports/memory.js'
import { rawReader, started } from '../../../support/asking.js'
import { NAMESPACE, never, publish } from '../../../support/server-fixtures.js'

const LARGE = { text: 'a setting like the one before. '.repeat(3_000), size: 1 }
const SIZE = JSON.stringify(LARGE).length
const IDENTITY = { clientId: 'a', instanceId: 'a', ephemeral: false, labels: {} }
const largeFrame = (): Frame =>
  releaseFrame('a', Buffer.from('{"release":{}}'), {
    digest: 'a'.repeat(64),
    bytes: Buffer.from(JSON.stringify(LARGE)),
  })

/** A compressed stream whose bytes the test keeps. */
function opened() {
  const written: Frame[] = []
  let inner: Sink | undefined
  let ended = 0
  const sink: Sink = {
    blocked: () => false,
    write: frame => void written.push(frame),
    end: () => void (ended += 1),
    destroy() {},
  }
  gzipPlan({
    open(given) {
      inner = given
      return { drained() {}, gone() {} }
    },
  }).open(sink)
  if (inner === undefined) throw new Error('the plan was not opened')
  return { sink: inner, bytes: () => Buffer.concat(written.map(plainOf)), ended: () => ended }
}

const partOf = (bytes: Uint8Array): Buffer => gunzipSync(bytes, { finishFlush: constants.Z_SYNC_FLUSH })

describe('a compressed event stream', () => {
  test('is one gzip member, of which each event can be read as soon as it is there', async () => {
    const large = largeFrame()
    await compressFrame(large)
    const frames = [aliveFrame(8_000), large, aliveFrame(1), largeFrame(), large, goodbyeFrame(5)]
    const { sink, bytes, ended } = opened()
    let plain = Buffer.alloc(0)
    for (const frame of frames) {
      sink.write(frame)
      plain = Buffer.concat([plain, plainOf(frame)])
      expect(partOf(bytes()).equals(plain)).toBe(true)
    }
    sink.end()
    expect(ended()).toBe(1)
    // To its end, with check value and length, and nothing behind it.
    expect(gunzipSync(bytes()).equals(plain)).toBe(true)
    expect(() => gunzipSync(bytes().subarray(0, -1))).toThrow()
  })

  test('has the check value of what went through it, whatever that was', () => {
    const { sink, bytes } = opened()
    const all: Buffer[] = []
    for (let index = 0; index < 100; index += 1) {
      const event = randomBytes((index * 977) % 70_000)
      all.push(event)
      sink.write(chunkOf([event]))
    }
    sink.end()
    expect(gunzipSync(bytes()).equals(Buffer.concat(all))).toBe(true)
  })

  test('without an event is whole as well', () => {
    const { sink, bytes } = opened()
    sink.end()
    expect(gunzipSync(bytes())).toHaveLength(0)
  })
})

describe('an event of it', () => {
  test('is compressed alone: it refers to nothing before it', async () => {
    const frame = largeFrame()
    await compressFrame(frame)
    const plain = plainOf(gzipFrame(frame))
    expect(plain.length).toBeLessThan(plainOf(frame).length / 20)
    const finishFlush = constants.Z_SYNC_FLUSH
    expect(inflateRawSync(plain, { finishFlush }).equals(plainOf(frame))).toBe(true)
  })

  test('is compressed once for all readers, and is the same bytes for each', async () => {
    const frame = largeFrame()
    expect(isCompressed(frame)).toBe(false)
    const running = compressFrame(frame)
    expect(compressFrame(frame)).toBe(running)
    await running
    expect(isCompressed(frame)).toBe(true)
    expect(compressFrame(frame)).toBeUndefined()
    expect(gzipFrame(frame)).toBe(gzipFrame(frame))
  })

  test('goes out as it is where it is small, or nobody waited for its compression', () => {
    const small = aliveFrame(8_000)
    expect(compressFrame(small)).toBeUndefined()
    expect(plainOf(gzipFrame(small)).length).toBe(plainOf(small).length + 5)
    const large = largeFrame()
    expect(plainOf(gzipFrame(large)).length).toBe(plainOf(large).length + 2 * 5)
    const { chunked } = gzipFrame(large)
    const plain = plainOf(gzipFrame(large))
    expect(Buffer.from(chunked).toString('latin1')).toMatch(new RegExp(`^${plain.length.toString(16)}\r\n`))
  })
})

describe('the server', () => {
  const headOf = (query: string, headers = ''): string =>
    `GET /v1/~events?${query} HTTP/1.1\r\nHost: 127.0.0.1\r\n${headers}\r\n`
  const INLINE = `ns=${NAMESPACE}&inline=1&client=a`

  test.each([
    ['does not accept it', INLINE, ''],
    ['accepts another encoding', INLINE, 'Accept-Encoding: br, zstd\r\n'],
    ['refuses it', INLINE, 'Accept-Encoding: gzip;q=0\r\n'],
    ['wants no snapshots', `ns=${NAMESPACE}`, 'Accept-Encoding: gzip\r\n'],
  ])('compresses nothing for who %s', async (_what, query, headers) => {
    const store = memory()
    const { url } = await started(store)
    await publish(store, LARGE)
    const reader = rawReader(url, headOf(query, headers))
    const text = await reader.until(text => text.includes('event: release'))
    expect(text).not.toMatch(/content-encoding/i)
  })

  test('sends a large document compressed, and the stream ends whole', async () => {
    const store = memory()
    const handler = createHandler(store)
    const { snapshot } = await publish(store, LARGE)
    const response = await handler.fetch(
      new Request(`http://127.0.0.1/v1/~events?${INLINE}`, { headers: { 'accept-encoding': 'gzip' } }),
    )
    expect(response.headers.get('content-encoding')).toBe('gzip')
    expect(response.headers.get('cache-control')).toBe('no-store, no-transform')
    const reading = response.arrayBuffer()
    await handler.close({ drainMs: 0 })
    const bytes = Buffer.from(await reading)
    expect(bytes.length).toBeLessThan(snapshot.length / 20)
    const text = gunzipSync(bytes).toString()
    expect(text).toContain(new TextDecoder().decode(snapshot))
    expect(text).toMatch(/^event: alive\n[^]*event: goodbye\ndata: \{"delayMs":\d+\}\n\n$/)
  })

  test('compresses what comes later as well, and marks go out at once', async () => {
    const store = memory()
    const { url } = await started(store, { heartbeatMs: 1_000 })
    await publish(store, { size: 0 })
    const requests: string[] = []
    const encodings: (string | null)[] = []
    const original = globalThis.fetch
    globalThis.fetch = async (address, init) => {
      // What another test left behind may still ask its own server.
      if (typeof address !== 'string' || !address.startsWith(url)) return original(address, init)
      requests.push(new Headers(init?.headers).get('accept-encoding') ?? '')
      const response = await original(address, init)
      encodings.push(response.headers.get('content-encoding'))
      return response
    }
    const seen: string[] = []
    const reading = new AbortController()
    try {
      const query = { namespaces: [NAMESPACE], inline: true, identity: IDENTITY }
      for await (const delivery of http(url).watch(query, reading.signal)) {
        const along = delivery.type === 'release' ? delivery.snapshots?.[0]?.bytes.length : undefined
        seen.push(along === undefined ? delivery.type : `${delivery.type} with ${along}`)
        if (seen.length === 3) await publish(store, LARGE)
        if (seen.includes(`release with ${SIZE}`) && seen.at(-1) === 'mark') break
      }
    } finally {
      globalThis.fetch = original
      reading.abort()
    }
    expect(requests).toEqual(['gzip'])
    expect(encodings).toEqual(['gzip'])
    expect(seen.slice(0, 3)).toEqual(['alive', 'release with 10', 'mark'])
  })

  test('sends readers of both kinds what they take', async () => {
    const store = memory()
    const { url } = await started(store)
    await publish(store, { size: 0 })
    const plain = rawReader(url, headOf(INLINE))
    const compressed = rawReader(url, headOf(INLINE, 'Accept-Encoding: gzip\r\n'))
    const bytes: Buffer[] = []
    compressed.socket.setEncoding('latin1')
    compressed.socket.on('data', chunk => bytes.push(Buffer.from(String(chunk), 'latin1')))
    await plain.until(text => text.includes('event: mark') || text.includes('"size":0'))
    await compressed.until(text => text.includes('"size":0'))
    const { snapshot } = await publish(store, LARGE)
    const text = new TextDecoder().decode(snapshot)
    await plain.until(got => got.includes(text))
    await compressed.until(() => Buffer.concat(bytes).includes(Buffer.from('0000ffff', 'hex')))
    expect(Buffer.concat(bytes).length).toBeLessThan(snapshot.length / 10)
  })
})

test('a stream that brings nothing encoded is asked for as it is the next time', async () => {
  const { createServer } = await import('node:http')
  const accepted: (string | undefined)[] = []
  const server = createServer((req, res) => {
    const accept = req.headers['accept-encoding']
    accepted.push(accept)
    res.writeHead(200, { 'content-type': 'text/event-stream' })
    // As from behind a proxy that takes the name of the encoding away.
    res.end(accept === 'identity' ? plainOf(aliveFrame(8_000)) : 'what nobody can read')
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  try {
    const { port } = server.address() as { port: number }
    const transport = http(`http://127.0.0.1:${port}`)
    const seen: string[] = []
    for (let round = 0; round < 3; round += 1) {
      const query = { namespaces: [NAMESPACE], inline: true, identity: IDENTITY }
      await expect(
        (async () => {
          for await (const { type } of transport.watch(query, never)) seen.push(type)
        })(),
      ).rejects.toMatchObject({ code: 'unavailable' })
    }
    expect(accepted).toEqual(['gzip', 'identity', 'identity'])
    expect(seen).toEqual(['alive', 'alive'])
  } finally {
    server.close()
  }
})
