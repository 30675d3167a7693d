import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createServer as createSecureServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { build } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import { readProxies } from '../../../src/cli/proxy/proxy-settings.js'
import { root, sourcesByName } from '../../../scripts/entry-points.js'
import { createHandler, type Handler } from '../../../src/server/index.js'
import { memory } from '../../../src/transports/memory.js'
import { certificate, certificateKey } from '../../support/certificate.js'
import { startForwardProxy, type ForwardProxy } from '../../support/forward-proxy.js'
import { holdPort } from '../../support/held-port.js'
import { publish, TOKEN } from '../../support/server-fixtures.js'
import { commandLine, temporaryFolder, type Ran, type RunOptions } from './command-line.js'

const NAMESPACE = 'checkout/prod'

/** How a process ended. */
type Ended = Pick<Ran, 'status' | 'stdout' | 'stderr'>

/** The command line as one file, so that a process of its own can run it. */
async function bundleCommandLine(folder: string): Promise<string> {
  const outfile = join(folder, 'noticeboard.mjs')
  await build({
    entryPoints: [join(root, 'src/cli/main.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    // What is required by name inside.
    banner: {
      js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)",
    },
    alias: sourcesByName(),
    logLevel: 'error',
  })
  return outfile
}

/** A board that only a proxy knows by its name, and a person in front of it. */
async function behindProxy(): Promise<{
  readonly proxy: ForwardProxy
  /** The ports of this machine that stand behind names. */
  readonly names: Record<string, number>
  readonly handler: Handler
  readonly store: ReturnType<typeof memory>
  readonly folder: string
  type(line: string, env?: Readonly<Record<string, string>>, options?: Partial<RunOptions>): Promise<Ran>
}> {
  const store = memory()
  const handler = createHandler(store, { write: { token: TOKEN }, heartbeatMs: 200 })
  const server = createServer(handler.node)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    await handler.close({ drainMs: 0 })
    server.closeAllConnections()
    server.close()
  })
  const names = { 'board.test': (server.address() as AddressInfo).port }
  const proxy = await startForwardProxy(names)
  const folder = await temporaryFolder()
  return {
    proxy,
    names,
    handler,
    store,
    folder,
    type: (line, env = { HTTP_PROXY: `http://127.0.0.1:${proxy.port}` }, options) =>
      commandLine(line.split(' '), {
        cwd: folder,
        env: { NOTICEBOARD_URL: 'http://board.test:8420', NOTICEBOARD_TOKEN: TOKEN, ...env },
        ...options,
      }),
  }
}

test('commands reach a board through the proxy that HTTP_PROXY names', async () => {
  const { proxy, folder, type } = await behindProxy()
  await writeFile(join(folder, 'app.json'), '{"pool":{"size":20}}')
  const published = await type(`publish app.json -n ${NAMESPACE} --everyone --reason first`)
  expect(published.status, published.stderr).toBe(0)
  const got = await type(`get ${NAMESPACE}`)
  expect(JSON.parse(got.stdout)).toEqual({ pool: { size: 20 } })
  expect(proxy.asked).toContain(`GET http://board.test:8420/v1/${NAMESPACE}/release.json`)
  const again = await type(`publish app.json -n ${NAMESPACE} --everyone --reason again --if-version 7`)
  expect(again.status).toBe(4)
})

test.each(['http_proxy', 'HTTP_PROXY'])(
  '%s may be written without http:// and with a password',
  async name => {
    const { proxy, store, type } = await behindProxy()
    await publish(store, { size: 1 })
    const got = await type(`get ${NAMESPACE}`, { [name]: `ann:a%40b@127.0.0.1:${proxy.port}` })
    expect(JSON.parse(got.stdout)).toEqual({ size: 1 })
    expect(proxy.credentials()).toBe(`Basic ${Buffer.from('ann:a@b').toString('base64')}`)
  },
)

test('watch follows the event stream through the proxy', async () => {
  const { proxy, store, type } = await behindProxy()
  await publish(store, { size: 1 })
  const interrupted = new AbortController()
  let said = ''
  const watching = type(`watch ${NAMESPACE} --json`, undefined, {
    signal: interrupted.signal,
    onData: text => (said += text),
  })
  await expect.poll(() => said).toContain('"size":1')
  await publish(store, { size: 2 })
  await expect.poll(() => said).toContain('"size":2')
  expect(proxy.asked.some(line => line.startsWith('GET http://board.test:8420/v1/~events?'))).toBe(true)
  interrupted.abort()
  expect((await watching).status).toBe(130)
})

