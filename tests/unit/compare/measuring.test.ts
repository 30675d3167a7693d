import { readFile, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo, Socket } from 'node:net'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { measureCosts, recordedCosts } from '../../../src/compare/index.js'
import { isCosts } from '../../../src/compare/costs/costs.js'
import { startServer } from '../../../src/compare/run/server-process.js'
import { countWireBytes } from '../../../src/compare/run/wire-bytes.js'
import { temporaryFolder } from '../../support/board-kit.js'

/** A server whose connections are kept alive, and what passed over them as it saw it. */
async function listening(): Promise<{ readonly url: string; bytes(): number }> {
  const sockets = new Set<Socket>()
  const server = createServer((_, response) => response.end('x'.repeat(1_000)))
  server.on('connection', socket => void sockets.add(socket))
  server.keepAliveTimeout = 60_000
  await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    bytes: () => [...sockets].reduce((sum, { bytesRead, bytesWritten }) => sum + bytesRead + bytesWritten, 0),
  }
}

async function get(url: string, headers: Record<string, string> = {}): Promise<void> {
  await (await fetch(url, { headers })).text()
}

test('every byte of a request and its answer is counted, headers included, of open and of closed connections', async () => {
  const { url, bytes } = await listening()
  const wire = countWireBytes()
  onTestFinished(() => wire.stop())
  await get(url, { connection: 'close' })
  expect(wire.read()).toBe(bytes())
  expect(wire.read()).toBeGreaterThan(1_000)
  await get(url)
  await get(url)
  expect(wire.read()).toBe(bytes())

  wire.stop()
  const counted = wire.read()
  const other = await listening()
  await get(other.url)
  expect(other.bytes()).toBeGreaterThan(1_000)
  expect(wire.read()).toBe(counted)
})

test('a server that does not start is told as such, and leaves no folder behind', async () => {
  const folder = await temporaryFolder()
  const cli = join(folder, 'cli.mjs')
  await writeFile(
    cli,
    `import { writeFileSync } from 'node:fs'
writeFileSync(new URL('folder', import.meta.url), process.argv[4])
process.exit(1)
`,
  )
  await expect(startServer(cli)).rejects.toMatchObject({ code: 'unavailable' })
  const { signal } = new AbortController()
  await expect(measureCosts({ cli, signal })).rejects.toMatchObject({ code: 'unavailable' })
  // Where its board was to be.
  const board = await readFile(join(folder, 'folder'), 'utf8')
  await expect(stat(board)).rejects.toMatchObject({ code: 'ENOENT' })
})

test('nothing is started once the signal has aborted', async () => {
  const signal = AbortSignal.abort()
  const measuring = measureCosts({ cli: '/nowhere/main.js', signal })
  await expect(measuring).rejects.toBe(signal.reason)
})

test('costs are what they say they are', () => {
  expect(isCosts(recordedCosts)).toBe(true)
  expect(isCosts(JSON.parse(JSON.stringify(recordedCosts)))).toBe(true)
  // What was saved before there were deltas.
  expect(isCosts({ ...recordedCosts, making: undefined })).toBe(true)
  const { kinds, measured } = recordedCosts
  for (const wrong of [
    undefined,
    [],
    { ...recordedCosts, v: 2 },
    { ...recordedCosts, making: { delta: { ms: 1, msPerKB: 0 } } },
    { ...recordedCosts, sharing: { connectionMs: 1 } },
    { ...recordedCosts, kinds: { ...kinds, delta: { serverMs: -1, bytes: 1 } } },
    { ...recordedCosts, changeMs: -1 },
    { ...recordedCosts, changeMs: '1' },
    { ...recordedCosts, measured: { ...measured, on: 5 } },
    { ...recordedCosts, memory: { base: 1, perStream: 1 } },
    { ...recordedCosts, kinds: { ...kinds, mark: undefined } },
    { ...recordedCosts, kinds: { ...kinds, mark: { serverMs: Number.NaN, bytes: 1 } } },
  ])
    expect(isCosts(wrong)).toBe(false)
})
