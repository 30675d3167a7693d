import { expect, onTestFinished, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import { compare, hybridModel, pullModel, pushModel, recordedCosts } from '../../../src/compare/index.js'
import {
  FULL_WINDOWS,
  QUICK_WINDOWS,
  runModel,
  type RunModelOptions,
} from '../../../src/compare/run/run-model.js'
import { isCosts } from '../../../src/compare/costs/costs.js'
import { measureSharing } from '../../../src/compare/run/measure-sharing.js'
import { countWireBytes } from '../../../src/compare/run/wire-bytes.js'
import { systemClock } from '../../../src/system/system.js'
import { readWorkload } from '../../../src/compare/workload.js'
import { ownChildren } from '../../support/children-of.js'
import { SMALL_FLEET } from './fleets.js'

const cli = `${root}/dist/cli/main.js`

const FLEET = { ...SMALL_FLEET, clients: 12 }

const OPTIONS: RunModelOptions = {
  workload: readWorkload(FLEET),
  costs: recordedCosts,
  cli,
  mostClients: 12,
  signal: new AbortController().signal,
  onStep: () => {},
  windows: {
    startsOverMs: 1_000,
    settlesMs: 500,
    idleMs: 1_500,
    aloneMs: 1_000,
    writtenMs: 100,
    apartMs: 500,
    outageMs: 0,
    patienceMs: 60_000,
    soakMs: 300,
    reportsMs: 1_200,
    warmAfter: 10,
  },
}

test('a run with real processes counts what the formula counts, and leaves no process behind', async () => {
  const before = ownChildren()
  const steps: string[] = []
  const row = await runModel(hybridModel(), { ...OPTIONS, onStep: step => steps.push(step) })
  expect(steps.filter(step => !step.includes(':'))).toEqual([
    'servers are asked until they are as fast as they get',
    'hardly anybody is there',
    'the fleet starts',
    'nothing happens',
    'a change',
    'changes one after another',
    'the servers restart',
    'every client starts at once',
  ])
  expect(steps).toContainEqual(expect.stringMatching(/^the fleet starts: \d+ of 12 clients$/))
  expect([QUICK_WINDOWS.outageMs, FULL_WINDOWS.outageMs]).toEqual([0, 60_000])
  expect(row).toMatchObject({ depth: 'run', missed: 0, sample: { clients: 12, population: 'library' } })
  // Once for each client and change, and for each client that starts.
  expect(row.perDay.snapshot).toBeCloseTo(12 * 40, 5)
  expect(row.perDay.notice).toBeCloseTo(12 * 40, 5)
  expect(row.perDay.connect).toBeGreaterThanOrEqual(12 * 4)
  expect(row.bytes.perChange).toBeGreaterThan(12 * 4_096)
  expect(row.cpu.msPerDay).toBeGreaterThan(0)
  expect(row.stalenessMs.all).toBeLessThan(60_000)
  expect(ownChildren()).toEqual(before)
})

test('what a machine cannot show is computed, and its row says so', async () => {
  const steps: string[] = []
  const row = await runModel(hybridModel({ cdn: true }), { ...OPTIONS, onStep: step => steps.push(step) })
  expect(row.depth).toBe('formula')
  expect(steps).toEqual([expect.stringMatching(/computed, since a content delivery network/)])
  expect((await runModel(pullModel({ pollIntervalMs: 600_000 }), OPTIONS)).depth).toBe('formula')
})

test('a run that is interrupted ends its processes at once', async () => {
  const before = ownChildren()
  const abort = new AbortController()
  const during: (readonly string[])[] = []
  const aborted = compare(FLEET, {
    models: [pushModel()],
    depth: 'run',
    cli,
    mostClients: 4,
    signal: abort.signal,
    onProgress({ step }) {
      if (step !== 'the fleet starts') return
      during.push(ownChildren())
      abort.abort()
    },
  })
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
  expect(during[0]?.length).toBeGreaterThan(before.length)
  expect(ownChildren()).toEqual(before)
})

test('a run says what it needs', async () => {
  await expect(compare(FLEET, { depth: 'run' })).rejects.toMatchObject({ code: 'invalid-option' })
  const own = { name: 'mine', strategy: hybridModel().strategy }
  await expect(compare(FLEET, { depth: 'run', cli, models: [own] })).rejects.toMatchObject({
    code: 'invalid-option',
    message: expect.stringMatching(/mine has no shape/),
  })
})

test('what workers cost is measured with a server that has some, and leaves no process behind', async () => {
  const before = ownChildren()
  const wire = countWireBytes()
  onTestFinished(() => wire.stop())
  const { signal } = OPTIONS
  const one = { requestMs: 0, changeMs: 0, idleMsPerSecond: 0 }
  const options = { cli, wire, clock: systemClock, signal, warmAfter: 10, rounds: 10, changes: 1 }
  const sharing = await measureSharing(one, options)
  expect(isCosts({ ...recordedCosts, sharing })).toBe(true)
  // Beside a process that takes nothing, each of them is all that it was seen to take.
  for (const name of ['connectionMs', 'takenMs', 'changeMs', 'lookMsPerSecond'] as const)
    expect([name, sharing[name]]).toEqual([name, expect.toSatisfy((ms: number) => ms > 0)])
  expect(ownChildren()).toEqual(before)
})

test('a run with workers starts them at one address, counts what the formula counts, and leaves no process behind', async () => {
  const before = ownChildren()
  const row = await runModel(hybridModel({ workers: 2 }), OPTIONS)
  expect(row).toMatchObject({
    model: 'hybrid, 2 workers',
    depth: 'run',
    missed: 0,
    sample: { clients: 12, population: 'library' },
  })
  expect(row.perDay.snapshot).toBeCloseTo(12 * 40, 5)
  expect(row.perDay.notice).toBeCloseTo(12 * 40, 5)
  // Three processes, each of which is a Node of its own.
  expect(row.memory).toBeGreaterThan(3 * 30_000_000)
  expect(ownChildren()).toEqual(before)
})
