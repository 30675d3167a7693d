import { readdirSync, readFileSync, rmSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { root } from '../../scripts/entry-points.js'
import { start } from '../examples/program.js'

// The whole thing takes its time; everything here runs one demo after the other.
const limitMs = 110_000

interface Run {
  readonly status: number | string
  readonly output: string
  /** The folder that the demo names. */
  readonly folder: string
}

async function demo(...args: readonly string[]): Promise<Run> {
  const program = start([process.execPath, join(root, 'examples/demo/main.js'), ...args], { env: { NO_COLOR: '1' } })
  const status = await program.ended
  const events = /^events of every client: (.+)$/m.exec(program.output)?.[1] ?? ''
  const folder = dirname(events)
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }))
  return { status, output: program.output, folder }
}

const few = ['--clients', '4']

describe('the demo', () => {
  test('misses nobody, and leaves its event files and nothing else', { timeout: limitMs }, async () => {
    const { status, output, folder } = await demo(...few)
    expect(status, output).toBe(0)
    expect(output).toMatch(/^missed 0 {3}reads [\d,]+, 0 failed {3}.*processes 15 started, 0 left$/m)
    for (const line of output.slice(output.indexOf('what happened')).split('\n')) {
      if (/^.{29}(pull|push|hybrid)/.test(line)) expect(line).toMatch(/( 0 of \d+| -)$/)
    }
    expect(output).toContain('it: pool.size: ')
    expect(readdirSync(folder).sort()).toEqual(['events', 'stories.ndjson'])
    expect(readdirSync(join(folder, 'events'))).toHaveLength(12)
    const lines = readFileSync(join(folder, 'events/push-01.ndjson'), 'utf8').trim().split('\n')
    expect(lines.map(line => JSON.parse(line).event)).toEqual(
      expect.arrayContaining(['started', 'runs', 'refused', 'reads', 'counted']),
    )
  })

  test.each([
    ['watchdog', 'connections die silently'],
    ['sweep', 'a stale relay hides a change'],
    ['lkg', 'restarts, the server is down'],
  ])('without its %s misses clients when %s, and says so', { timeout: limitMs }, async (part, title) => {
    const { status, output } = await demo('--break', part, ...few)
    expect(status, output).toBe(1)
    expect(output).toMatch(/^missed [1-9]/m)
    const missed = rowsWithMissed(output)
    expect(missed.length).toBeGreaterThan(0)
    expect(missed.every(row => row.startsWith(title))).toBe(true)
  })

  test('ends all its processes when it is interrupted', { timeout: limitMs }, async () => {
    const program = start([process.execPath, join(root, 'examples/demo/main.js'), ...few])
    await program.line(/a change, 1 KB/)
    const children = childrenOf(program.pid)
    expect(children.length).toBeGreaterThanOrEqual(8)
    program.signal('SIGINT')
    expect(await program.ended).toBe(130)
    expect(children.filter(isRunning)).toEqual([])
    const folder = /^ +folder +(.+)$/m.exec(program.output)?.[1] ?? ''
    expect(readdirSync(folder)).not.toContain('board')
    rmSync(folder, { recursive: true })
  })

  test.each([['--break', 'everything'], ['--clients', '1'], ['--frobnicate']])('refuses %s %s', async (...args) => {
    const { status, output } = await demo(...args)
    expect(status).toBe(2)
    expect(output).toContain('usage: npm run demo')
  })
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
