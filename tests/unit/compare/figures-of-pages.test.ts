import { readFileSync } from 'node:fs'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import {
  compare,
  hybridModel,
  predictBlast,
  pullModel,
  pushModel,
  recordedCosts,
  type Row,
} from '../../../src/compare/index.js'
import { FLEET } from './fleets.js'

/** A page in one line, so that it may be wrapped anywhere. */
const pageOf = (name: string): string => readFileSync(`${root}/docs/${name}`, 'utf8').replaceAll(/\s+/g, ' ')

test('choosing.md and operations.md have the recorded costs, rounded', () => {
  const { kinds, making } = recordedCosts
  const { delta, applied, encoding } = making ?? {}
  const of200KB = (cost: { ms: number; msPerKB: number } | undefined): number =>
    (cost?.ms ?? 0) + 200 * (cost?.msPerKB ?? 0)
  expect(pageOf('choosing.md')).toContain(
    `Making a delta from 200 KB is recorded with ${of200KB(delta).toFixed(1)} ms, encoding them with ` +
      `${of200KB(encoding).toFixed(1)} ms, and what a client makes of a delta with ${of200KB(applied).toFixed(2)} ms`,
  )
  const { serverMs, bytes } = kinds.mark
  expect(pageOf('operations.md')).toContain(
    `costs ${serverMs.toFixed(3)} ms of the server's processor and ${100 * Math.round(bytes / 100)} bytes a time and stream`,
  )
})

const debate = pageOf('push-vs-pull.md')
const isNear = (said: number, is: number): boolean => Math.abs(said / is - 1) < 0.05
/** The number that a sentence of the page has in the place of `#`. */
const saidIn = (sentence: string): number => {
  const [before = '', after = ''] = sentence.split('#')
  const at = debate.indexOf(before)
  const [, number = ''] = /^([\d,.]+)/.exec(debate.slice(at + before.length)) ?? []
  expect([sentence, at > -1, debate.slice(at + before.length + number.length).startsWith(after)]).toEqual([
    sentence,
    true,
    true,
  ])
  return Number(number.replaceAll(',', ''))
}

test('the sentences of push-vs-pull.md have the figures of its first command, within 5 %', async () => {
  const { rows } = await compare({ ...FLEET, deadlines: { killSwitchMs: 60_000 } })
  const rowOf = (model: string): Row => rows.find(row => row.model === model) as Row
  const [push, pull] = [rowOf('push'), rowOf('pull 30 s')]
  const restart = push.peak.afterRestart
  const said: readonly (readonly [sentence: string, is: number])[] = [
    ['within one second: # requests,', restart.requestsPerSecond],
    ['requests, # s of the server', restart.drainMs / 1_000],
    ['which is # requests with both,', push.peak.fleetStarts.requestsPerSecond],
    ['which is # requests with both,', pull.peak.fleetStarts.requestsPerSecond],
    ['requests with both, # s of the server', push.peak.fleetStarts.drainMs / 1_000],
    ['work with streams and # s with pull;', pull.peak.fleetStarts.drainMs / 1_000],
    ['Polls go on at # a second.', pull.peak.afterRestart.requestsPerSecond],
    ['for: # client-seconds on the old version for each change with pull at 30 s', pull.integral],
    ['each change with pull at 30 s, # with push.', push.integral],
    ['A polled copy is current # % of the time', 100 * pull.current],
    [
      'It is gone after # min',
      predictBlast({ clients: 3_000, stalenessMs: push.stalenessMs }).everyone.goneMs / 60_000,
    ],
    [
      'and is gone after # s with push',
      predictBlast({ clients: 3_000, stalenessMs: push.stalenessMs }).staged.goneMs / 1_000,
    ],
    [
      'with push and # s with pull at 30 s.',
      predictBlast({ clients: 3_000, stalenessMs: pull.stalenessMs }).staged.goneMs / 1_000,
    ],
  ]
  expect(said.filter(([sentence, is]) => !isNear(saidIn(sentence), is))).toEqual([])
})

