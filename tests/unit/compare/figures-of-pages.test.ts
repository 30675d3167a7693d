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
