import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { systemClock } from '../../../src/system/system.js'
import { commandLine, temporaryFolder, type Ran } from './command-line.js'

const NOW = Date.parse('2026-11-21T09:00:00Z')

/** A board with version 1, at nine o'clock, and a command line there. */
async function desk() {
  const cwd = await temporaryFolder()
  let nowMs = NOW
  const run = (...args: readonly string[]): Promise<Ran> =>
    commandLine(args, {
      cwd,
      env: { NOTICEBOARD_NAMESPACE: 'checkout/prod' },
      system: { clock: { ...systemClock, now: () => nowMs } },
    })
  await writeFile(join(cwd, 'one.json'), '{"a":1}')
  await writeFile(join(cwd, 'two.json'), '{"a":2}')
  const why = ['--everyone', '--reason', 'x', '--board', 'board']
  expect((await run('publish', 'one.json', '--create', ...why)).status).toBe(0)
  const pass = (ms: number): void => void (nowMs += ms)
  return { pass, run, publish: (...args: readonly string[]) => run('publish', 'two.json', ...why, ...args) }
}

describe('--activate-at', () => {
  test.each([
    '10',
    'Dec 1',
    '2026-11-21',
    '2026-11-21T10:00:00+1',
    '2026-11-21T10:00:00+01:0',
    '2026-11-21T10:00:00+99:00',
    '2026-11-21T10:00:00',
    '2026-02-31T10:00:00Z',
    '2026-11-21T25:00:00Z',
    '+10',
    '+10m',
  ])('refuses %s, which is no instant', async written => {
    const { publish } = await desk()
    const { status, stderr } = await publish('--activate-at', written)
    expect(status).toBe(2)
    expect(stderr).toContain('a time with its zone, such as 2026-11-21T09:30:00Z')
  })

  test('refuses a time that is past, and says how long', async () => {
    const { publish } = await desk()
    const { status, stderr } = await publish('--activate-at', '2026-11-21T08:00:00Z')
    expect(status).toBe(2)
    expect(stderr).toContain('--activate-at is past: 2026-11-21 08:00:00Z, 1 h ago')
  })

  test.each([
    ['2026-11-21T10:30:00+01:00', '2026-11-21 09:30:00Z, in 30 min'],
    ['2026-11-21T10:30:00+0100', '2026-11-21 09:30:00Z, in 30 min'],
    ['2026-11-21T10:30:00+01', '2026-11-21 09:30:00Z, in 30 min'],
    ['2026-11-21T04:00:00-0530', '2026-11-21 09:30:00Z, in 30 min'],
    ['2026-11-21 10:30:00+01:00', '2026-11-21 09:30:00Z, in 30 min'],
    ['2026-11-21T09:30Z', '2026-11-21 09:30:00Z, in 30 min'],
    ['+90s', '2026-11-21 09:01:30Z, in 1 min 30 s'],
    ['+49h', '2026-11-23 10:00:00Z, in 2 d 1 h'],
    ['+2d', '2026-11-23 09:00:00Z, in 2 d'],
  ])('takes %s, and shows it with its distance', async (written, shown) => {
    const { publish, run } = await desk()
    expect((await publish('--activate-at', written, '--dry-run')).stdout).toContain(
      `clients switch together at ${shown}\n`,
    )
    expect((await publish('--activate-at', written)).stdout).toContain(
      `clients switch together at ${shown}\n`,
    )
    expect((await run('status', '--board', 'board')).stdout).toContain(
      `clients switch together at ${shown}\n`,
    )
    expect((await run('history', '--board', 'board')).stdout).toContain(shown)
  })

  test('is in what is printed as JSON', async () => {
    const { publish, run } = await desk()
    const activateAt = '2026-11-21T09:30:00.000Z'
    const at = ['--activate-at', '2026-11-21T09:30:00Z']
    expect(JSON.parse((await publish(...at, '--json')).stdout)).toMatchObject({ version: 2, activateAt })
    expect(JSON.parse((await run('status', '--board', 'board', '--json')).stdout)).toMatchObject({
      newest: { version: 2, activateAt },
    })
    const [newest, first] = (await run('history', '--board', 'board', '--json')).stdout.trim().split('\n')
    expect(JSON.parse(newest ?? '')).toMatchObject({ version: 2, activateAt })
    expect(JSON.parse(first ?? '')).not.toHaveProperty('activateAt')
  })

  test('history has no column for it while nothing waits or waited', async () => {
    const { run } = await desk()
    expect((await run('history', '--board', 'board')).stdout).not.toContain('in force')
  })
})

describe('get, while a version waits for its time', () => {
  test('prints what runs, and says what is to come', async () => {
    const { pass, publish, run } = await desk()
    await publish('--activate-at', '+30min')
    const before = await run('get', '--board', 'board')
    expect(before.stdout).toBe('{"a":1}')
    expect(before.stderr).toContain(
      'version 2 waits: clients switch to it at 2026-11-21 09:30:00Z, in 30 min',
    )
    expect((await run('get', '--board', 'board', '--at', '2')).stdout).toBe('{"a":2}')
    pass(1_800_000)
    const after = await run('get', '--board', 'board')
    expect([after.stdout, after.stderr]).toEqual(['{"a":2}', ''])
  })
})