test('the table of push-vs-pull.md has processor, bytes and peak of its first command, within 5 %', async () => {
  const { rows } = await compare({ ...FLEET, deadlines: { killSwitchMs: 60_000 } })
  const table = readFileSync(`${root}/docs/push-vs-pull.md`, 'utf8').split('\n')
  const numberOf = (text = ''): number => Number(text.replaceAll(/[^\d.]/g, ''))
  const others = rows.filter(({ model }) => model !== 'adaptive 5 s-5 min')
  expect(others.length).toBeGreaterThan(4)
  for (const { model, cpu, bytes, peak } of others) {
    const line = table.find(row => row.startsWith(`| ${model.replace('pull ', 'pull, ')} |`))
    const cells = line?.split('|') ?? []
    const are = [cpu.share * 100, bytes.perDay / 1e9, peak.afterRestart.requestsPerSecond]
    expect([model, cells.slice(5, 8), are.map((is, at) => isNear(numberOf(cells[5 + at]), is))]).toEqual([
      model,
      cells.slice(5, 8),
      [true, true, true],
    ])
  }
})

test('push-vs-pull.md has the memory, the streams and the ratios of its other commands, within 5 %', async () => {
  const within = { ...FLEET, deadlines: { killSwitchMs: 60_000 } }
  const { rows } = await compare(within)
  const [push, pull] = ['push', 'pull 30 s'].map(name => rows.find(({ model }) => model === name)) as Row[]
  const { memory, kinds } = recordedCosts
  const often = (await compare(within, { models: [pushModel(), pullModel({ pollIntervalMs: 4_000 })] })).rows
  const [told, asked] = often as readonly Row[] as [Row, Row]
  const many = { ...within, clients: 51_020 }
  const heartbeats = [pushModel(), pushModel({ heartbeatMs: 15_000 })]
  const [eight, fifteen] = (await compare(many, { models: heartbeats })).rows as readonly Row[] as [Row, Row]
  const cut = { ...many, network: { idleTimeoutMs: 10_000 } }
  const [, dead] = (await compare(cut, { models: heartbeats })).rows as readonly Row[] as [Row, Row]
  const dying = { ...within, network: { halfOpenPerClientDay: 53 } }
  const waiting = (await compare(dying, { models: [pushModel()] })).rows[0] as Row
  const few = { ...within, clients: 300 }
  const threaded = { ...recordedCosts, streamMsPerSecond: 2.3 }
  const models = [pushModel(), pullModel()]
  const [byEvents, byThreads] = (await Promise.all(
    [recordedCosts, threaded].map(
      async costs => (await compare(few, { models, costs })).rows as readonly Row[] as [Row, Row],
    ),
  )) as [[Row, Row], [Row, Row]]
  const day = 86_400
  const said: readonly (readonly [sentence: string, is: number])[] = [
    ['pull asks # times a second and takes 6.5 times', asked.requests.perSecond],
    ['to be as late as # s at most', asked.stalenessMs.all / 1_000],
    ['That takes # KB of the server', memory.perClient / 1_000],
    ['for each client, and a stream # KB:', memory.perStream / 1_000],
    ['and a stream 17 KB: # MB in all with push', (push as Row).memory / 1e6],
    ['in all with push, and # MB with pull', (pull as Row).memory / 1e6],
    ['with pull, of which # MB are the process itself', memory.base / 1e6],
    ['back off alike: # requests in the busiest second', Math.max(...(push as Row).loadAfterOutage)],
    ['in the busiest second with streams, # with pull', Math.max(...(pull as Row).loadAfterOutage)],
    ['Otherwise a stream that dies unnoticed costs # s', (push as Row).halfOpen.worstMs / 1_000],
    ['With 8 s that is # marks a second', (eight.perDay.mark ?? 0) / day],
    ['marks a second, # % of a processor and 237', 100 * eight.cpu.share],
    ['of a processor and # GB a day in all; with 15 s', eight.bytes.perDay / 1e9],
    ['in all; with 15 s # marks, 22 %', (fifteen.perDay.mark ?? 0) / day],
    ['in all; with 15 s 3,300 marks, # %', 100 * fifteen.cpu.share],
    ['marks, 22 % and # GB.', fifteen.bytes.perDay / 1e9],
    ['each stream is dead for # of every 38 s', (38 * dead.halfOpen.clients) / 50_000],
    ['and there are # new ones a second', ((dead.perDay.connect ?? 0) - (fifteen.perDay.connect ?? 0)) / day],
    ['our server answers it in # ms', kinds.unchanged.serverMs],
    ['| pays for events | # % | 0.65 %', 100 * byEvents[0].cpu.share],
    ['| pays for events | 0.41 % | # %', 100 * byEvents[1].cpu.share],
    ['| pays 2.3 ms a second for each connection | # % | 0.65 %', 100 * byThreads[0].cpu.share],
    ['68 % | 0.65 % | # times', byThreads[0].cpu.share / byThreads[1].cpu.share],
  ]
  expect(said.filter(([sentence, is]) => !isNear(saidIn(sentence), is))).toEqual([])
  // Words, and figures of a single digit.
  expect(isNear(1 / 2, dead.cpu.share - fifteen.cpu.share)).toBe(true)
  expect(asked.cpu.share / told.cpu.share).toBeCloseTo(6.5, 1)
  expect(asked.bytes.perDay / told.bytes.perDay).toBeCloseTo(2, 0)
  expect((pull as Row).cpu.share / (push as Row).cpu.share).toBeCloseTo(1.8, 1)
  expect((pull as Row).bytes.perDay / (push as Row).bytes.perDay).toBeCloseTo(0.5, 0)
  expect(debate).toContain(
    `That is ${(push as Row).halfOpen.clients.toFixed(2)} clients of 3,000 at any time`,
  )
  expect(waiting.halfOpen.clients / 2_940).toBeCloseTo(0.01, 3)
  for (const row of [push, pull] as Row[]) expect(row.recoveryMs.all).toBeLessThan(30_000)
  expect(Math.max(...rows.map(({ recoveryMs }) => recoveryMs.tenth.all))).toBeLessThan(300)
})

