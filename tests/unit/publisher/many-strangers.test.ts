import { expect, test } from 'vitest'
import type { Fetch } from '../../../src/contracts/system.js'
import type { ClientReport } from '../../../src/contracts/report.js'
import { anything } from '../../../src/core/schema/anything.js'
import {
  createPublisher,
  everyone,
  type Publisher,
  type RolloutPolicy,
} from '../../../src/publisher/index.js'
import { staged, timed } from '../../../src/rollouts/index.js'
import { httpStore } from '../../../src/transports/http/index.js'
import { memory } from '../../../src/transports/memory.js'
import { started } from '../../support/asking.js'
import { reportOf } from '../../support/report-of.js'
import { never, TOKEN } from '../../support/server-fixtures.js'

const namespace = 'checkout/prod'
const STRANGERS = 200

/** As large as a report may be. */
const stranger = (at: number): ClientReport =>
  reportOf({
    namespace,
    instanceId: `fake${at}`,
    build: 'b'.repeat(250),
    labels: Object.fromEntries(Array.from({ length: 6 }, (_, label) => [`label-${label}`, 'x'.repeat(250)])),
    overridden: Array.from({ length: 7 }, () => 'y'.repeat(200)),
  })

const client = (at: number): ClientReport =>
  reportOf({
    namespace,
    instanceId: `client${at}`,
    labels: { ring: at < 2 ? 'early' : 'late', host: `host-${at}`, zone: 'a' },
  })

/** A server that strangers reported to, and what reading its reports took. */
async function besieged({ asks = query => query }: { asks?: (query: string) => string } = {}) {
  const server = await started(memory(), { write: { token: TOKEN } })
  const read = { times: 0, bytes: 0 }
  const fetch: Fetch = async (url, init) => {
    const address = new URL(String(url))
    const isRead = address.pathname.endsWith('/~reports') && init?.method !== 'POST'
    if (isRead) address.search = asks(address.search)
    const response = await globalThis.fetch(address, init)
    if (!isRead) return response
    const body = await response.arrayBuffer()
    read.times += 1
    read.bytes += body.byteLength
    return new Response(body, { status: response.status, headers: response.headers })
  }
  const store = httpStore(server.url, { token: TOKEN, fetch })
  const publisher = createPublisher({ namespace, schema: anything, store, retries: 0 })
  await publisher.publish({ size: 1 }, { rollout: everyone(), reason: 'the first' })
  await publisher.publish({ size: 2 }, { rollout: everyone(), reason: 'the second' })
  for (let from = 0; from < STRANGERS; from += 50)
    await store.report(
      Array.from({ length: 50 }, (_, at) => stranger(from + at)),
      never,
    )
  await store.report(
    Array.from({ length: 10 }, (_, at) => client(at)),
    never,
  )
  Object.assign(read, { times: 0, bytes: 0 })
  return { publisher, store, read }
}

/** More than a name, a phase and times take, and less than half of what a stranger sends. */
const ENOUGH_BYTES = 1_000 * (STRANGERS + 10)

const publish = (rollout: RolloutPolicy | undefined) => async (publisher: Publisher) => {
  await publisher.publish(
    { size: 3 },
    { ...(rollout !== undefined && { rollout }), drive: true, reason: 'under siege' },
  )
}

test.each<readonly [string, (publisher: Publisher) => Promise<unknown>]>([
  ['a publish to everyone', publish(everyone())],
  ['a publish by the clock', publish(timed())],
  ['a rollback', publisher => publisher.rollback({ reason: 'under siege' })],
  ['an epoch', publisher => publisher.openEpoch({ reason: 'under siege' })],
])('%s reads little of what strangers report, once', async (_what, act) => {
  const { publisher, read } = await besieged()
  await act(publisher)
  expect(read.times).toBe(1)
  expect(read.bytes).toBeLessThan(ENOUGH_BYTES)
})

test('stages read the labels that they are made of, and no others', async () => {
  const { store, read } = await besieged()
  const heard = await store.reports({ namespace, brief: { labels: ['ring'] } }, never)
  expect(read.bytes).toBeLessThan(ENOUGH_BYTES)
  const words = heard.reports.filter(({ instanceId }) => instanceId.startsWith('client'))
  expect(words.map(({ labels }) => labels)).toEqual(
    Array.from({ length: 10 }, (_, at) => ({ ring: at < 2 ? 'early' : 'late' })),
  )
})

test('a policy says which labels it begins by; for one that does not say, reports come in full', async () => {
  expect(staged([{ labels: { ring: 'early' } }, '50%', 'all']).startsBy).toEqual(['ring'])
  expect(staged({ stages: [{ labels: { ring: 'early' } }, 'all'], cluster: 'host' }).startsBy).toEqual([
    'ring',
    'host',
  ])
  const { publisher, read } = await besieged()
  const { startsBy: _, ...own } = everyone()
  await publish({ ...own, type: 'own' })(publisher)
  expect(read.bytes).toBeGreaterThan(2 * ENOUGH_BYTES)
})

test('a server that knows nothing of it answers in full, and everything goes on', async () => {
  const { publisher, read } = await besieged({ asks: () => '' })
  await publish(everyone())(publisher)
  expect(read.bytes).toBeGreaterThan(2 * ENOUGH_BYTES)
  expect((await publisher.current())?.document).toEqual({ size: 3 })
})

test('fleet and alarms that are asked for together read the reports once', async () => {
  const { publisher, read } = await besieged()
  const [fleet, alarms] = await Promise.all([publisher.fleet(), publisher.alarms()])
  expect(fleet.type === 'known' && fleet.members).toHaveLength(STRANGERS + 10)
  expect(alarms).toEqual(await publisher.alarms())
  expect(read.times).toBe(2)
})
