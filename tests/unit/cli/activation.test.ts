import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { anything } from '../../../src/core/schema/anything.js'
import { fileStore } from '../../../src/node/index.js'
import { createPublisher } from '../../../src/publisher/index.js'
import { timed } from '../../../src/rollouts/index.js'
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
  await writeFile(join(cwd, 'three.json'), '{"a":3}')
  const pass = (ms: number): void => void (nowMs += ms)
  const rowsOf = async (...args: readonly string[]): Promise<readonly string[]> =>
    (await run(...args, '--board', 'board')).stdout.trim().split('\n').slice(1)
  /** Publishes `two.json`, unless another file comes first. */
  const publish = (...args: readonly string[]): Promise<Ran> =>
    run('publish', ...(args[0]?.endsWith('.json') ? args : ['two.json', ...args]), ...why)
  /** Begins to publish `{"a":2}` in stages, which nobody moves on. */
  const publishStaged = async (options: { readonly activateAt?: Date } = {}): Promise<void> => {
    const system = { clock: { ...systemClock, now: () => nowMs } }
    const store = fileStore(join(cwd, 'board'), { system })
    const publisher = createPublisher({ namespace: 'checkout/prod', schema: anything, store, system })
    await publisher.publish({ a: 2 }, { rollout: timed(), reason: 'smaller', drive: true, ...options })
    await publisher.close()
    await store.close()
  }
  return { pass, run, rowsOf, publish, publishStaged }
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
    expect(stderr).toContain('--activate-at is in the past: 2026-11-21 08:00:00Z, 1 h ago')
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
    expect((await run('history', '--board', 'board')).stdout).not.toMatch(/in force/i)
  })

  test('history says of a version that was rolled back or replaced while it waited that it never was in force', async () => {
    const { pass, publish, rowsOf, run } = await desk()
    await publish('--activate-at', '+1h')
    pass(60_000)
    expect((await run('rollback', '--reason', 'not yet', '--board', 'board')).status).toBe(0)
    await publish('--activate-at', '+2h', '--readmit', 'it was right')
    pass(60_000)
    expect((await publish('one.json')).status).toBe(0)
    const [replacing, replaced, back, rolledBack] = await rowsOf('history')
    expect(replaced).toMatch(/never: 1-\w{8}:5 came before 2026-11-21 11:01:00Z/)
    expect(rolledBack).toMatch(/never: 1-\w{8}:3 came before 2026-11-21 10:00:00Z/)
    for (const row of [replacing, back]) expect(row).not.toMatch(/never| in \d/)
  })

  test('a version that came into force before the next one shows when, and one that is said again still waits', async () => {
    const { pass, publish, rowsOf, run } = await desk()
    await publish('--activate-at', '+1h')
    const again = ['--digest', '7e8059f4', '--reason', 'the driver was to blame', '--board', 'board']
    expect((await run('readmit', ...again)).status).toBe(0)
    const waiting = await rowsOf('history')
    expect(waiting.filter(row => row.includes('2026-11-21 10:00:00Z, in 1 h'))).toHaveLength(2)
    pass(7_200_000)
    await publish('one.json')
    const ran = await rowsOf('history')
    expect(ran.filter(row => row.includes('2026-11-21 10:00:00Z, 1 h ago'))).toHaveLength(2)
  })

  test('stages that were aborted switch at no time any more', async () => {
    const { publishStaged, rowsOf, run } = await desk()
    await publishStaged({ activateAt: new Date(NOW + 10_800_000) })
    expect((await run('status', '--board', 'board')).stdout).toContain('the last stage switches together')
    const aborted = await run('rollout', 'abort', '--reason', 'x', '--board', 'board')
    expect(aborted.stdout).toContain('aborted checkout/prod from version 2 to version 1')
    expect(aborted.stdout).not.toContain('switches together')
    expect((await run('status', '--board', 'board')).stdout).not.toContain('switches together')
    const [abort, begun] = await rowsOf('history')
    expect(abort).not.toMatch(/ in \d| ago|never/)
    expect(begun).toMatch(/never: 1-\w{8}:3 came before 2026-11-21 12:00:00Z/)
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

  test('prints no version that was replaced before its time', async () => {
    const { pass, publish, run } = await desk()
    await publish('--activate-at', '+30min')
    pass(60_000)
    await publish('three.json', '--activate-at', '+2h')
    pass(3_600_000)
    const { stdout, stderr } = await run('get', '--board', 'board')
    expect([stdout, stderr]).toEqual(['{"a":1}', expect.stringContaining('version 3 waits')])
  })
})

