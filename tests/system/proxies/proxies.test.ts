import { request } from 'node:http'
import { describe, expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { createClient } from '../../../src/client/index.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { serve, type ServeOptions } from '../../../src/server/index.js'
import { hybrid } from '../../../src/strategies/hybrid.js'
import { push } from '../../../src/strategies/push.js'
import { http } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { denseText } from '../../support/large-documents.js'
import { tapWire } from '../../support/wire-tap.js'
import { missingPrograms } from '../static-board/programs.js'
import { haproxyOfPage, haproxyProxy, nginxOfPage, nginxProxy, type ProxySettings } from './proxies.js'

const namespace = 'checkout/prod'
const schema = z.object({ pool: z.number() })

/**
 * As long as nothing that takes less is taken for a timeout; it stands for the 10 s that are
 * common.
 */
const TIMEOUT_MS = 2_600
const missing = missingPrograms('nginx', 'haproxy')
if (missing !== undefined) process.stderr.write(`skipped: ${missing}\n`)

/** A server behind a proxy, and a client of it; what both warn of. */
async function behind(
  proxy: (url: string, settings: ProxySettings) => Promise<string>,
  { heartbeatMs, ...settings }: ProxySettings & { readonly heartbeatMs: number },
  options: Pick<ServeOptions, 'hosts' | 'trustedProxies' | 'write'> = {},
) {
  const told = { server: [] as string[], client: [] as string[] }
  const loggerOf = (to: string[]) => {
    const say = (message: string): void => void to.push(message)
    return { debug() {}, info() {}, warn: say, error: say }
  }
  const store = memory()
  const publisher = createPublisher({ namespace, schema, store })
  onTestFinished(() => publisher.close())
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'first' })
  const server = await serve(store, {
    heartbeatMs,
    controller: false,
    logger: loggerOf(told.server),
    ...options,
  })
  onTestFinished(() => server.close({ drainMs: 0, graceMs: 100 }))
  const address = await proxy(server.url, settings)
  const opened = { streams: 0, looks: 0 }
  const client = createClient({
    namespace,
    schema,
    strategy: hybrid(
      http(address, {
        fetch: (url, init) => {
          if (String(url).includes('~events')) opened.streams += 1
          if (String(url).includes('release.json')) opened.looks += 1
          return fetch(url, init)
        },
      }),
      {
        pollIntervalMs: 300,
        firstEventTimeoutMs: settings.gathers === true ? 1_000 : 10_000,
        backoff: { baseMs: 20, capMs: 50 },
      },
    ),
    logger: loggerOf(told.client),
  })
  onTestFinished(() => client.close())
  const errors: string[] = []
  client.on('error', ({ message }) => void errors.push(message))
  await client.ready({ timeoutMs: Number.POSITIVE_INFINITY })
  return { address, client, publisher, told, errors, opened }
}

/** Asks with headers that `fetch` does not send. */
function askAs(
  address: string,
  path: string,
  headers: Readonly<Record<string, string>>,
): Promise<{ readonly status: number | undefined; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asked = request(address, { headers, path }, answer => {
      let body = ''
      answer.on('data', chunk => (body += String(chunk)))
      answer.on('end', () => resolve({ status: answer.statusCode, body }))
    })
    asked.on('error', reject).end()
  })
}

