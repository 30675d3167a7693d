import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { makeRow, type Measured } from '../../../benchmarks/rows.js'
import { describeTargets } from '../../../benchmarks/table-of-targets.js'
import { rowsOf } from '../../../benchmarks/targets.js'

const asked = { leastRounds: 5 }
const rounds = (value: number): readonly number[] => [value * 2, value, value, value, value / 2]
const measured: Measured = {
  name: 'a change',
  unit: 'ms',
  ours: { title: 'noticeboard', rounds: rounds(11) },
  floor: { title: 'node:net', rounds: rounds(10) },
  peers: [{ title: 'ws', rounds: rounds(13) }],
  target: { most: 1.15, of: 'floor' },
}

test('a row has medians, ranges and ratios to its floor, round by round, and whether the median reaches the target', () => {
  const row = makeRow(measured, asked)
  expect(row.isReached).toBe(true)
  expect(row.ours.figure).toMatchObject({ median: 11, min: 5.5, max: 22 })
  expect(row.ours.ratio).toMatchObject({ median: 1.1, min: 1.1, max: 1.1 })
  expect(row.peers[0]?.ratio?.median).toBe(1.3)
  expect(makeRow({ ...measured, target: { most: 1.05, of: 'floor' } }, asked).isReached).toBe(false)
  expect(makeRow({ ...measured, target: { most: 11 } }, asked).isReached).toBe(true)
  expect(makeRow({ ...measured, target: { least: 12 } }, asked).isReached).toBe(false)
})

test.each([
  ['no floor', { ...measured, floor: undefined }, /floor, which did not run/],
  [
    'a floor without rounds',
    { ...measured, floor: { title: 'node:net', rounds: [] } },
    /node:net has 0 of 5 rounds/,
  ],
  [
    'a peer that ended early',
    { ...measured, peers: [{ title: 'ws', rounds: [1, 2] }] },
    /ws has 2 of 5 rounds/,
  ],
  [
    'a round that brought nothing',
    { ...measured, ours: { title: 'noticeboard', rounds: [1, 2, Number.NaN, 4, 5] } },
    /noticeboard has 4 of 5 rounds/,
  ],
  [
    'fewer rounds than are asked for',
    { ...measured, ours: { title: 'noticeboard', rounds: [1, 2, 3] } },
    /3 of 5/,
  ],
] as const)('a run with %s fails instead of telling a row', (_, row, problem) => {
  expect(() => makeRow(row as Measured, asked)).toThrow(problem)
})

test('the table names what was reached, what was missed, and what was not asked for', () => {
  const rows = [measured, { ...measured, name: 'another', target: { most: 1.05, of: 'floor' } as const }]
  const text = describeTargets(
    rows.map(row => makeRow(row, asked)),
    { leftOut: ['peers'] },
  )
  expect(text).toContain('1 of 2 targets')
  expect(text).toContain('reached  a change: 1.10 x, to be 1.15 x the floor or less')
  expect(text).toContain('MISSED   another: 1.10 x, to be 1.05 x the floor or less')
  expect(text).toMatch(/ws +13\.0 \(6\.50-26\.0\) ms, 1\.30 \(1\.30-1\.30\) x/)
  expect(text).toContain('Not asked for, and so not told: peers.')
})

test('a part whose floor is not among its figures fails', () => {
  expect(() =>
    rowsOf('read', { rows: [{ title: 'config.current.pool.size', nanoseconds: { rounds: [] } }] }),
  ).toThrow('"object.pool.size, a plain property" did not run')
  expect(rowsOf('registry', {})).toEqual([])
})

const told = (title: string, name: string, figures: Readonly<Record<string, number>>) => ({
  title,
  name,
  ...Object.fromEntries(
    Object.entries(figures).map(([figure, value]) => [figure, { rounds: rounds(value) }]),
  ),
})

test.each([
  [
    'a turn of the loop that is longer than 10 ms',
    'fanout',
    (turnMs: number) => ({
      connections: 5_000,
      documentBytes: 20_480,
      rows: ['noticeboard', 'net', 'shared'].map(name =>
        told(name, name, { cpuMsPerThousand: 10, lastMs: 10, turnMs }),
      ),
    }),
    /longest turn/,
    10,
  ],
  [
    'a stream that was never greeted',
    'connects',
    (stranded: number) => ({
      connections: 5_000,
      rows: ['noticeboard', 'noticeboard-resumed', 'net', 'shared'].map(name =>
        told(name, name, { connectUs: 10, stranded, residentKB: 10 }),
      ),
    }),
    /never greeted/,
    0,
  ],
  [
    'an idle stream of more than 11.3 KB',
    'connects',
    (residentKB: number) => ({
      connections: 5_000,
      rows: ['noticeboard', 'noticeboard-resumed', 'net', 'shared'].map(name =>
        told(name, name, { connectUs: 10, stranded: 0, residentKB }),
      ),
    }),
    /idle event stream/,
    11.3,
  ],
  [
    'readers that do not read and cost more than 20 MB',
    'stalled',
    (grownMB: number) => ({
      stalled: 100,
      publishes: 60,
      rows: ['noticeboard', 'net'].map(name => told(name, name, { grownMB })),
    }),
    /do not read/,
    20,
  ],
  [
    'a bundle of more than 16 KB',
    'client',
    (bytes: number) => ({
      rows: ['a change, us, beside a bare hash and parse', 'a poll, us, beside a bare fetch'].map(title =>
        told(title, title, { client: 1, bare: 1, promised: 1 }),
      ),
      heapBytes: { pull: { rounds: rounds(1) }, hybrid: { rounds: rounds(1) } },
      bundledBytes: { rounds: rounds(bytes) },
    }),
    /bundled/,
    16_384,
  ],
] as const)('%s is missed', (_, part, figuresOf, name, most) => {
  const isReached = (value: number) =>
    rowsOf(part, figuresOf(value))
      .filter(row => name.test(row.name))
      .map(row => makeRow(row, asked).isReached)
  expect(isReached(most)).toEqual([true])
  expect(isReached(most + 1)).toEqual([false])
})

test('the number of a table is that of its section in docs/benchmarks.md', async () => {
  const root = new URL('../../../', import.meta.url)
  const page = await readFile(new URL('docs/benchmarks.md', root), 'utf8')
  const sections = [...page.matchAll(/^## (\d+)\. /gm)].map(([, number]) => Number(number))
  const folder = new URL('benchmarks/', root)
  const sources = (await readdir(folder, { recursive: true })).filter(
    name => /^[^/]+\/[^/]+\.js$/.test(name) && !name.includes('node_modules'),
  )
  const texts = await Promise.all(sources.map(source => readFile(new URL(source, folder), 'utf8')))
  const printed = texts.flatMap(text =>
    [...text.matchAll(/`(\d+)\. [^`]/g)].map(([, number]) => Number(number)),
  )
  expect(printed.toSorted((a, b) => a - b)).toEqual(sections)
  expect(sections).toEqual(sections.map((_number, index) => index + 1))
})
