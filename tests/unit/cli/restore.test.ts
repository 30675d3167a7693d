import { execFile } from 'node:child_process'
import { cp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from 'vitest'
import { parsePosition } from '../../../src/contracts/position.js'
import { http } from '../../../src/transports/http/index.js'
import { procedure, wordsOf } from '../../support/rehearsal.js'
import { reportOf } from '../../support/report-of.js'
import { temporaryFolder, type Ran } from './command-line.js'
import { served } from './served.js'

const never = new AbortController().signal

/** What rsync does, where it is not installed. */
async function synchronize(from: string, to: string): Promise<void> {
  await promisify(execFile)('rsync', ['-a', '--delete', `${from}/`, `${to}/`]).catch(async error => {
    if ((error as { code?: unknown }).code !== 'ENOENT') throw error
    for (const half of ['public', 'private']) {
      await rm(join(to, half), { recursive: true, force: true })
      await cp(join(from, half), join(to, half), { recursive: true, preserveTimestamps: true })
    }
  })
}

test('a backup is put back under a running server as docs/operations.md says, line by line', async () => {
  const cwd = await temporaryFolder()
  const [board, backup] = [join(cwd, 'board'), join(cwd, 'backup')]
  const server = await served({ cwd })
  const { url, noticeboard, publish } = server
  const type = async (line: string): Promise<Ran | undefined> => {
    const [program = '', ...args] = wordsOf(line)
    if (program === 'noticeboard') return noticeboard(...args)
    expect(line).toMatch(/^rsync -a --delete \S+\/ \S+\/$/)
    const [from = '', to = ''] = args
      .slice(2)
      .map(path => (path === '/var/lib/board/' ? board : path === '/var/backups/board/' ? backup : 'unknown'))
    await synchronize(from, to)
    return undefined
  }
  const [takeCopy = '', putBack = '', ...rest] = await procedure('A backup is put back')

  for (const pool of [1, 2, 3]) expect((await publish(pool)).status).toBe(0)
  await type(takeCopy)
  for (const pool of [4, 5]) expect((await publish(pool)).status).toBe(0)
  const status = (await noticeboard('status', 'checkout/prod')).stdout
  const seen = parsePosition(/\((\S+:5)\)/.exec(status)?.[1] ?? '')
  await http(url).report(
    [reportOf({ namespace: 'checkout/prod', instanceId: 'web-1', seen, applied: seen })],
    never,
  )
  await type(putBack)

  const refusals = [
    await publish(6),
    await noticeboard('rollback', 'checkout/prod', '--reason', 'away'),
    await noticeboard('kill', 'checkout/prod', '--patch', '{"pool":0}', '--reason', 'away'),
  ]
  for (const { status, stderr } of refusals) {
    expect([status, stderr]).toEqual([1, expect.stringContaining('error (store-damaged)')])
    expect(stderr).toContain('noticeboard epoch checkout/prod --reason')
  }
  expect(server.log.match(/went back/g)).toHaveLength(1)

  const outcomes: Ran[] = []
  for (const line of rest) outcomes.push((await type(line))!)
  const [all, history, epoch, after] = outcomes
  expect(outcomes.map(({ status }) => status)).toEqual([0, 0, 0, 0])
  const [headings = '', row = ''] = all!.stdout.split('\n').map(line => line.trim().split(/ {2,}/).join('|'))
  expect(headings).toContain('CURRENT|AHEAD|BEHIND')
  expect(row).toMatch(/^checkout\/prod\|3\|.*\|0\|1\|0\|0\|0\|0\|board-behind$/)
  expect(history!.stdout.trim().split('\n')).toHaveLength(4)
  expect(epoch!.stdout).toMatch(/published checkout\/prod version 1 \(2-/)
  expect(after!.stdout).not.toContain('alarm')
  expect((await publish(7)).status).toBe(0)
  expect(server.log.match(/went back/g)).toHaveLength(1)
}, 60_000)
