import { readdirSync, readFileSync } from 'node:fs'
import { availableParallelism } from 'node:os'
import { expect, test } from 'vitest'
import { root } from '../../../scripts/entry-points.js'
import {
  adaptivePullModel,
  compare,
  hybridModel,
  pullModel,
  pushModel,
  type Model,
} from '../../../src/compare/index.js'
import { SMALL_FLEET } from './fleets.js'

const cli = `${root}/dist/cli/main.js`
const SIMULATED = { depth: 'simulation', mostClients: 20, seed: 3 } as const

/** On one processor models are simulated one after another, in this process. */
const SEVERAL = availableParallelism() > 1

/** The processes that this one started and that still run. */
function children(): readonly string[] {
  return readdirSync('/proc/self/task').flatMap(task =>
    readFileSync(`/proc/self/task/${task}/children`, 'utf8').split(' ').filter(Boolean),
  )
}

test('models that are simulated in processes of their own have the rows of one process, in order, and tell their steps', async () => {
  // The last one is nobody's but this program's, and is simulated here.
  const models: readonly Model[] = [
    hybridModel(),
    adaptivePullModel(),
    pullModel({ answers: 'static' }),
    { ...pushModel(), name: 'mine' },
  ]
  const before = children()
  const during = new Set<string>()
  const steps: string[] = []
  const elsewhere = await compare(SMALL_FLEET, {
    ...SIMULATED,
    models,
    cli,
    onProgress({ model, step }) {
      steps.push(`${model}: ${step}`)
      for (const child of children()) if (!before.includes(child)) during.add(child)
    },
  })
  expect(during.size).toBe(SEVERAL ? 3 : 0)
  expect(children()).toEqual(before)
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
  const before = children()
  const abort = new AbortController()
  const aborted = compare(SMALL_FLEET, {
    ...SIMULATED,
    models: [hybridModel(), pushModel(), pullModel()],
    cli,
    signal: abort.signal,
    onProgress: () => abort.abort(),
  })
  await expect(aborted).rejects.toMatchObject({ name: 'AbortError' })
  expect(children()).toEqual(before)
})

test.skipIf(!SEVERAL)(
  'a process that does not start (wants two processors) is an error, and leaves none behind',
  async () => {
    const before = children()
    await expect(
      compare(SMALL_FLEET, {
        ...SIMULATED,
        models: [hybridModel(), pushModel()],
        cli: `${root}/dist/there-is-none.js`,
      }),
    ).rejects.toMatchObject({ code: 'unavailable' })
    expect(children()).toEqual(before)
  },
)
