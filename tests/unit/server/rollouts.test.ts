import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { z } from 'zod'
import { fileStore } from '../../../src/node/board/file-store.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { controllersIn, staged } from '../../../src/rollouts/index.js'
import { serve, type ServeOptions, type Server } from '../../../src/server/index.js'
import { systemClock } from '../../../src/system/system.js'
import { http, httpStore } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { reportOf } from '../../support/report-of.js'
import { startPaperFleet } from '../../support/rollouts/paper-fleet.js'

const namespace = 'checkout/prod'
const schema = z.object({ pool: z.number() })
const never = new AbortController().signal
const token = 'a-token'

async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!(await holds())) await systemClock.sleep(10, never)
}

/** A server over a folder, with what it needs to go away. */
async function served(options: ServeOptions = {}): Promise<Server> {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-rollouts-'))
  const store = fileStore(folder)
  const server = await serve(store, { write: { token }, ...options })
  onTestFinished(async () => {
    await server.close({ drainMs: 0 })
    await store.close()
    await rm(folder, { recursive: true, force: true })
  })
  return server
}

test(
  'a server over a folder moves a rollout on by itself, on what the fleet tells it, and ends it',
  { timeout: 60_000 },
  async () => {
    const { url } = await served({ controller: { lookMs: 20 } })
    const store = httpStore(url, { token })
    const publisher = createPublisher({ namespace, schema, store })
    await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
    const fleet = startPaperFleet({ store, clock: systemClock, namespace, clients: 5, lookMs: 50 })
    onTestFinished(async () => {
      await fleet.close()
      await publisher.close()
    })
    const roles = async (): Promise<number> =>
      (await store.reports({ namespace }, never)).reports.filter(({ role }) => role !== undefined).length
    await until(
      async () => (await store.reports({ namespace }, never)).reports.length >= 6 && (await roles()) === 1,
    )
    await systemClock.sleep(100, never)
    const policy = staged({ bakeMs: 100, reportMs: 30, spreadMs: 0, watchMs: 100 })
    const rollout = await publisher.publish({ pool: 2 }, { rollout: policy, reason: 'more' })
    expect(rollout).toMatchObject({ state: 'running', stage: 0, of: 2 })
    const stages: string[] = []
    for await (const { state, stage } of rollout) stages.push(`${state} ${stage}`)
    expect(await rollout.settled).toBe('completed')
    expect(stages.at(-1)).toBe('completed 1')
    expect(fleet.runs(rollout.digest)).toHaveLength(5)
  },
)

test('the controller of a server says that it is there, and when it goes', async () => {
  const store = memory()
  const publisher = createPublisher({ namespace, schema, store })
  await publisher.publish({ pool: 1 }, { reason: 'the first' })
  const phases = async (): Promise<readonly string[]> =>
    (await store.reports({ namespace }, never)).reports.flatMap(({ role, phase }) =>
      role === undefined ? [] : [phase],
    )
  const server = await serve(store, { write: { token } })
  await until(async () => (await phases()).length > 0)
  expect(await phases()).toEqual(['waiting'])
  await server.close({ drainMs: 0 })
  expect(await phases()).toEqual(['stopped'])
})

test('that a controller lives is believed of who may write, and of nobody else', async () => {
  const { url } = await served({ controller: false })
  const store = httpStore(url, { token })
  const publisher = createPublisher({ namespace, schema, store })
  await publisher.publish({ pool: 1 }, { rollout: everyone(), reason: 'the first' })
  const claim = reportOf({
    namespace,
    clientId: 'controller',
    instanceId: 'forged',
    ephemeral: true,
    role: { type: 'controller', policies: ['staged@1'], gates: [] },
    strategy: 'controller',
    phase: 'waiting',
    nextReportWithinMs: 60_000,
  })
  const heard = async (): Promise<readonly string[]> => {
    const { asOf, since, reports } = await store.reports({ namespace }, never)
    return controllersIn({ asOf, since, reports }).map(({ name }) => name)
  }
  await http(url).report([claim], never)
  expect(await heard()).toEqual([])
  // Nor does it count as a client.
  expect((await publisher.fleet()).type).toBe('unknown')
  await store.report([{ ...claim, instanceId: 'true' }], never)
  expect(await heard()).toEqual(['controller'])
  await publisher.close()
})

test.each<[string, ServeOptions]>([
  ['that only reads', {}],
  ['that is told to leave them', { write: { token }, controller: false }],
])('a server %s has no controller', async (_, options) => {
  const store = memory()
  const publisher = createPublisher({ namespace, schema, store })
  await publisher.publish({ pool: 1 }, { reason: 'the first' })
  let asked = false
  const watched = {
    ...store,
    namespaces: async (signal: AbortSignal) => {
      asked = true
      return store.namespaces(signal)
    },
  }
  const server = await serve(watched, options)
  await server.close({ drainMs: 0 })
  expect(asked).toBe(false)
})

test('the controller of a server that was closed does not count for the next one over its folder, also where the store was left open', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'noticeboard-rollouts-'))
  const store = fileStore(folder)
  const publisher = createPublisher({ namespace, schema, store })
  await publisher.publish({ pool: 1 }, { reason: 'the first' })
  const policy = { ...staged(), type: 'hours' }
  const server = await serve(store, { write: { token }, controller: { policies: [policy], lookMs: 20 } })
  const another = fileStore(folder)
  onTestFinished(async () => {
    await publisher.close()
    await store.close()
    await another.close()
    await rm(folder, { recursive: true, force: true })
  })
  const heard = async () => controllersIn(await another.reports({ namespace }, never))
  // What the store writes together it has written by then.
  await until(async () => (await heard()).length > 0)
  expect((await heard())[0]?.policies).toContain('hours@1')
  await server.close({ drainMs: 0 })
  expect(await heard()).toEqual([])
}, 60_000)
