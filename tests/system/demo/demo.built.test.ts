import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { temporaryFolder } from '../../support/place.js'
import { start, type Program } from '../../support/program.js'
import { scaled } from '../../support/scale.js'

// The whole thing takes its time; everything here runs one demo after the other.
const limitMs = 300_000

interface Run {
  readonly status: number | string
  readonly output: string
  /** The folder that the demo names; removed with the test. */
  readonly folder: string
}

const startDemo = (args: readonly string[]): Program =>
  start([process.execPath, join(root, 'examples/demo/main.js'), ...args], {
    // The demo makes its folder there, so that one thing is removed whatever becomes of it.
    env: { NO_COLOR: '1', TMPDIR: temporaryFolder() },
  })

async function demo(...args: readonly string[]): Promise<Run> {
  const program = startDemo(args)
  const status = await program.ended
  return { status, output: program.output, folder: folderIn(program.output) }
}

function folderIn(output: string): string {
  return /^ +folder +(.+)$/m.exec(output)?.[1] ?? ''
}

const few = ['--clients', '4']

/**
 * What the demo can be run without. All of them together take a minute, so `.ci/run` runs it
 * without each.
 */
const BREAKS = (
  [
    ['watchdog', 'silence', 'connections die silently'],
    ['sweep', 'relay', 'a stale relay hides a change'],
    ['lkg', 'outage', 'restarts, the server is down'],
  ] as const
).slice(0, scaled({ share: 0, whole: 3 }))

describe('the demo', () => {
  // Once more if it fails: the bounds are times, and here the machine runs other tests beside it.
  test(
    'misses nobody, and leaves its event files and nothing else',
    { timeout: limitMs, retry: 1 },
    async () => {
      const { status, output, folder } = await demo(...few)
      expect(status, output).toBe(0)
      expect(output).toMatch(/^missed 0 {3}reads [\d,]+, 0 failed {3}.*processes 15 started, 0 left$/m)
      for (const line of output.slice(output.indexOf('what happened')).split('\n')) {
        if (/^.{29}(pull|push|hybrid)/.test(line)) expect(line).toMatch(/( 0 of \d+| -)$/)
      }
      expect(output).toContain('the publisher refuses it: pool.size: ')
      expect(output).toContain(`events of every client: ${join(folder, 'events')}`)
      expect(readdirSync(folder).sort()).toEqual(['events', 'stories.ndjson'])
      expect(readdirSync(join(folder, 'events'))).toHaveLength(12)
      const lines = readFileSync(join(folder, 'events/push-01.ndjson'), 'utf8').trim().split('\n')
      expect(lines.map(line => JSON.parse(line).event)).toEqual(
        expect.arrayContaining(['started', 'runs', 'refused', 'reads', 'counted']),
      )
    },
  )

  test.each(BREAKS)(
    'without its %s misses clients in the story of the %s, and says so',
    { timeout: limitMs },
    async (part, story, title) => {
      const { status, output } = await demo('--break', part, '--only', story, ...few)
      expect(status, output).toBe(1)
      expect(output).toMatch(/^missed [1-9]/m)
      const missed = rowsWithMissed(output)
      expect(missed.length).toBeGreaterThan(0)
      expect(missed.every(row => row.startsWith(title))).toBe(true)
    },
  )

  test('ends all its processes when it is interrupted', { timeout: limitMs }, async () => {
    const program = startDemo(few)
    await program.line(/a change, 1 KB/)
    const children = childrenOf(program.pid)
    expect(children.length).toBeGreaterThanOrEqual(8)
    program.signal('SIGINT')
    expect(await program.ended).toBe(130)
    expect(children.filter(isRunning)).toEqual([])
    expect(readdirSync(folderIn(program.output))).toEqual(['events', 'stories.ndjson'])
  })

  test.each(['--break=everything', '--clients=1', '--only=nothing', '--frobnicate'])(
    'refuses %s',
    async option => {
      const { status, output } = await demo(option)
      expect(status).toBe(2)
      expect(output).toContain('usage: npm run demo')
    },
  )
})

/** Title and strategy of the rows of the table in which somebody was missed. */
function rowsWithMissed(output: string): string[] {
  const rows: string[] = []
  let title = ''
  for (const line of output.slice(output.indexOf('what happened')).split('\n')) {
    if (!/^.{29}(pull|push|hybrid)/.test(line)) continue
    title = line.slice(0, 29).trim() || title
    if (/ [1-9]\d* of \d+$/.test(line)) rows.push(`${title} ${line.slice(29, 36).trim()}`)
  }
  return rows
}

/** Ids of the processes that a process started. Linux only, as CI is. */
function childrenOf(pid: number): number[] {
  const text = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
  return text.split(' ').filter(Boolean).map(Number)
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    // No such process: it has ended.
    return false
  }
}