test('a process reaches a board over TLS through the proxy that HTTPS_PROXY names, and checks its certificate', async () => {
  const { proxy, handler, folder, names } = await behindProxy()
  const secure = createSecureServer({ cert: certificate, key: certificateKey }, handler.node)
  secure.listen(0, '127.0.0.1')
  await once(secure, 'listening')
  onTestFinished(() => {
    secure.closeAllConnections()
    secure.close()
  })
  names['board.test'] = (secure.address() as AddressInfo).port
  await writeFile(join(folder, 'app.json'), '{"pool":{"size":20}}')
  await writeFile(join(folder, 'ca.pem'), certificate)
  const program = await bundleCommandLine(folder)
  const type = async (line: string, env: Readonly<Record<string, string>> = {}): Promise<Ended> => {
    const child = spawn(process.execPath, [program, ...line.split(' ')], {
      cwd: folder,
      env: {
        HTTPS_PROXY: `http://127.0.0.1:${proxy.port}`,
        NOTICEBOARD_URL: 'https://board.test',
        NOTICEBOARD_TOKEN: TOKEN,
        ...env,
      },
    })
    onTestFinished(() => void child.kill('SIGKILL'))
    const texts = Promise.all([child.stdout, child.stderr].map(stream => text(stream)))
    const [status] = (await once(child, 'close')) as [number]
    const [stdout = '', stderr = ''] = await texts
    return { status, stdout, stderr }
  }
  const trusted = { NODE_EXTRA_CA_CERTS: join(folder, 'ca.pem') }
  const published = await type(`publish app.json -n ${NAMESPACE} --everyone --reason first`, trusted)
  expect(published.status, published.stderr).toBe(0)
  expect(JSON.parse((await type(`get ${NAMESPACE}`, trusted)).stdout)).toEqual({ pool: { size: 20 } })
  expect([...new Set(proxy.asked)]).toEqual(['CONNECT board.test:443'])
  const stranger = await type(`get ${NAMESPACE}`)
  expect(stranger.status).toBe(5)
  expect(stranger.stderr).toContain('DEPTH_ZERO_SELF_SIGNED_CERT')
})

test('a proxy that wants a password, refuses or is not there is what the error names, by its variable', async () => {
  const { proxy, type } = await behindProxy()
  const env = {
    HTTPS_PROXY: `http://ann:secret@127.0.0.1:${proxy.port}`,
    NOTICEBOARD_URL: 'https://board.test',
  }
  proxy.refuseWith(407)
  const closed = await type(`get ${NAMESPACE}`, env)
  expect(closed.status).toBe(5)
  expect(closed.stderr).toContain('the proxy that HTTPS_PROXY names asks for a user name and password')
  expect(proxy.asked.at(-1)).toBe('CONNECT board.test:443')
  proxy.refuseWith(403)
  const refused = await type(`get ${NAMESPACE}`, env)
  expect(refused.stderr).toContain(
    'the proxy that HTTPS_PROXY names refused the connection to the server (403)',
  )
  const gone = await type(`get ${NAMESPACE}`, { HTTP_PROXY: 'http://127.0.0.1:9' })
  expect(gone.status).toBe(5)
  expect(gone.stderr).toContain('the proxy that HTTP_PROXY names could not be reached (ECONNREFUSED)')
  for (const { stderr } of [closed, refused, gone]) expect(stderr).not.toMatch(/secret|127\.0\.0\.1/)
})

