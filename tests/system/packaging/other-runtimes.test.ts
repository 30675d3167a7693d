import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { build } from 'esbuild'
import { beforeAll, expect, inject, onTestFinished, test, type TestContext } from 'vitest'
import { createPublisher, everyone } from '../../../src/index.js'
import { createHandler } from '../../../src/server/index.js'
import { anything } from '../../../src/core/schema/anything.js'
import { memory } from '../../../src/transports/memory.js'
import { HOW_TO_HAVE_CHROMIUM, hasChromium, startChromium } from '../../support/chromium.js'
import { denseText } from '../../support/large-documents.js'
import { tapWire, type WireTap } from '../../support/wire-tap.js'
import { runCommand } from './run-command.js'

const workspace = inject('workspace')
const project = join(workspace, 'projects/runtimes')

/** What a program told its board. */
interface Told {
  readonly first?: readonly number[]
  readonly last?: { readonly sizes: readonly number[]; readonly statuses: readonly string[] }
}

/**
 * A board whose document changes once a program has read it, with a page for browsers, and what went
 * over the wire.
 */
async function changingBoard(
  page = '',
): Promise<{ readonly url: string; readonly told: Promise<Told>; readonly wire: WireTap }> {
  const store = memory()
  const publisher = createPublisher({ namespace: 'shop/prod', schema: anything, store })
  const publish = (size: number): Promise<unknown> =>
    publisher.publish({ pool: { size }, padding: denseText(size) }, { rollout: everyone(), reason: 'a test' })
  await publish(20)
  const handler = createHandler(store, { heartbeatMs: 500 })
  let said: Told = {}
  let tell = (_told: Told): void => {}
  const told = new Promise<Told>(resolve => (tell = resolve))
  const server = createServer((req, res) => {
    const path = req.url?.slice(1)
    if (path === '') return void res.setHeader('content-type', 'text/html').end(page)
    if (req.method !== 'POST' || (path !== 'first' && path !== 'last')) return handler.node(req, res)
    void text(req).then(async body => {
      said = { ...said, [path]: JSON.parse(body) }
      res.end()
      if (path === 'first') await publish(200)
      else tell(said)
    })
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  onTestFinished(async () => {
    await publisher.close()
    await handler.close({ drainMs: 0 })
    server.closeAllConnections()
    server.close()
  })
  const wire = await tapWire(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
  return { url: wire.url, told, wire }
}

/**
 * Both versions went over an event stream that says gzip, in fewer bytes than they have; and over no
 * other one.
 */
function expectCompressed(wire: WireTap): void {
  const whole = [20, 200].map(size => denseText(size))
  const withDocuments = wire
    .streams()
    .filter(({ text: events }) => whole.some(padding => events.includes(padding)))
  expect(withDocuments.length).toBeGreaterThan(0)
  for (const { head, bytes, text: events } of withDocuments) {
    expect(head).toContain('content-encoding: gzip')
    expect(whole.map(padding => events.includes(padding))).toEqual([true, true])
    expect(bytes).toBeLessThan(0.9 * whole.join('').length)
  }
}

/** Leaves a test out where its runtime cannot be had, unless nothing may be left out. */
function needs(isThere: boolean, how: string, context: TestContext): void {
  if (isThere) return
  if (process.env['NOTICEBOARD_NO_SKIP'] === '1') throw new Error(how)
  context.skip(how)
}

const EVERYTHING: Told = {
  first: [20, 20, 20, 20],
  last: { sizes: [200, 200, 200, 200], statuses: ['ready', 'ready', 'ready', 'ready'] },
}

const DENO = ['run', '--allow-net', '--allow-env', '--allow-read', '--allow-sys', '--node-modules-dir=manual']

beforeAll(async () => {
  // Whether that went well shows when they are run.
  await runCommand(['npm', 'install', '--no-save', '--no-audit', '--no-fund', 'bun@1', 'deno@2'], {
    cwd: workspace,
    timeoutMs: 240_000,
  })
}, 250_000)

for (const [name, program, args] of [
  ['Node', process.execPath, []],
  ['Bun', 'bun', ['run']],
  ['Deno', 'deno', DENO],
] as const) {
  test(`clients of every strategy follow a board under ${name}, and their process ends`, async context => {
    // Where it has no path, it was installed.
    const path = resolve(workspace, 'node_modules/.bin', program)
    const version = await runCommand([path, '--version'], { cwd: workspace })
    needs(version.code === 0, `${name} cannot be installed here: npm install ${program}`, context)
    const board = await changingBoard()
    const ran = await runCommand([path, ...args, 'main.js', board.url], { cwd: project })
    expect({ code: ran.code, stdout: ran.stdout }, ran.stderr).toEqual({ code: 0, stdout: '' })
    expect(await board.told).toEqual(EVERYTHING)
    expectCompressed(board.wire)
  })
}

test('clients of every strategy follow a board in a page of Chromium', async context => {
  needs(hasChromium(), HOW_TO_HAVE_CHROMIUM, context)
  const { outputFiles } = await build({
    stdin: {
      contents: "import { follow } from './follow.js'\nfollow(location.origin)",
      resolveDir: project,
    },
    bundle: true,
    platform: 'browser',
    format: 'esm',
    write: false,
    logLevel: 'silent',
  })
  const board = await changingBoard(`<script type="module">${outputFiles[0]?.text}</script>`)
  const browser = startChromium([board.url])
  onTestFinished(() => browser.close())
  expect(await board.told).toEqual(EVERYTHING)
  expectCompressed(board.wire)
})
