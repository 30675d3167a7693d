import { once } from 'node:events'
import { createServer } from 'node:http'
import { createServer as createTcpServer, type AddressInfo } from 'node:net'
import { EnvHttpProxyAgent, fetch as fetchThrough } from 'undici'
import { expect, onTestFinished, test } from 'vitest'
import * as z from 'zod'
import { createClient, http, hybrid } from '../../../../src/index.js'
import { createHandler } from '../../../../src/server/index.js'
import { etcdGateway } from '../../../../src/transports/etcd/index.js'
import { memory } from '../../../../src/transports/memory.js'
import { testPlatform } from '../../../support/client-harness.js'
import { errorOf } from '../../../support/error-of.js'
import { holdPort } from '../../../support/held-port.js'
import { startForwardProxy } from '../../../support/forward-proxy.js'
import { NAMESPACE, never, publish } from '../../../support/server-fixtures.js'

test('a client follows a board through a proxy, with the dispatcher of docs/operations.md', async () => {
  const store = memory()
  await publish(store, { size: 1 })
  const handler = createHandler(store, { heartbeatMs: 200 })
  const server = createServer(handler.node)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const proxy = await startForwardProxy({ 'board.test': (server.address() as AddressInfo).port })
  const dispatcher = new EnvHttpProxyAgent({ httpProxy: `http://127.0.0.1:${proxy.port}` })
  const board = http('http://board.test', {
    fetch: (url, init) => fetchThrough(url, { ...init, dispatcher }) as unknown as Promise<Response>,
  })
  const client = createClient({
    namespace: NAMESPACE,
    schema: z.object({ size: z.number() }),
    strategy: hybrid(board),
  })
  onTestFinished(async () => {
    await client.close()
    await dispatcher.destroy()
    await handler.close({ drainMs: 0 })
    server.closeAllConnections()
    server.close()
  })
  await client.ready()
  await publish(store, { size: 2 })
  await expect.poll(() => client.current.size).toBe(2)
  expect(proxy.asked.length).toBeGreaterThan(0)
})

test('a board that cannot be reached while a proxy is set is told with the variable, and never with its value', async () => {
  const { port, release } = await holdPort()
  onTestFinished(release)
  // An address of no machine, which is this one, and nobody listens.
  const nobody = `http://0.0.0.0:${port}`
  const behind = (variable: string) => ({
    platform: testPlatform({ [variable]: 'http://ann:secret@proxy.internal:3128' }),
  })
  const ask = (url: string, variable: string, fetch?: typeof globalThis.fetch) =>
    errorOf(
      http(url, { system: behind(variable), ...(fetch && { fetch }) }).latest(
        { namespace: NAMESPACE },
        never,
      ),
    )
  for (const variable of ['HTTP_PROXY', 'https_proxy']) {
    const { message } = await ask(nobody, variable)
    expect(message).toContain(`${variable} is set, which fetch follows only where it is told to`)
    expect(message).not.toMatch(/secret|proxy\.internal/)
  }
  const hanging = createTcpServer(() => {})
  hanging.listen(0, '0.0.0.0')
  await once(hanging, 'listening')
  onTestFinished(() => void hanging.close())
  const late = http(`http://0.0.0.0:${(hanging.address() as AddressInfo).port}`, {
    system: behind('HTTP_PROXY'),
    timeoutMs: 1,
  })
  expect((await errorOf(late.latest({ namespace: NAMESPACE }, never))).message).toContain('HTTP_PROXY is set')
  const gateway = etcdGateway({ url: nobody, system: behind('HTTP_PROXY') })
  expect((await errorOf(gateway.grant({ seconds: 60 } as never, never))).message).toContain(
    'HTTP_PROXY is set',
  )
  for (const { message } of [
    await ask(`http://127.0.0.1:${port}`, 'HTTP_PROXY'),
    await ask(nobody, 'HTTP_PROXY', globalThis.fetch),
    await ask(nobody, 'ALL_PROXY'),
  ])
    expect(message).not.toContain('PROXY')
})

test('a board that NO_PROXY names is told without a word of the proxy', async () => {
  const { port, release } = await holdPort()
  onTestFinished(release)
  const told = async (excluded: string): Promise<string> => {
    const platform = testPlatform({ HTTP_PROXY: 'http://proxy.internal:3128', NO_PROXY: excluded })
    const board = http(`http://0.0.0.0:${port}`, { system: { platform } })
    return (await errorOf(board.latest({ namespace: NAMESPACE }, never))).message
  }
  expect(await told('10.1.2.3, 0.0.0.0')).not.toContain('PROXY')
  expect(await told('10.1.2.3')).toContain('HTTP_PROXY is set')
})
