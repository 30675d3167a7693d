import { spawn, spawnSync } from 'node:child_process'
import { chmod, readFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { everyone } from '../../../src/publisher/index.js'
import { openBoard } from '../../support/place.js'
import { blocksOf } from '../project/page-pieces.js'
import { workspace, type Workspace } from './workspace.js'

const PAGE = 'docs/other-languages.md'
const schema = z.object({ pool: z.object({ size: z.number() }) })

/**
 * Starts a program of the page, and whatever it starts; all of it ends with the test. Returns what
 * waits for a line.
 */
function started(user: Workspace, command: readonly [string, ...string[]], env: Record<string, string>) {
  const [file, ...args] = command
  const child = spawn(file, args, {
    cwd: user.folder,
    env: { ...process.env, ...env, PATH: `${user.folder}/node_modules/.bin:${process.env['PATH']}` },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  })
  const closed = new Promise<void>(resolve => child.once('close', () => resolve()))
  onTestFinished(async () => {
    if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
    await closed
  })
  const lines: string[] = []
  let look = (): void => {}
  for (const stream of [child.stdout, child.stderr])
    createInterface({ input: stream }).on('line', line => {
      lines.push(line)
      look()
    })
  return (pattern: RegExp): Promise<string> =>
    new Promise((resolve, reject) => {
      look = () => {
        const found = lines.find(line => pattern.test(line))
        if (found !== undefined) resolve(found)
      }
      void closed.then(() => reject(new Error(`it ended: ${lines.join('\n')}`)))
      look()
    })
}

/** A board with a first version, and what publishes the next one. */
async function published() {
  const { server, publisher } = await openBoard()
  const publish = async (size: number): Promise<void> => {
    await publisher('checkout/prod', schema).publish(
      { pool: { size } },
      { rollout: everyone(), reason: 'a test' },
    )
  }
  await publish(10)
  return { server, publish }
}

// may be skipped: what is missing is said, with the line that installs it.
const noPython = spawnSync('python3', ['--version']).status !== 0
if (noPython) process.stderr.write('skipped: python3 is not installed: apt-get install python3\n')

test.skipIf(noPython)(
  'the Python of the page follows a board, and keeps what it has while the server is away',
  async () => {
    await using user = await workspace()
    const { server, publish } = await published()
    const [program = ''] = blocksOf(PAGE, 'python')
    expect(program).toContain('http://127.0.0.1:4600')
    await user.write(
      'follow.py',
      program.replace('http://127.0.0.1:4600', server.url).replace('time.sleep(10)', 'time.sleep(0.1)'),
    )
    const line = started(user, ['python3', 'follow.py'], { no_proxy: '127.0.0.1' })
    await line(/^the pool has 10 connections$/)
    await publish(80)
    await line(/^the pool has 80 connections$/)
    await server.close({ drainMs: 0 })
    await line(/^what ran goes on: .*(refused|reset|closed)/i)
  },
)

test.skipIf(noPython)('the Python of the page reads releases as the command tells them', async () => {
  await using user = await workspace()
  const { server, publish } = await published()
  const [, program = ''] = blocksOf(PAGE, 'python')
  expect(program.split('\n').filter(line => line !== '').length).toBeLessThanOrEqual(9)
  await user.write('follow.py', program)
  const line = started(user, ['python3', 'follow.py'], { NOTICEBOARD_URL: server.url, NO_COLOR: '1' })
  await line(/^version 1 has 10 connections$/)
  await publish(80)
  await line(/^version 2 has 80 connections$/)
})

test('the shell of the page writes a file and reloads with each release', async () => {
  await using user = await workspace()
  const { server, publish } = await published()
  const [script = ''] = blocksOf(PAGE, 'sh')
  await user.write('reload', '#!/bin/sh\ncat release.json\n')
  await chmod(join(user.folder, 'reload'), 0o755)
  const line = started(user, ['sh', '-c', script], { NOTICEBOARD_URL: server.url, NO_COLOR: '1' })
  expect(JSON.parse(await line(/"version":1\b/))).toMatchObject({
    namespace: 'checkout/prod',
    cause: 'publish',
    document: { pool: { size: 10 } },
  })
  await publish(80)
  const second = await line(/"version":2\b/)
  expect(JSON.parse(second)).toMatchObject({ version: 2, document: { pool: { size: 80 } } })
  expect((await readFile(join(user.folder, 'release.json'), 'utf8')).trim()).toBe(second)
})
