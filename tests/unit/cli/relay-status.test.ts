import { expect, onTestFinished, test } from 'vitest'
import type { Latest } from '../../../src/contracts/transport.js'
import { serve } from '../../../src/server/index.js'
import { sampleLog, type SampleRelease } from '../../../src/testing/conformance/fixture.js'
import { tokenBox } from '../../support/tokens.js'
import { commandLine, temporaryFolder, type Ran } from './command-line.js'

const namespace = 'checkout/prod'
const log = sampleLog(namespace)
const [older, newest] = [log.next(), log.next()] as [SampleRelease, SampleRelease]

/** A relay over a transport that only reads, of which tokens say who may look. */
async function relay({ guarded = true } = {}): Promise<{
  status(...args: string[]): Promise<Ran>
  goBackTo(release: SampleRelease): void
}> {
  let upstream = newest
  const transport = {
    name: 'a clone',
    latest: async (): Promise<Latest> => ({ type: 'release', bytes: upstream.bytes }),
    snapshot: async () => upstream.snapshot.bytes,
  }
  const box = tokenBox()
  const token = box.give({ name: 'ops', scopes: ['inspect'], namespaces: ['**'] })
  const server = await serve(transport, { ...(guarded && { tokens: box }), heartbeatMs: 1_000 })
  onTestFinished(() => server.close({ drainMs: 0, graceMs: 0 }))
  const env = { NOTICEBOARD_URL: server.url, NOTICEBOARD_TOKEN: token }
  const cwd = await temporaryFolder()
  return {
    status: (...args) => commandLine(['status', ...args], { cwd, env }),
    goBackTo: release => void (upstream = release),
  }
}

test('status of a relay shows what it reads, although a relay has no history', async () => {
  const { status } = await relay()
  const { status: code, stdout, stderr } = await status(namespace)
  expect([code, stderr]).toEqual([0, ''])
  expect(stdout).toMatch(/^checkout\/prod.*1-9f3a01bc:2/)
  expect(stdout).not.toContain('alarm')
})

test('status of a relay says that the history behind it went back', async () => {
  const { status, goBackTo } = await relay()
  // What nobody asks of a relay it does not look at.
  await status(namespace)
  goBackTo(older)
  await expect
    .poll(async () => (await status(namespace, '--check')).stdout, { timeout: 20_000, interval: 500 })
    .toMatch(/alarm board-behind: the board had 1-9f3a01bc:2 before, and ends at 1-9f3a01bc:1 now/)
  expect((await status(namespace, '--check')).status).toBe(9)
  goBackTo(newest)
  await expect
    .poll(async () => (await status(namespace)).stdout, { timeout: 20_000, interval: 500 })
    .not.toContain('alarm')
})

test('status of a relay without tokens says that nobody may look there, and what to do', async () => {
  const { status } = await relay({ guarded: false })
  const { status: code, stderr } = await status(namespace, '--check')
  expect(code).not.toBe(0)
  expect(stderr).toMatch(
    /shows no reports: a server without tokens shows them to nobody\. Start it with the option `tokens`/,
  )
})
