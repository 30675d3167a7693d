import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, realpath, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { expect, onTestFinished, test } from 'vitest'
import type { Position } from '../../../src/contracts/position.js'
import type { ClientReport } from '../../../src/contracts/report.js'
import { http } from '../../../src/transports/http/index.js'
import { reportOf } from '../../support/report-of.js'
import { never } from '../../support/server-fixtures.js'

const program = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url))
const namespace = 'checkout/prod'

/** A board that a process serves, with a first version, and the command line of its operator. */
async function served() {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'noticeboard-missing-')))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  const args = ['serve', '--create', '--board', 'board', '--port', '0', '--json']
  const server = spawn(process.execPath, [program, ...args], {
    cwd: folder,
    env: { PATH: process.env['PATH'] },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  onTestFinished(async () => {
    if (server.kill('SIGINT')) await once(server, 'close')
  })
  let said = ''
  while (!said.includes('\n')) said += String((await once(server.stdout, 'data'))[0])
  const { url, tokenFile } = JSON.parse(said) as { url: string; tokenFile: string }
  const env = { PATH: process.env['PATH'], NOTICEBOARD_URL: url, NOTICEBOARD_NAMESPACE: namespace }
  const noticeboard = async (...typed: readonly string[]): Promise<readonly string[]> => {
    const all = [program, ...typed, '--token-file', tokenFile]
    const { stdout } = await promisify(execFile)(process.execPath, all, { cwd: folder, env })
    return stdout.trim().split('\n')
  }
  await writeFile(join(folder, 'a.json'), '{"a":1}')
  const [published = ''] = await noticeboard(
    'publish',
    'a.json',
    '--everyone',
    '--reason',
    'the first',
    '--json',
  )
  const { position } = JSON.parse(published) as { position: Position }
  return { noticeboard, position, transport: http(url) }
}

const pod = (name: string, more: Partial<ClientReport>): ClientReport =>
  reportOf({
    namespace,
    instanceId: `i-${name}`,
    clientId: name,
    labels: { app: 'checkout', pod: name },
    ...more,
  })

test('pods that are gone are one row of status below the one that matters, --all and --missing-for list them, and fleet forget ends that', async () => {
  const { noticeboard, position, transport } = await served()
  const names = Array.from({ length: 12 }, (_, index) => `pod-${10 + index}`)
  // Who promises to report each millisecond is missing after ten seconds.
  const gone = names.map(name => pod(name, { nextReportWithinMs: 1 }))
  await transport.report(gone, never)
  await transport.report(
    [pod('pod-7', { phase: 'rejected', code: 'invalid-document', seen: position })],
    never,
  )
  const rowsOf = (lines: readonly string[]): readonly string[] => lines.slice(lines.indexOf('') + 2)

  await expect
    .poll(() => noticeboard('status'), { timeout: 60_000 })
    .toContainEqual(expect.stringMatching(/^fleet: .*12 missing/))
  const folded = await noticeboard('status')
  expect(rowsOf(folded)).toEqual([
    expect.stringMatching(/^rejected +pod-7 /),
    expect.stringMatching(/^missing +12 instances +- +app=checkout .* ago +--all lists them$/),
  ])
  const all = rowsOf(await noticeboard('status', '--all'))
  expect(all.flatMap(row => /^missing +(pod-\d\d) /.exec(row)?.[1] ?? []).toSorted()).toEqual(names)

  await expect
    .poll(() => noticeboard('status', '--missing-for', '1s').then(rowsOf), { timeout: 30_000 })
    .toHaveLength(12)
  expect(await noticeboard('status', '--missing-for', '2h')).not.toContain('')
  expect((await noticeboard('fleet', 'forget', '--missing-for', '2h')).join()).toBe(
    `${namespace}: 0 instances are forgotten`,
  )
  expect((await noticeboard('fleet', 'forget', '--missing-for', '1s')).join()).toBe(
    `${namespace}: 12 instances are forgotten`,
  )
  expect((await noticeboard('status')).join('\n')).not.toContain('missing')
})