describe.skipIf(missing !== undefined)('behind a real proxy', () => {
  test.each([
    ['nginx', nginxOfPage],
    ['haproxy', haproxyOfPage],
  ])(
    '%s as docs/operations.md configures it passes streams on as they come, with the name and the address of who asks',
    async (_name, proxy) => {
      const heartbeatMs = 800
      const options = {
        hosts: ['config.internal'],
        trustedProxies: ['127.0.0.1'],
        write: { token: 'secret' },
      }
      const { address, client, publisher, opened, errors, told } = await behind(
        proxy,
        { timeoutMs: 0, heartbeatMs },
        options,
      )
      await expect.poll(() => client.bound).toContain('as the server tells it')
      const { looks } = opened
      await publisher.publish({ pool: 2 }, { rollout: everyone(), reason: 'second' })
      await expect.poll(() => client.current.pool).toBe(2)
      // It came on the stream, and nothing was asked for but the document.
      expect([opened, errors]).toEqual([{ streams: 1, looks }, []])

      const release = `/v1/${namespace}/release.json`
      expect(await askAs(address, release, { host: 'config.internal' })).toMatchObject({ status: 200 })
      expect(await askAs(address, release, { host: 'other.internal' })).toMatchObject({ status: 421 })
      const stranger = { 'x-forwarded-for': '203.0.113.9', authorization: 'Bearer nobody' }
      expect(await askAs(address, `/v1/${namespace}/~reports`, stranger)).toMatchObject({ status: 401 })
      expect(told.server).toContain('requests of 203.0.113.9 were refused')
    },
  )

  test('a timeout below the heartbeat is told once, by client and server, with the setting to change; one above it is no matter', async () => {
    const short = { timeoutMs: TIMEOUT_MS, heartbeatMs: 60_000 }
    const [nginx, haproxy, ...calm] = await Promise.all([
      behind(nginxProxy, short),
      behind(haproxyProxy, short),
      behind(nginxProxy, { timeoutMs: TIMEOUT_MS, heartbeatMs: 800 }),
      behind(haproxyProxy, { timeoutMs: TIMEOUT_MS, heartbeatMs: 800 }),
    ])
    const told =
      /always after [23] s without a sign of life.* heartbeat of 60 s .*proxy_read_timeout.*timeout server.*heartbeat-ms/
    for (const { errors, told: by } of [nginx, haproxy]) {
      await expect
        .poll(() => errors.filter(message => told.test(message)), { timeout: 60_000 })
        .toHaveLength(1)
      await expect
        .poll(() => by.server.filter(message => message.startsWith('streams are closed from outside')), {
          timeout: 60_000,
        })
        .toEqual([expect.stringMatching(told)])
      expect(errors.filter(message => message.includes('always'))).toHaveLength(1)
    }
    for (const { errors, told: by, opened } of calm)
      expect([opened.streams, errors, by.server]).toEqual([1, [], []])
  })

  test.each([
    ['nginx', nginxProxy],
    ['haproxy', haproxyProxy],
  ])(
    'a document of 20 KB and its change come compressed through %s, as soon as they are there',
    async (_name, proxy) => {
      const store = memory()
      const publisher = createPublisher({ namespace, schema: z.looseObject({ pool: z.number() }), store })
      onTestFinished(() => publisher.close())
      // Another text each time, so that no delta takes the place of the second.
      const documentOf = (pool: number) => ({ pool, padding: denseText(pool) })
      await publisher.publish(documentOf(1), { rollout: everyone(), reason: 'first' })
      const server = await serve(store, { heartbeatMs: 800, controller: false })
      onTestFinished(() => server.close({ drainMs: 0, graceMs: 100 }))
      const wire = await tapWire(await proxy(server.url, { timeoutMs: TIMEOUT_MS }))
      const client = createClient({
        namespace,
        schema: z.looseObject({ pool: z.number() }),
        strategy: push(http(wire.url)),
      })
      onTestFinished(() => client.close())
      const errors: string[] = []
      client.on('error', ({ message }) => void errors.push(message))
      await client.ready({ timeoutMs: Number.POSITIVE_INFINITY })
      await publisher.publish(documentOf(2), { rollout: everyone(), reason: 'second' })
      await expect.poll(() => client.current.pool, { timeout: 60_000 }).toBe(2)
      const [stream, ...others] = wire.streams()
      expect(others).toEqual([])
      expect(stream?.head).toContain('content-encoding: gzip')
      const paddings = [1, 2].map(pool => documentOf(pool).padding)
      expect(paddings.map(padding => stream?.text.includes(padding))).toEqual([true, true])
      expect(stream?.bytes).toBeLessThan(0.9 * paddings.join('').length)
      expect(errors).toEqual([])
    },
  )

  test('one that gathers the stream is told once, and a change arrives by polling meanwhile', async () => {
    const scene = await behind(nginxProxy, { timeoutMs: 60_000, heartbeatMs: 800, gathers: true })
    const gathered = (): readonly string[] =>
      scene.errors.filter(message => message.includes('open and silent'))
    await expect.poll(gathered).toEqual([expect.stringMatching(/proxy_buffering off/)])
    await scene.publisher.publish({ pool: 2 }, { rollout: everyone(), reason: 'second' })
    await expect.poll(() => scene.client.current.pool).toBe(2)
    const before = scene.opened.streams
    await expect.poll(() => scene.opened.streams).toBeGreaterThan(before + 1)
    expect(gathered()).toHaveLength(1)
  })

  test.each([
    ['push', push],
    ['hybrid', hybrid],
  ])(
    'one that gathers the stream: %s with the times that are the default has its first value before it gives the stream up, and then a change',
    async (_name, make) => {
      const store = memory()
      const publisher = createPublisher({ namespace, schema, store })
      onTestFinished(() => publisher.close())
      await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'first' })
      const server = await serve(store, { controller: false })
      onTestFinished(() => server.close({ drainMs: 0, graceMs: 100 }))
      const address = await nginxProxy(server.url, { timeoutMs: 60_000, gathers: true })
      const client = createClient({ namespace, schema, strategy: make(http(address)) })
      onTestFinished(() => client.close())
      const errors: string[] = []
      client.on('error', ({ message }) => void errors.push(message))
      await client.ready({ timeoutMs: Number.POSITIVE_INFINITY })
      expect(client.current.pool).toBe(1)
      expect(errors).toEqual([])
      await publisher.publish({ pool: 2 }, { rollout: everyone(), reason: 'second' })
      await expect.poll(() => client.current.pool, { timeout: 60_000 }).toBe(2)
      await expect
        .poll(() => errors, { timeout: 60_000 })
        .toContainEqual(expect.stringMatching(/open and silent.*proxy_buffering off/s))
    },
    180_000,
  )

  test('one that passes its own name on is told which name to allow', async () => {
    const scene = await behind(haproxyProxy, { timeoutMs: 60_000, heartbeatMs: 800 })
    const { status, body } = await askAs(scene.address, '/v1/~namespaces', { host: 'config.internal' })
    expect([status, body]).toEqual([421, expect.stringMatching(/config\.internal.*--allow-host/)])
  })
})
