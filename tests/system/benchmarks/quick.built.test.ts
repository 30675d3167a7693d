import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect, onTestFinished, test } from 'vitest'
import { drawn } from '../../support/scale.js'

const program = fileURLToPath(new URL('../../../benchmarks/main.js', import.meta.url))

/**
 * Runs the benchmarks in a process group of their own, so that whatever they leave behind is found.
 */
async function bench(
  args: readonly string[],
): Promise<{ status: number; out: string; complaints: string; left: readonly number[] }> {
  const child = spawn(process.execPath, [program, ...args], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const group = child.pid!
  onTestFinished(() => membersOf(group).forEach(pid => process.kill(pid, 'SIGKILL')))
  let out = ''
  let complaints = ''
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()))
  child.stderr.on('data', (chunk: Buffer) => (complaints += chunk.toString()))
  const [status] = (await once(child, 'close')) as [number]
  return { status, out, complaints, left: membersOf(group) }
}

/** The processes of a group; nothing where the system does not tell. */
function membersOf(group: number): readonly number[] {
  if (!existsSync('/proc/self/stat')) return []
  return readdirSync('/proc').flatMap(name => {
    if (!/^\d+$/.test(name)) return []
    try {
      const fields = readFileSync(`/proc/${name}/stat`, 'utf8').split(') ').at(-1)!.split(' ')
      return fields[0] !== 'Z' && Number(fields[2]) === group ? [Number(name)] : []
    } catch {
      // It ended meanwhile.
      return []
    }
  })
}

async function temporaryFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-bench-test-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const summary = {
  median: expect.any(Number),
  min: expect.any(Number),
  max: expect.any(Number),
  rounds: expect.any(Array),
}

/** What each part prints: its heading and a few rows. */
const PRINTED = {
  strategies: ['1. Three strategies', 'pull', 'push', 'hybrid'],
  fanout: ['2. A change of', 'node:net', 'noticeboard'],
  connects: ['event streams that open at once', 'node:http', 'noticeboard'],
  stalled: ['event streams, of which 100 do not read', 'node:net', 'noticeboard'],
  deltas: ['12. One key of 205 KB changed', 'noticeboard, a delta', 'noticeboard, the release alone'],
  encodings: ['13. 205 KB, compressed once', 'noticeboard, gzip', 'node:http, deflate each'],
  read: ['3. The read of one value', 'config.current.pool.size'],
  poll: ['4. A poll'],
  client: ['11. A client in a program', 'pull', 'a hybrid client'],
} as const satisfies Readonly<Record<string, readonly [heading: string, ...rows: readonly string[]]>>

/** One of them is drawn: each computes for some seconds. */
const PARTS = drawn(
  ['strategies', 'fanout', 'connects', 'stalled', 'deltas', 'encodings', 'read', 'poll', 'client'] as const,
  { share: 1 },
)

test(`a quick run of ${PARTS.join(', ')} prints a table for each part, writes every round down and leaves nothing running`, async () => {
  const folder = await temporaryFolder()
  const document = join(folder, 'document.yaml')
  const json = join(folder, 'figures.json')
  await writeFile(document, 'pool:\n  size: 10\nnames: [a, b, c]\n')
  const sizes = ['--clients', '3', '--connections', '20', '--changes-per-hour', '2']

  const { status, out, complaints, left } = await bench([
    '--quick',
    ...PARTS.flatMap(part => ['--only', part]),
    '--naive',
    '--document',
    document,
    ...sizes,
    '--json',
    json,
  ])
  expect(status, complaints).toBe(0)
  expect(left).toEqual([])
  expect(out.split('\n').filter(line => line.length > 100 && !line.includes(folder))).toEqual([])
  for (const part of PARTS) {
    const [heading, ...rows] = PRINTED[part]
    expect(out).toContain(heading)
    for (const row of rows) expect(out).toMatch(new RegExp(`^${row}.* \\d`, 'm'))
  }

  const { parts, ...run } = JSON.parse(await readFile(json, 'utf8'))
  expect(Object.keys(parts)).toEqual(PARTS)
  expect(run).toMatchObject({
    v: 1,
    command: expect.stringContaining('--quick'),
    processesLeft: 0,
    asked: { clients: 3, connections: 20, changesPerHour: 2 },
    machine: {
      processors: expect.any(Number),
      loadBefore: expect.any(Number),
      loadAfter: expect.any(Number),
    },
  })
  if (parts.strategies !== undefined) {
    expect(out).toContain('extrapolated')
    expect(out).toContain('shortened')
    judgeStrategies(parts.strategies.rows)
  }
  if (parts.fanout !== undefined) judgeFanOut(parts.fanout.rows)
  if (parts.deltas !== undefined) {
    // Whoever has the document before is sent the release and a delta, which is made once for all.
    expect(parts.deltas.beyondRelease.max).toBeLessThanOrEqual(256)
    expect(parts.deltas.beyondRelease.min).toBeGreaterThan(100)
  }
  if (parts.encodings !== undefined) {
    const [whole, gzip] = parts.encodings.sides
    expect(gzip.bytes.max).toBeLessThan(whole.bytes.min / 5)
  }
  for (const row of parts.read?.rows ?? [])
    expect(row).toMatchObject({ title: expect.any(String), nanoseconds: summary })
  if (parts.poll !== undefined)
    expect(parts.poll.rows.map(({ status: code }: { status: number }) => code)).toEqual([
      304, 304, 304, 200, 200,
    ])
}, 400_000)

