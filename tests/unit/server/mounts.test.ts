import { createServer, type RequestListener } from 'node:http'
import { createServer as createHttp2Server, connect as connectHttp2 } from 'node:http2'
import type { AddressInfo, Server as NetServer } from 'node:net'
import express, { type Express } from 'express'
import fastify, { type FastifyInstance } from 'fastify'
import { describe, expect, onTestFinished, test } from 'vitest'
import { createHandler, type Handler, type HandlerOptions } from '../../../src/server/index.js'
import { http, httpStore } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { ask, asJson, eventsHead, rawReader } from '../../support/asking.js'
import { NAMESPACE, never, publish, TOKEN } from '../../support/server-fixtures.js'

const identity = { clientId: 'a', instanceId: 'a', ephemeral: false, labels: {} }

/** A handler over a store of its own; `logged` is what it had to say. */
function mounted(options: HandlerOptions = {}): { readonly handler: Handler; readonly logged: string[] } {
  const logged: string[] = []
  const log = (message: string): void => void logged.push(message)
  const logger = { debug: log, info: log, warn: log, error: log }
  const handler = createHandler(memory(), { write: { token: TOKEN }, logger, ...options })
  onTestFinished(() => handler.close({ drainMs: 0 }))
  return { handler, logged }
}

async function listening(server: NetServer & { closeAllConnections?(): void }): Promise<string> {
  onTestFinished(() => {
    server.closeAllConnections?.()
    server.close()
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const inNode = (listener: RequestListener): Promise<string> => listening(createServer(listener))

async function inExpress(mount: (app: Express) => void): Promise<string> {
  const app = express()
  mount(app)
  return listening(createServer(app))
}

async function inFastify(mount: (app: FastifyInstance) => void): Promise<string> {
  const app = fastify({ forceCloseConnections: true })
  mount(app)
  onTestFinished(() => app.close())
  return app.listen({ port: 0, host: '127.0.0.1' })
}

/** As the documentation says: Fastify reads bodies unless it is told to leave them alone. */
const fastifyPlugin = (handler: Handler) => async (scope: FastifyInstance) => {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser('*', (_request, _payload, done) => done(null))
  scope.all('/*', (request, reply) => {
    reply.hijack()
    handler.node(request.raw, reply.raw)
  })
}

/** Everything that a mount has to carry: writing, reading, reports and the stream. */
async function exercise(url: string): Promise<void> {
  const writer = httpStore(url, { token: TOKEN })
  const { digest } = await publish(writer, { pool: 10 })
  expect(
    await http(url).snapshot({ namespace: NAMESPACE, digest, maxSnapshotBytes: 100 }, never),
  ).toHaveLength(11)
  const stop = new AbortController()
  const pools: string[] = []
  for await (const delivery of http(url).watch(
    { namespaces: [NAMESPACE], inline: true, identity },
    stop.signal,
  )) {
    if (delivery.type !== 'release') continue
    pools.push(new TextDecoder().decode(delivery.snapshots?.[0]?.bytes))
    if (pools.length === 1) await publish(writer, { pool: 20 })
    else stop.abort()
  }
  expect(pools).toEqual(['{"pool":10}', '{"pool":20}'])
}

describe('a handler works', () => {
  test('in node:http, at the root and below a prefix', async () => {
    await exercise(await inNode(mounted().handler.node))
    await exercise(`${await inNode(mounted({ prefix: '/config/board/' }).handler.node)}/config/board`)
  })

  test('in Express, which takes the prefix off', async () => {
    const { handler } = mounted()
    await exercise(`${await inExpress(app => app.use('/board', handler.node))}/board`)
  })

  test('in Express with the prefix said as well, and without a mount path', async () => {
    const one = mounted({ prefix: '/board' }).handler
    await exercise(`${await inExpress(app => app.use('/board', one.node))}/board`)
    const two = mounted({ prefix: '/board' }).handler
    await exercise(`${await inExpress(app => app.use(two.node))}/board`)
  })

  test('in Express below /v1, where the prefix looks like a path of the board', async () => {
    const { handler } = mounted({ prefix: '/v1' })
    await exercise(`${await inExpress(app => app.use('/v1', handler.node))}/v1`)
  })

  test('in Fastify, which leaves the prefix on', async () => {
    const { handler } = mounted({ prefix: '/board' })
    await exercise(
      `${await inFastify(app => void app.register(fastifyPlugin(handler), { prefix: '/board' }))}/board`,
    )
  })

  test('in front of a body parser that comes later', async () => {
    const { handler } = mounted()
    await exercise(
      `${await inExpress(app => {
        app.use('/board', handler.node)
        app.use(express.json())
      })}/board`,
    )
  })

  test('behind a body parser, as long as there are no bodies to lose', async () => {
    const store = memory()
    const handler = createHandler(store)
    onTestFinished(() => handler.close({ drainMs: 0 }))
    await publish(store, { pool: 10 })
    const url = await inExpress(app => app.use(express.json()).use(handler.node))
    expect((await ask(url, `/v1/${NAMESPACE}/release.json`)).status).toBe(200)
  })

  test('behind a middleware that compresses: the stream goes through it', async () => {
    const { handler } = mounted()
    const url = await inExpress(app => {
      app.use((_req, res, next) => {
        // What a compressing middleware does, as far as others can see.
        const write = res.write.bind(res)
        res.setHeader('Content-Encoding', 'test')
        res.write = ((chunk: Uint8Array) => write(Buffer.from(chunk).toString('hex'))) as typeof res.write
        next()
      })
      app.use(handler.node)
    })
    const reader = rawReader(url, eventsHead('ns=a'))
    await reader.until(text => text.includes(Buffer.from('event: alive').toString('hex')))
  })

  test('over HTTP/2', async () => {
    const store = memory()
    const handler = createHandler(store, { write: { token: TOKEN } })
    onTestFinished(() => handler.close({ drainMs: 0 }))
    await publish(store, { pool: 10 })
    const url = await listening(createHttp2Server(handler.node as never))
    const session = connectHttp2(url)
    onTestFinished(() => session.destroy())
    const read = (path: string, until: (text: string) => boolean): Promise<string> =>
      new Promise((resolve, reject) => {
        const stream = session.request({ ':path': path })
        let text = ''
        stream.setEncoding('utf8')
        stream.on('data', chunk => {
          text += String(chunk)
          if (until(text)) resolve(text)
        })
        stream.on('error', reject)
        stream.on('end', () => reject(new Error(`ended with ${text}`)))
      })
    await read(`/v1/${NAMESPACE}/release.json`, text => text.includes('"namespace":"checkout/prod"'))
    await read(`/v1/~events?ns=${NAMESPACE}`, text => text.includes('event: release'))
  })
})

describe('a body that somebody else read', () => {
  const report = { method: 'POST', headers: asJson, body: '{"reports":[]}' }
  const path = `/v1/${NAMESPACE}/~reports`

  const expectRefusal = async (url: string, logged: readonly string[]): Promise<void> => {
    const reply = await ask(url, path, report)
    expect(reply.status).toBe(500)
    expect(JSON.parse(reply.text)).toEqual({
      error: { code: 'internal', message: expect.stringContaining('before the body parser') },
    })
    expect(logged).toEqual([expect.stringContaining('before the body parser')])
  }

  test('in Express: refused with what to do, and logged', async () => {
    const { handler, logged } = mounted()
    await expectRefusal(await inExpress(app => app.use(express.json()).use(handler.node)), logged)
  })

  test('in Fastify: refused with what to do, and logged', async () => {
    const { handler, logged } = mounted()
    const url = await inFastify(app => {
      app.all('/*', (request, reply) => {
        reply.hijack()
        handler.node(request.raw, reply.raw)
      })
    })
    await expectRefusal(url, logged)
  })

  test('in node:http: refused with what to do, and logged', async () => {
    const { handler, logged } = mounted()
    const url = await inNode((req, res) => {
      req.resume()
      req.once('end', () => handler.node(req, res))
    })
    await expectRefusal(url, logged)
  })

  test('half of it in node:http: refused with what to do, and logged', async () => {
    const { handler, logged } = mounted()
    const url = await inNode((req, res) => {
      req.once('data', () => {
        req.pause()
        handler.node(req, res)
      })
    })
    await expectRefusal(url, logged)
  })

  test('in a Request: refused with what to do, and logged', async () => {
    const { handler, logged } = mounted()
    const request = new Request(`http://board.test${path}`, report)
    await request.text()
    const response = await handler.fetch(request)
    expect([response.status, await response.text()]).toEqual([
      500,
      expect.stringContaining('before the body parser'),
    ])
    expect(logged).toHaveLength(1)
  })

  test('a shim that hands on a request without its stream: refused, not taken for an empty body', async () => {
    const { handler, logged } = mounted()
    const url = await inNode((req, res) => {
      req.resume()
      req.once('end', () => {
        const shim = Object.create(req, {
          readableDidRead: { value: false },
          readableEnded: { value: false },
          iterator: { value: async function* () {} },
        }) as typeof req
        handler.node(shim, res)
      })
    })
    await expectRefusal(url, logged)
  })
})

describe('upgrade', () => {
  test('is refused politely', async () => {
    const { handler } = mounted()
    const server = createServer(handler.node)
    server.on('upgrade', handler.upgrade)
    const reader = rawReader(
      await listening(server),
      'GET /v1/~events HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n',
    )
    await new Promise<void>(resolve => reader.socket.once('close', () => resolve()))
    expect(reader.text()).toMatch(/^HTTP\/1\.1 426 /)
  })
})