describe('status and history, while a version goes out in stages', () => {
  test('name the version that is to come beside the one that everybody else runs', async () => {
    const { publishStaged, rowsOf, run } = await desk()
    await publishStaged()
    const status = (await run('status', '--board', 'board')).stdout
    expect(status).toMatch(/^checkout\/prod: version 1 \(.*:1\) \w{12}, publish .*: x$/m)
    expect(status).toMatch(
      /^in stages: version 2 \(.*:2\) \w{12}, publish .*: smaller; noticeboard rollout show says more$/m,
    )
    const [begun, first] = await rowsOf('history')
    expect(begun).toMatch(/^ +2 .* version 1 \w{12} .*smaller$/)
    expect(first).toMatch(/^ +1 /)
    expect(first).not.toContain('version')
    const [newest] = (await run('history', '--board', 'board', '--json')).stdout.split('\n')
    expect(JSON.parse(newest ?? '')).toMatchObject({ version: 1, candidate: { version: 2 } })
  })

  test('leave its own time and reason to each of the two, also after a step of the rollout', async () => {
    const { publishStaged, pass, run } = await desk()
    pass(60_000)
    await publishStaged()
    pass(60_000)
    const why = ['--reason', 'lunch', '--board', 'board']
    expect((await run('rollout', 'pause', ...why)).status).toBe(0)
    expect((await run('status', '--board', 'board')).stdout.split('\n').slice(0, 2)).toEqual([
      expect.stringMatching(/^checkout\/prod: version 1 .*, publish 2026-11-21 09:00:00Z: x$/),
      expect.stringMatching(/^in stages: version 2 .*, publish 2026-11-21 09:01:00Z: smaller; /),
    ])
    const [paused] = (await run('history', '--board', 'board')).stdout.trim().split('\n').slice(1)
    expect(paused).toMatch(/^ +2 .* pause .* version 1 \w{12} .*lunch$/)
    const { stdout } = await run('status', '--board', 'board', '--json')
    expect(JSON.parse(stdout)).toMatchObject({ newest: { version: 1, candidate: { version: 2 } } })
  })
})

describe('what a rollout tries', () => {
  test('is read and compared by its version while the rollout goes on, and afterwards', async () => {
    const { publishStaged, run } = await desk()
    await publishStaged()
    const look = async () => {
      const changed = await run('diff', '1', '2', '--board', 'board')
      const read = await run('get', '--at', '2', '--board', 'board')
      return [changed.stdout, read.stdout]
    }
    expect(await look()).toEqual(['~ a: 1 -> 2\n', '{"a":2}'])
    expect((await run('get', '--at', '1', '--board', 'board')).stdout).toBe('{"a":1}')
    expect((await run('rollout', 'abort', '--reason', 'x', '--board', 'board')).status).toBe(0)
    expect(await look()).toEqual(['~ a: 1 -> 2\n', '{"a":2}'])
  })

  test('is what a plain diff compares with what is stable, and it says so', async () => {
    const { publishStaged, run } = await desk()
    await publishStaged()
    const { stdout, stderr } = await run('diff', '--board', 'board')
    expect(stdout).toBe('~ a: 1 -> 2\n')
    expect(stderr).toMatch(
      /^from version 1 \w{12}, which is stable, to version 2 \w{12}, which its rollout tries$/m,
    )
  })

  test('is no goal of a rollback, since it was never stable', async () => {
    const { publishStaged, run } = await desk()
    await publishStaged()
    await run('rollout', 'abort', '--reason', 'x', '--board', 'board')
    const { status, stderr } = await run('rollback', '--to', '2', '--reason', 'x', '--board', 'board')
    expect([status, stderr]).toEqual([
      1,
      expect.stringMatching(/version 2 of \S+ was tried by a rollout and never given to everyone: publish/),
    ])
  })
})