test('a board that is not found while a proxy is set is told with the variable, and not with its value', async () => {
  const { proxy, type } = await behindProxy()
  const port = String(proxy.port)
  const elsewhere = await type(`get ${NAMESPACE} --url http://other.test`)
  expect(elsewhere.status).toBe(5)
  expect(elsewhere.stderr).toContain('HTTP_PROXY is set')
  const nobody = await holdPort()
  onTestFinished(nobody.release)
  const direct = await type(`get ${NAMESPACE} --url http://0.0.0.0:${nobody.port}`, {
    HTTP_PROXY: `127.0.0.1:${port}`,
    NO_PROXY: '0.0.0.0',
  })
  expect(direct.status).toBe(5)
  expect(direct.stderr).toContain('check that the server runs')
  expect(direct.stderr).not.toContain('PROXY')
  for (const { stderr } of [elsewhere, direct]) expect(stderr).not.toContain(port)
  expect([...new Set(proxy.asked)]).toEqual([`GET http://other.test/v1/${NAMESPACE}/release.json`])
  const without = await type(`get ${NAMESPACE} --url http://0.0.0.0:${nobody.port}`, {})
  expect(without.stderr).toContain('check that the server runs')
  expect(without.stderr).not.toContain('PROXY')
})

test.each(['all_proxy', 'ALL_PROXY'])(
  'commands reach a board through the proxy that %s names, and a name that is not found is told with it',
  async variable => {
    const { proxy, store, type } = await behindProxy()
    await publish(store, { pool: 1 })
    const env = { [variable]: `http://127.0.0.1:${proxy.port}` }
    expect(await type(`get ${NAMESPACE}`, env)).toMatchObject({ status: 0 })
    const elsewhere = await type(`get ${NAMESPACE} --url http://other.test`, env)
    expect(elsewhere.status).toBe(5)
    expect(elsewhere.stderr).toContain(`${variable} is set`)
    expect(new Set(proxy.asked.map(line => line.split('/')[2]))).toEqual(
      new Set(['board.test:8420', 'other.test']),
    )
  },
)

test('a variable that names no proxy is refused by its name', async () => {
  const { type } = await behindProxy()
  const { status, stderr } = await type(`get ${NAMESPACE}`, { HTTP_PROXY: 'socks5://hidden.internal:1080' })
  expect(status).toBe(2)
  expect(stderr).toContain('HTTP_PROXY names no HTTP proxy')
  expect(stderr).not.toContain('hidden')
})

test.each([
  ['*', 'http://board.test', false],
  ['board.test', 'http://board.test', false],
  ['BOARD.test', 'http://board.test', false],
  ['board.test', 'http://a.board.test:8420', false],
  ['.board.test', 'http://board.test', false],
  ['*.board.test', 'http://a.board.test', false],
  ['oard.test', 'http://board.test', true],
  ['board.test:8420', 'http://board.test:8420', false],
  ['board.test:8420', 'http://board.test', true],
  ['board.test:80', 'http://board.test', false],
  ['a.test, b.test board.test', 'http://board.test', false],
  ['10.0.0.0/8', 'http://10.1.2.3:8420', false],
  ['10.0.0.0/8', 'http://11.1.2.3', true],
  ['0.0.0', 'http://10.0.0.0', true],
  ['10.1.2.3', 'http://10.1.2.3', false],
  ['fd00::/8', 'http://[fd12::1]', false],
  ['fd12::1', 'http://[fd12::1]:8420', false],
  ['10.0.0.0/99', 'http://10.0.0.0', true],
  ['', 'http://board.test', true],
  ['', 'http://localhost:8420', false],
  ['', 'http://127.0.0.1:8420', false],
  ['', 'http://[::1]:8420', false],
])('with NO_PROXY=%j, %s goes through the proxy: %s', (excluded, address, through) => {
  const find = readProxies({ HTTP_PROXY: 'http://proxy.test:3128', NO_PROXY: excluded })
  expect(find(new URL(address)) !== undefined).toBe(through)
})

test('each kind of address has its own variable, and small letters hold first', () => {
  const find = readProxies({
    HTTP_PROXY: 'http://a.test',
    http_proxy: 'http://b.test',
    HTTPS_PROXY: '',
    https_proxy: ' c.test:81 ',
  })
  expect(find(new URL('http://board.test'))).toMatchObject({
    variable: 'http_proxy',
    url: { host: 'b.test' },
  })
  expect(find(new URL('https://board.test'))).toMatchObject({
    variable: 'https_proxy',
    url: { host: 'c.test:81' },
  })
  const both = readProxies({
    HTTPS_PROXY: 'http://a.test',
    ALL_PROXY: 'http://b.test',
    all_proxy: 'http://c.test',
  })
  expect(both(new URL('https://board.test'))?.variable).toBe('HTTPS_PROXY')
  expect(both(new URL('http://board.test'))?.variable).toBe('all_proxy')
})