test('choosing.md has one fleet by the formula and by the simulation, as both come to it', async () => {
  const page = readFileSync(`${root}/docs/choosing.md`, 'utf8')
  const [, table = ''] = /\n\*\*One fleet at every depth\*\*[^]*?\n\n((?:\|.*\n)+)/.exec(page) ?? []
  const [, , ...lines] = table.split('\n').filter(line => line !== '')
  const said = lines.map(line => line.split(' | ').map(cell => cell.replaceAll(/^\| | \|$/g, '')))
  const intervals = [5_000, 30_000, 60_000, 300_000]
  const models = [
    hybridModel(),
    pushModel(),
    ...intervals.map(pollIntervalMs => pullModel({ pollIntervalMs })),
  ]
  const fleet = { ...FLEET, deadlines: { killSwitchMs: 5_000 } }
  const formula = await compare(fleet, { models })
  const simulation = await compare(fleet, { models, depth: 'simulation', mostClients: 1, seed: 5 })
  expect(said.map(([name]) => name)).toEqual(models.map(({ name }) => name))
  for (const [index, cells] of said.entries()) {
    const are = [formula, simulation].map(({ rows }) => {
      const { requests, bytes, cpu, stalenessMs } = rows[index] as Row
      return [requests.perSecond, bytes.perDay / 1e6, cpu.share * 100, stalenessMs.all / 1_000]
    })
    for (const [at, cell] of cells.slice(1).entries()) {
      const figures = cell.split(', ').map(text => Number(text.replaceAll(',', '')))
      expect([
        cells[0],
        cell,
        figures.slice(0, 2).map((is, depth) => isNear(is, are[depth]?.[at] ?? 0)),
      ]).toEqual([cells[0], cell, [true, true]])
    }
  }
})
