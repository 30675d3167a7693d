import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { Readable } from 'node:stream'
import type { ReadableStream } from 'node:stream/web'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { createHandler, type Handler } from '../../../src/server/index.js'
import { systemClock } from '../../../src/system/system.js'
import { memory, type MemoryStore } from '../../../src/transports/memory.js'
import { missingWorkerd, newestDate, startWorkerd, type Workerd } from '../../support/engines/workerd.js'
import { publish as publishTo } from '../../support/server-fixtures.js'
import { openReader, type StreamReader } from '../../support/stream-reader.js'

/** What the worker says of a client. */
interface Said {
  readonly size?: number
  readonly status?: string
  readonly ageMs?: number
  readonly code?: string
  readonly message?: string
}

/** So many tests have clients and a namespace of their own. */
const SETS = 50

describe.skipIf(missingWorkerd() !== undefined).each([
  ['of today', newestDate, []],
  ['of today and Node beside it', newestDate, ['nodejs_compat']],
  ['of 2022', '2022-11-30', []],
])('in a Cloudflare worker with a compatibility date %s, a client', (_when, compatibilityDate, flags) => {
  let server: Server
  let store: MemoryStore
  let handler: Handler
  let workerd: Workerd
  let set = -1
  let asked: string[]
  /** Requests that are held up, while that is a list. */
  let held: (() => void)[] | undefined
  let isDown: boolean
  let reader: StreamReader

  const serve = (req: IncomingMessage, res: ServerResponse): void => {
    const url = req.url ?? ''
    asked.push(`${req.method} ${url}`)
    if (isDown) res.writeHead(503).end()
    else if (url.startsWith('/elsewhere/')) res.writeHead(302, { location: url.slice(10) }).end()
    else if (held === undefined) handler.node(req, res)
    else held.push(() => handler.node(req, res))
  }
  const publish = (size: number): Promise<unknown> => publishTo(store, { size }, `set${set}/prod`)
  const ask = async (path: string, signal?: AbortSignal): Promise<Said> =>
    (await (await fetch(`${workerd.url}/${set}/${path}`, { ...(signal && { signal }) })).json()) as Said

  beforeAll(async () => {
    server = createServer(serve)
    server.listen(0, '127.0.0.1')
    await once(server, 'listening')
    const board = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
    store = memory()
    handler = createHandler(store, { heartbeatMs: 200 })
    workerd = await startWorkerd({
      file: join(root, 'tests/system/runtimes/cloudflare.worker.js'),
      compatibilityDate,
      flags,
      globals: { OF_THE_TEST: { BOARD: board, ELSEWHERE: `${board}/elsewhere`, SETS } },
    })
  })
  beforeEach(async () => {
    set += 1
    asked = []
    held = undefined
    isDown = false
    await publish(1)
    // What somebody follows, a server knows at once; polls of anything else it answers from the
    // second before.
    reader = openReader(handler.fetch, systemClock, `ns=set${set}/prod`)
    await expect.poll(() => reader.of('release').length).toBe(1)
  })
  afterEach(() => reader.stop())
  afterAll(async () => {
    await workerd.close()
    await handler.close({ drainMs: 0 })
    server.closeAllConnections()
    server.close()
  })

  test.each(['onDemand', 'eager', 'pull', 'push', 'hybrid'])(
    'made in module scope, by %s, has its value in a request, and what was published since in later ones',
    async name => {
      expect(await ask(`${name}/ready`)).toMatchObject({ size: 1, status: 'ready' })
      for (const size of [2, 3]) {
        await publish(size)
        await expect.poll(() => ask(`${name}/refresh`)).toMatchObject({ size, status: 'ready' })
      }
    },
  )

  test.each(['eager', 'pull'])(
    'kept between requests, by %s, calls itself stale once it is too old, and ready() looks again',
    async name => {
      await ask(`${name}/ready`)
      await publish(2)
      await expect.poll(() => ask(`${name}/look`)).toMatchObject({ size: 1, status: 'stale' })
      await expect.poll(() => ask(`${name}/ready`)).toMatchObject({ size: 2, status: 'ready' })
    },
  )

  test('asks the board for nothing while its value is young enough', async () => {
    await ask('onDemand/ready')
    asked = []
    for (let request = 0; request < 3; request += 1)
      expect(await ask('onDemand/ready')).toMatchObject({ size: 1, status: 'ready' })
    expect(asked.filter(line => !line.includes('~reports'))).toEqual([])
  })

  test('brings what is new after the response, with ctx.waitUntil', async () => {
    await ask('onDemand/ready')
    await publish(2)
    await expect.poll(() => ask('onDemand/later')).toMatchObject({ size: 2 })
  })

  test('follows the stream for as long as a request lasts', async () => {
    const { body } = await fetch(`${workerd.url}/${set}/hybrid/follow`)
    const input = Readable.fromWeb(body as ReadableStream)
    const lines = createInterface({ input })[Symbol.asyncIterator]()
    const next = async (): Promise<string | undefined> => (await lines.next()).value
    expect(await next()).toBe('1')
    await publish(2)
    expect(await next()).toBe('2')
    // Another request has a stream of its own.
    expect(await ask('hybrid/refresh')).toMatchObject({ size: 2, status: 'ready' })
    await publish(3)
    expect(await next()).toBe('3')
    input.destroy()
  })

  test('has its value in each of many first requests at the same time', async () => {
    const answers = await Promise.all(Array.from({ length: 12 }, () => ask('hybrid/ready')))
    expect(answers.map(({ size }) => size)).toEqual(Array.from({ length: 12 }, () => 1))
  })

  test('works in the next request although the one that started it was given up', async () => {
    held = []
    const gone = new AbortController()
    const given = ask('onDemand/ready', gone.signal).catch((error: Error) => error.name)
    await expect.poll(() => held?.length).toBe(1)
    gone.abort()
    expect(await given).toBe('AbortError')
    held = undefined
    expect(await ask('onDemand/ready')).toMatchObject({ size: 1, status: 'ready' })
  })

  test('keeps its value while the board is down, and does not ask it in each request', async () => {
    await ask('eager/ready')
    isDown = true
    await expect.poll(() => ask('eager/look')).toMatchObject({ status: 'stale' })
    asked = []
    for (let request = 0; request < 5; request += 1)
      expect(await ask('eager/ready')).toMatchObject({ size: 1, status: 'stale' })
    expect(asked.filter(line => line.includes('release.json')).length).toBeLessThan(5)
    expect(await ask('eager/refresh')).toMatchObject({ code: 'unavailable' })
    isDown = false
    await expect.poll(() => ask('eager/ready')).toMatchObject({ size: 1, status: 'ready' })
  })

  test('has its defaults where the board is down from the start', async () => {
    isDown = true
    expect(await ask('eager/ready')).toMatchObject({ size: 0, status: 'stale' })
    expect(await ask('onDemand/ready')).toMatchObject({ code: 'not-ready' })
  })

  test('follows no redirect, and says so', async () => {
    expect(await ask('redirected/refresh')).toMatchObject({
      code: 'unavailable',
      message: expect.stringContaining('answered with a redirect'),
    })
    // The clients of other tests may still report.
    expect(asked.filter(line => !/^GET \/elsewhere\/|~reports$/.test(line))).toEqual([])
  })

  test('stays paused from one request to the next', async () => {
    await ask('eager/ready')
    await ask('eager/pause')
    await publish(2)
    await expect.poll(() => ask('eager/look')).toMatchObject({ status: 'stale' })
    expect(await ask('eager/ready')).toMatchObject({ size: 1 })
    await ask('eager/resume')
    await expect.poll(() => ask('eager/ready')).toMatchObject({ size: 2 })
  })

  test('ends in another request than it began in', async () => {
    await ask('hybrid/ready')
    expect(await ask('hybrid/close')).toMatchObject({ size: 1, status: 'closed' })
    expect(await ask('hybrid/ready')).toMatchObject({ code: 'closed' })
  })
})
