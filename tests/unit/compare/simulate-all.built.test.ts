import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { availableParallelism } from 'node:os'
import { expect, onTestFinished, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import {
  adaptivePullModel,
  compare,
  hybridModel,
  pullModel,
  pushModel,
  type Model,
} from '../../../src/compare/index.js'
import { PART_WORD } from '../../../src/compare/run/part-calls.js'
import { childrenOf, isRunning, ownChildren } from '../../support/children-of.js'
import { errorOf } from '../../support/error-of.js'
import { start, type Program } from '../../support/program.js'
import { SMALL_FLEET } from './fleets.js'

const cli = `${root}/dist/cli/main.js`
const SIMULATED = { depth: 'simulation', mostClients: 20, seed: 3 } as const

/** On one processor models are simulated one after another, in this process. */
const SEVERAL = availableParallelism() > 1

test('models that are simulated in processes of their own have the rows of one process, in order, and tell their steps', async () => {
  // The last one is nobody's but this program's, and is simulated here.
  const models: readonly Model[] = [
    hybridModel(),
    adaptivePullModel(),
    pullModel({ answers: 'static' }),
    { ...pushModel(), name: 'mine' },
  ]
  const before = ownChildren()
  const during = new Set<string>()
  const steps: string[] = []
  const elsewhere = await compare(SMALL_FLEET, {
    ...SIMULATED,
    models,
    cli,
    onProgress({ model, step }) {
      steps.push(`${model}: ${step}`)
      for (const child of ownChildren()) if (!before.includes(child)) during.add(child)
    },
  })
  expect(during.size).toBe(SEVERAL ? 3 : 0)
  expect(ownChildren()).toEqual(before)
  const told: string[] = []
  const here = await compare(SMALL_FLEET, {
    ...SIMULATED,
    models,
    onProgress: ({ model, step }) => void told.push(`${model}: ${step}`),
  })
  expect(elsewhere.rows).toEqual(here.rows)
  expect(steps.toSorted()).toEqual(told.toSorted())
})

test('a simulation that is called off ends its processes at once', async () => {
  const before = ownChildren()
  const abort = new AbortController()
  const aborted = compare(SMALL_FLEET, {
    ...SIMULATED,
    models: [hybridModel(), pushModel(), pullModel()],
    cli,
    signal: abort.signal,
    onProgress: () => abort.abort(),
  })
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
  expect(ownChildren()).toEqual(before)
})

test.skipIf(!SEVERAL)(
  'a process that does not start (wants two processors) is an error, and leaves none behind',
  async () => {
    const before = ownChildren()
    await expect(
      compare(SMALL_FLEET, {
        ...SIMULATED,
        models: [hybridModel(), pushModel()],
        cli: `${root}/dist/there-is-none.js`,
      }),
    ).rejects.toMatchObject({ code: 'unavailable' })
    expect(ownChildren()).toEqual(before)
  },
)

test('an error of a model that is simulated in a process of its own is that of one process', async () => {
  // No option of a model makes such a shape; it stands for whatever a simulation may come upon.
  const models = [hybridModel(), pullModel()]
  Object.assign(models[1]?.shape ?? {}, { pollIntervalMs: -1 })
  const before = ownChildren()
  const elsewhere = await errorOf(compare(SMALL_FLEET, { ...SIMULATED, models, cli }))
  const here = await errorOf(compare(SMALL_FLEET, { ...SIMULATED, models }))
  expect(here).toMatchObject({ code: 'invalid-option', message: expect.stringMatching(/pollIntervalMs/) })
  expect(elsewhere).toMatchObject({ code: here.code, message: here.message })
  expect(ownChildren()).toEqual(before)
})

/** A limit for what hangs: real processes on a busy machine. */
const LIMIT_MS = 240_000

/** The command, with the processes that simulate for it: a fleet that takes it minutes. */
async function simulating(): Promise<{ readonly command: Program; readonly parts: readonly number[] }> {
  const words = ['compare', '--preset', 'functions', '--depth', 'simulation', '--quick']
  const command = start([process.execPath, cli, ...words])
  await command.line(/: the fleet starts$/)
  const parts = await childrenOf(command.pid)
  expect(parts.length).toBeGreaterThan(0)
  return { command, parts }
}

const runningOf = async (pids: readonly number[]): Promise<readonly number[]> => {
  const runs = await Promise.all(pids.map(isRunning))
  return pids.filter((_, index) => runs[index])
}

test.skipIf(!SEVERAL)(
  'a command that is killed while it simulates (wants two processors) leaves no process behind, nor does Ctrl-C',
  async () => {
    const killed = await simulating()
    killed.command.signal('SIGKILL')
    expect(await killed.command.ended).toBe('SIGKILL')
    await expect.poll(() => runningOf(killed.parts), { timeout: LIMIT_MS }).toEqual([])
    const stopped = await simulating()
    stopped.command.signal('SIGINT')
    expect(await stopped.command.ended).toBe(130)
    expect(await runningOf(stopped.parts)).toEqual([])
  },
  LIMIT_MS,
)

test(
  'a process that simulates ends too where its starter is gone while it still loads',
  async () => {
    const child = spawn(process.execPath, [cli, PART_WORD], { stdio: ['ignore', 'ignore', 'ignore', 'ipc'] })
    onTestFinished(() => void child.kill('SIGKILL'))
    const gone = once(child, 'exit')
    child.disconnect()
    expect(await gone).toEqual([0, null])
  },
  LIMIT_MS,
)
