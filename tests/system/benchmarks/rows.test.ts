import { readdir, readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { controlsAmong, makeRow, type Measured, type Row } from '../../../benchmarks/rows.js'
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
  [
    'a floor that was nothing in a round',
    { ...measured, floor: { title: 'node:net', rounds: [10, 0, 10, 10, 10] } },
    /noticeboard beside node:net is no number in each round: 10, 0, 10/,
  ],
  [
    'a peer to be held against that did not run',
    { ...measured, target: { most: 2, of: 'nats' } },
    /beside "nats", which did not run/,
  ],
  [
    'a control that is not seen',
    { ...measured, controls: [{ title: 'string each', rounds: rounds(15), least: 2, than: 'ours' }] },
    /string each was done badly on purpose, and that was not seen: 1\.36 x noticeboard, to be 2 at least/,
  ],
  [
    'a control that is not seen beside what it is held against',
    {
      ...measured,
      controls: [
        { title: 'listed', rounds: rounds(15), least: 2, than: { title: 'short', rounds: rounds(10) } },
      ],
    },
    /listed .* not seen: 1\.50 x short, to be 2/,
  ],
  [
    'a control that is not seen in the unit',
    { ...measured, controls: [{ title: 'lost', rounds: rounds(0), least: 1 }] },
    /lost .* not seen: 0\.00, to be 1/,
  ],
  [
    'a control that ran less often than is asked for',
    { ...measured, controls: [{ title: 'lost', rounds: [9, 9], least: 1 }] },
    /lost has 2 of 5 rounds/,
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

const wanted = {
  target: { most: 1.15, of: 'floor' },
  by: 'ws',
  because: 'nobody does less',
} as const

test('a target that a side of the same run contradicts is changed in the open, and told with what was wanted', () => {
  const changed = { ...measured, target: { most: 0.9, of: 'ws' }, wanted }
  const row = makeRow(changed, asked)
  expect(row).toMatchObject({
    isReached: true,
    target: { most: 0.9, of: 'ws' },
    wanted: wanted.target,
    because: 'nobody does less',
  })
  expect(row.reached).toBeCloseTo(11 / 13)
  const text = describeTargets([row, makeRow(measured, asked)], { leftOut: [] })
  expect(text).toContain('2 of 2 targets, by the medians; 1 of them changed, since a floor')
  expect(text).toContain('reached  a change: 0.85 x, to be 0.90 x "ws" or less')
  expect(text).toContain('         changed from 1.15 x the floor or less: nobody does less')
})

test('where nothing contradicts it in this run, what was wanted holds', () => {
  const peers = [{ title: 'ws', rounds: rounds(11.4) }]
  const row = makeRow({ ...measured, peers, target: { most: 0.5, of: 'ws' }, wanted }, asked)
  expect(row).toMatchObject({ isReached: true, target: wanted.target, wanted: undefined, because: undefined })
  expect(row.reached).toBeCloseTo(1.1)
  expect(describeTargets([row], { leftOut: [] })).not.toContain('changed')
})

const BEFORE = { what: 'the build in /before, version 0.0.9, commit 0123456789ab', without: [] }

test('the build before stands beside what was reached, by the same floor of the same run, and this build beside it', () => {
  const before = { title: 'before', rounds: rounds(22) }
  const row = makeRow({ ...measured, before }, asked)
  expect(row.before).toMatchObject({
    reached: 2.2,
    figure: { median: 22 },
    ratio: { median: 2.2 },
    beside: { median: 0.5, min: 0.5, max: 0.5 },
  })
  const text = describeTargets([row], { leftOut: [], before: BEFORE })
  expect(text).toContain('reached  a change: 1.10 x, before 2.20 x, to be 1.15 x the floor or less')
  expect(text).toMatch(/ before +22\.0 \(11\.0-44\.0\) ms, 2\.20 \(2\.20-2\.20\) x/)
  expect(text).toContain('this build is 0.50 (0.50-0.50) x the one before, round by round')
  expect(text).toContain('before: the build in /before, version 0.0.9, commit 0123456789ab, beside')
})

test('the same build beside itself is told as 1, of the unit as of the floor', () => {
  const before = { title: 'before', rounds: measured.ours.rounds }
  const target = { most: 12 } as const
  expect(makeRow({ ...measured, before }, asked).before).toMatchObject({
    reached: 1.1,
    beside: { median: 1 },
  })
  expect(makeRow({ ...measured, before, target }, asked).before).toMatchObject({ reached: 11 })
  const none = { title: 'noticeboard', rounds: rounds(0) }
  expect(makeRow({ ...measured, ours: none, before: none }, asked).before).toMatchObject({
    beside: undefined,
  })
})

test.each([
  ['could not do it', { problem: 'it has no deltas' }, 'before: it has no deltas'],
  ['lost a round', { title: 'before', rounds: [1, 2, 3, 4] }, 'before: it has 4 of 5 rounds'],
  [
    'had a round that is no number',
    { title: 'before', rounds: [1, 2, Number.NaN, 4, 5] },
    'before: it has 4 of 5 rounds',
  ],
] as const)('a build before that %s is told with why, and the others are told', (_, before, why) => {
  const row = makeRow({ ...measured, before }, asked)
  const text = describeTargets([row], { leftOut: [], before: BEFORE })
  expect(text).toContain('reached  a change: 1.10 x, before -, to be 1.15 x the floor or less')
  expect(text).toContain(why)
  expect(text).not.toContain('this build is')
})

test('a part that does not measure the build before says so, and its rows have none', () => {
  const without = [{ part: 'held', why: 'its shapes follow one another' }]
  const text = describeTargets([makeRow(measured, asked)], { leftOut: [], before: { ...BEFORE, without } })
  expect(text).toContain('a change: 1.10 x, before -, to be')
  expect(text).toContain('Not measured of it: held, since its shapes follow one another.')
  expect(describeTargets([makeRow(measured, asked)], { leftOut: [] })).not.toContain('before')
})

test('targets of our own are told after the others with why they are there, and do not count', () => {
  const own = {
    ...measured,
    name: 'another',
    own: 'not counted: why',
    target: { most: 1.05, of: 'floor' } as const,
  }
  const text = describeTargets(
    [own, measured].map(row => makeRow(row, asked)),
    { leftOut: [] },
  )
  expect(text).toMatch(
    /1 of 1 targets[^]*reached {2}a change[^]*Of targets of our own: 0 of 1[^]*MISSED {3}another[^]*\n {9}not counted: why\n/,
  )
})

test('a control that is seen is told with by how much, and one for which there is too little is not judged', () => {
  const controls = [{ title: 'string each', rounds: rounds(55).slice(0, 5), least: 2, than: 'ours' as const }]
  const row = makeRow({ ...measured, ...controlsAmong(500, controls), note: 'a word' }, asked)
  const text = describeTargets([row], { leftOut: [] })
  expect(text).toMatch(/string each +55\.0 \(27\.5-110\) ms, seen: 5\.00 x/)
  expect(text).toContain('\n         a word\n')
  expect(controlsAmong(499, controls)).toEqual({ note: expect.stringContaining('takes 500 streams') })
  expect(controlsAmong(500, controls, { bytes: 9_999 })).not.toHaveProperty('controls')
})

test('a part whose floor is not among its figures fails', () => {
  expect(() =>
    rowsOf('read', { rows: [{ title: 'config.current.pool.size', nanoseconds: { rounds: [] } }] }),
  ).toThrow('"object.pool.size, a plain property" did not run')
  expect(rowsOf('strategies', {})).toEqual([])
})

test('a server holds less than 1 KB of each of the most clients that reported, or misses its target', () => {
  const rowOf = (held: number): Row => {
    const [row] = rowsOf('registry', {
      rows: [
        { clients: 10_000, heldBytes: { rounds: rounds(2_000) }, keptBytes: { rounds: rounds(2_000) } },
        { clients: 100_000, heldBytes: { rounds: rounds(held) }, keptBytes: { rounds: rounds(2_000) } },
      ],
    })
    if (row === undefined) throw new Error('the registry has no row')
    return makeRow(row, asked)
  }
  expect(rowOf(600)).toMatchObject({ isReached: true, name: expect.stringContaining('100,000') })
  expect(rowOf(1_100)).toMatchObject({ isReached: false })
  expect(() => rowOf(1_900)).toThrow('each report kept besides')
})

test('a part whose control is not among its figures fails', () => {
  const { rows, ...figures } = stalledFigures({ grownMB: 1, beyond: 1 })
  expect(() => rowsOf('stalled', { ...figures, rows: rows.slice(0, -1) })).toThrow('"copies" did not run')
})

const told = (title: string, name: string, figures: Readonly<Record<string, number>>) => ({
  title,
  name,
  ...Object.fromEntries(
    Object.entries(figures).map(([figure, value]) => [figure, { rounds: rounds(value) }]),
  ),
})

const CONNECTING = ['noticeboard', 'noticeboard-resumed', 'net', 'shared', 'resumed', 'careless']
const CARELESS = { connectUs: 100, stranded: 100, residentKB: 100 }

const stalledFigures = (ours: { grownMB: number; beyond: number }) => ({
  stalled: 100,
  publishes: 60,
  leastSeenMB: 60,
  rows: [
    told('noticeboard', 'noticeboard', ours),
    told('reading', 'reading', { grownMB: 15 }),
    told('net', 'net', { grownMB: 10, beyond: 40 }),
    told('copies', 'copies', { grownMB: 200 }),
  ],
})

const clientFigures = ({ bundled = 1, lean = 1, pull = 1, hybrid = 1 }) => ({
  documentBytes: 20_480,
  rows: [
    ['a change, us, beside a bare hash and parse', 'the same, frozen, and written once more'],
    ['a poll, us, beside a bare fetch', 'the same, with a deadline and past caches'],
  ].map(([title = '', promised = '']) => ({
    ...told(title, title, { client: 1, bare: 1 }),
    promised: { title: promised, rounds: rounds(1) },
    tenfold: { title: 'ten', rounds: rounds(10) },
  })),
  heapBytes: {
    pull: { rounds: rounds(pull) },
    'pull-careless': { rounds: rounds(2 * pull) },
    hybrid: { rounds: rounds(hybrid) },
    'hybrid-careless': { rounds: rounds(2 * hybrid) },
    stream: { rounds: rounds(3_400) },
  },
  bundledBytes: { rounds: rounds(bundled) },
  leanBytes: { rounds: rounds(lean) },
  withSchemaBytes: { rounds: rounds(2 * bundled) },
})

test.each([
  [
    'a turn of the loop that is longer than 10 ms',
    'fanout',
    (turnMs: number) => ({
      connections: 5_000,
      documentBytes: 20_480,
      rows: ['noticeboard', 'net', 'shared', 'stringify'].map((name, index) =>
        told(name, name, {
          cpuMsPerThousand: index < 3 ? 10 : 60,
          lastMs: index < 3 ? 10 : 40,
          turnMs: index < 3 ? turnMs : 100,
        }),
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
      documentBytes: 20_480,
      rows: CONNECTING.map(name =>
        told(name, name, name === 'careless' ? CARELESS : { connectUs: 10, stranded, residentKB: 10 }),
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
      documentBytes: 20_480,
      rows: CONNECTING.map(name =>
        told(name, name, name === 'careless' ? CARELESS : { connectUs: 10, stranded: 0, residentKB }),
      ),
    }),
    /idle event stream/,
    11.3,
  ],
  [
    'readers that do not read and cost more than 20 MB',
    'stalled',
    (grownMB: number) => stalledFigures({ grownMB, beyond: 1 }),
    /do not read/,
    20,
  ],
  [
    'readers that catch up by more than one frame',
    'stalled',
    (beyond: number) => stalledFigures({ grownMB: 10, beyond }),
    /catch up/,
    1,
  ],
  [
    'a bundle of more than 16 KB, where that could be done',
    'client',
    (bytes: number) => clientFigures({ bundled: bytes, lean: 15_000 }),
    /bundled/,
    16_384,
  ],
  [
    'a bundle of more than what cannot be left out and a seventh, where 16 KB cannot be done',
    'client',
    (bytes: number) => clientFigures({ bundled: bytes, lean: 40_000 }),
    /bundled/,
    46_000,
  ],
  [
    'a heap of more than 25 KB with pull',
    'client',
    (bytes: number) => clientFigures({ pull: bytes }),
    /that pulls, beside/,
    25_000,
  ],
  [
    'a heap of more than 25 KB with hybrid',
    'client',
    (bytes: number) => clientFigures({ hybrid: bytes }),
    /with a stream beside it/,
    25_000,
  ],
] as const)('%s is missed', (_, part, figuresOf, name, most) => {
  const isReached = (value: number) =>
    rowsOf(part, figuresOf(value))
      .filter(row => name.test(row.name))
      .map(row => makeRow(row, asked).isReached)
  expect(isReached(most)).toEqual([true])
  expect(isReached(most + 1)).toEqual([false])
})

const fanOutFigures = {
  connections: 5_000,
  documentBytes: 20_480,
  rows: ['noticeboard', 'before', 'net', 'shared', 'stringify'].map(name =>
    told(name, name, { cpuMsPerThousand: 10, lastMs: 10, turnMs: 10 }),
  ),
}

const withClientsBefore = (before: unknown) => {
  const { rows, heapBytes, bundledBytes, ...figures } = clientFigures({})
  const ofBefore = { rounds: rounds(1) }
  return {
    ...figures,
    rows: rows.map(row => ({ ...row, ofBefore })),
    heapBytes: { ...heapBytes, 'pull-before': ofBefore, 'hybrid-before': ofBefore },
    bundledBytes: { ...bundledBytes, ofBefore },
    before: { heap: before, change: before, poll: before, page: before },
  }
}

const READS = [
  'object.pool.size, a plain property',
  'Number(process.env.POOL_SIZE)',
  'config.current.pool.size',
  'config.select(c => c.pool).current.size',
]

/** What a part measured, with the build before. */
const WITH_BEFORE: Readonly<Record<string, (before: unknown) => object>> = {
  fanout: before => ({ ...fanOutFigures, before }),
  connects: before => ({
    ...fanOutFigures,
    rows: [...CONNECTING, 'before', 'before-resumed'].map(name => told(name, name, CARELESS)),
    before,
  }),
  stalled: before => {
    const { rows, ...figures } = stalledFigures({ grownMB: 1, beyond: 1 })
    return { ...figures, rows: [...rows, told('before', 'before', { grownMB: 2, beyond: 2 })], before }
  },
  read: before => ({
    rows: [...READS, ...READS.map(title => `before: ${title}`)].map(title =>
      told(title, title, { nanoseconds: 1 }),
    ),
    before,
  }),
  poll: before => ({
    rows: ['noticeboard', 'before', 'node:http, answers ready', 'node:http, digests each time'].map(
      title => ({
        ...told(title, title, { cpuMicroseconds: 1 }),
        status: 304,
      }),
    ),
    before,
  }),
  client: withClientsBefore,
}

test.each(Object.keys(WITH_BEFORE))('every row of the part %s has the build before, or why not', part => {
  const rowsWith = (before: unknown) => rowsOf(part, WITH_BEFORE[part]!(before))
  expect(rowsWith({}).length).toBeGreaterThan(0)
  for (const { before } of rowsWith({}))
    expect(before).toEqual({ title: 'before', rounds: expect.any(Array) })
  for (const { before } of rowsWith({ problem: 'why' })) expect(before).toEqual({ problem: 'why' })
  for (const row of rowsWith(undefined)) expect(row).not.toHaveProperty('before')
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