/** What the test reads of a row of the part `strategies`. */
interface StrategyRow {
  readonly strategy: string
  readonly change: unknown
  readonly allMs: { readonly min: number }
  readonly seenInLastChange: { readonly pointer?: number; readonly snapshot?: number }
}

function judgeStrategies(rows: readonly StrategyRow[]): void {
  expect(rows.map(({ strategy }) => strategy)).toEqual(['nobody', 'pull', 'push', 'hybrid'])
  for (const row of rows.slice(1)) {
    expect(row).toMatchObject({ clients: 3, halfMs: summary, almostAllMs: summary, allMs: summary })
    expect(row.change).toEqual({ requests: summary, bytes: summary, cpuMs: summary })
    expect(row.allMs.min).toBeGreaterThan(0)
  }
  // What a strategy is: only some of them fetch, and only some keep a stream.
  const [, pulling, pushing, hybrids] = rows
  expect(pulling?.seenInLastChange).toMatchObject({ pointer: expect.any(Number), snapshot: 3 })
  // The stream brings the snapshot along; only a look that comes before its word finds the release
  // by itself, and fetches.
  const { snapshot: fetched = 0, pointer: looks = 0 } = pushing?.seenInLastChange ?? {}
  expect(fetched).toBeLessThanOrEqual(looks)
  expect(hybrids?.seenInLastChange).toMatchObject({ snapshot: 3 })
}

function judgeFanOut(rows: readonly { readonly name: string; readonly bytesPerReader: number }[]): void {
  expect(rows.map(({ name }) => name)).toEqual(['noticeboard', 'net', 'shared', 'string', 'stringify'])
  // The same bytes, or the ratios would compare nothing. A sequence may have grown by a digit.
  const [own, floor, shared] = rows
  expect(shared!.bytesPerReader).toBe(floor!.bytesPerReader)
  expect(Math.abs(own!.bytesPerReader - floor!.bytesPerReader)).toBeLessThan(10)
  for (const row of rows)
    expect(row).toMatchObject({
      cpuMsPerThousand: summary,
      cpuRatio: summary,
      lastMs: summary,
      lastRatio: summary,
    })
}

test('what was asked for wrongly is told with the help, and status 2', async () => {
  const folder = await temporaryFolder()
  await writeFile(join(folder, 'list.json'), '[1]')
  for (const [args, told] of [
    [['--clients', 'many'], '--clients is a number'],
    [['--bytes', '10'], '--bytes is a number'],
    [
      ['--only', 'everything'],
      '--only is one of strategies, fanout, connects, stalled, deltas, encodings, read, poll',
    ],
    [['--document', join(folder, 'list.json')], 'an object at the top'],
    [['--document', 'x.json', '--bytes', '1000'], 'not both'],
    [['--fast'], '--fast'],
  ] as const) {
    const { status, complaints } = await bench(args)
    expect({ args, status }).toEqual({ args, status: 2 })
    expect(complaints).toContain(told)
    expect(complaints).toContain('npm run bench -- [options]')
  }
})

test('others that are not installed are named with what installs them, and nothing is told of them, nor of an older run in the file', async () => {
  const json = join(await temporaryFolder(), 'figures.json')
  await writeFile(json, '{"v":1}')
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [program, '--quick', '--only', 'peers', '--json', json],
    { env: { PATH: '' }, encoding: 'utf8' },
  )
  expect(existsSync(json)).toBe(false)
  expect(status).toBe(2)
  expect(stderr).toMatch(/peers are missing.*--without-peers.*redis-server, nats-server, etcd/)
  expect(stdout).toBe('')
})

test('an interrupted run ends with 130 and leaves nothing running, and no file of an older one', async () => {
  const json = join(await temporaryFolder(), 'figures.json')
  await writeFile(json, '{"v":1}')
  const args = ['--quick', '--only', 'fanout', '--connections', '20', '--json', json]
  const child = spawn(process.execPath, [program, ...args], {
    detached: true,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const group = child.pid!
  onTestFinished(() => membersOf(group).forEach(pid => process.kill(pid, 'SIGKILL')))
  const closed = once(child, 'close')
  await once(child.stderr, 'data')
  child.kill('SIGINT')
  expect((await closed)[0]).toBe(130)
  expect(membersOf(group)).toEqual([])
  expect(existsSync(json)).toBe(false)
})
