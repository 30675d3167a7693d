import { expect, test, vi } from 'vitest'
import { compare, outcomeOf, pullModel, pushModel, type Comparison } from '../../../src/compare/index.js'
import { estimate, type ShapedModel } from '../../../src/compare/formula/estimate.js'
import type { Basis } from '../../../src/compare/row-of.js'
import type { Row } from '../../../src/compare/row.js'
import { sayBusyRun } from '../../../src/compare/verdict/busy-run.js'
import { sayBytes, sayMs } from '../../../src/compare/words.js'
import { FLEET } from './fleets.js'

/** How idle the machine is while each model runs. */
const idle = vi.hoisted(() => new Map<string, number>())

// A run of minutes, on a machine that is as idle as a test says.
vi.mock('../../../src/compare/run/run-model.js', async original => ({
  ...(await original<object>()),
  runModel: async (model: ShapedModel, basis: Basis): Promise<Row> => {
    const known = estimate(model, basis)
    const { half, p99, all } = known.stalenessMs
    return {
      ...known,
      depth: 'run',
      // No figure of a run is that of the formula.
      stalenessMs: { half: 1.5 * half, p99: 1.5 * p99, all: 1.5 * all },
      bytes: { ...known.bytes, perDay: 1.1 * known.bytes.perDay },
      sample: { clients: 100, population: 'library', machineIdle: idle.get(model.name) ?? 1 },
    }
  },
}))

const models = [pushModel(), pullModel()]
const [push, pull] = models.map(({ name }) => name) as [string, string]

async function runOn(idleOf: Readonly<Record<string, number>>): Promise<Comparison> {
  for (const [name, share] of Object.entries(idleOf)) idle.set(name, share)
  return compare(FLEET, { models, depth: 'run', cli: 'main.js' })
}

test('a run on a machine that is idle enough names a model', async () => {
  const result = await runOn({ [push]: 0.3, [pull]: 0.9 })
  expect(result.recommendation.model).toBe(push)
  expect(result.recommendation).not.toHaveProperty('doubt')
  expect(outcomeOf(result)[0]?.title).toMatch(/^Take /)
})

test('a run on a busy machine names no model, and says why first, with which models, and what holds', async () => {
  const result = await runOn({ [push]: 0.9, [pull]: 0.04 })
  const { recommendation } = result
  expect(recommendation).toMatchObject({ model: undefined, ties: [], unless: [] })
  expect(recommendation.doubt).toMatch(
    /^the machine was 4 % idle while a change travelled with pull 30 s, and has to be 30 %/,
  )
  const [first] = outcomeOf(result)
  expect(first?.title).toBe('No model is named')
  expect(first?.points[0]).toBe(recommendation.doubt)
  expect(first?.points.join('\n')).toContain('what hold are the counts of requests and bytes')
  expect((await runOn({ [push]: 0, [pull]: 0.1 })).recommendation.doubt).toMatch(
    /^the machine was 0 % idle while a change travelled with every model,/,
  )
})

test('what deltas and compressed streams save is told from what the row of the run says', async () => {
  idle.clear()
  const result = await compare(
    { ...FLEET, encodedBytes: 4_480, changedBytes: 300 },
    { models, depth: 'run', cli: 'main.js' },
  )
  const { because, model } = result.recommendation
  const row = result.rows.find(row => row.model === model)
  const all = sayMs(row?.stalenessMs.all ?? 0)
  const perDay = sayBytes(row?.bytes.perDay ?? 0)
  for (const start of [`with deltas ${push} sends`, `with ${push}, clients that decode`]) {
    const said = because.find(text => text.startsWith(start))
    expect(said).toContain(`in place of ${all}, for `)
    expect(said).toContain(`a day in place of ${perDay} (what that saves is by the formula)`)
  }
})

test('what was computed or simulated needs no idle machine', () => {
  expect(sayBusyRun([{ model: push }, { model: pull }])).toBeUndefined()
})
