import { mkdtempSync, readFileSync } from 'node:fs'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { expect, inject, onTestFailed, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { readerOf, stepsOf } from './walkthrough.js'

/** A port at which nobody listens. */
async function freePort(): Promise<string> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return String(port)
}

test('the first hour of the README, typed in an empty folder, shows what the page shows', async () => {
  const steps = stepsOf(readFileSync(join(root, 'README.md'), 'utf8'), 'The first hour')
  const count = (type: string): number => steps.filter(step => step.type === type).length
  expect({ typed: count('typed') > 10, shown: count('shown') > 8, files: count('file') }).toEqual({
    typed: true,
    shown: true,
    files: 6,
  })
  const port = await freePort()
  await using reader = readerOf({
    folder: mkdtempSync(join(inject('outside'), 'first-hour-')),
    instead: [
      ['npm install noticeboard', `npm install --no-audit --no-fund ${inject('tarball')}`],
      ['noticeboard serve', `noticeboard serve --port ${port}`],
      ['127.0.0.1:4600', `127.0.0.1:${port}`],
    ],
  })
  onTestFailed(() => void process.stderr.write(reader.transcript()))
  for (const step of steps) await reader.follow(step)
}, 600_000)
