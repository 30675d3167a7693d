import { expect, onTestFinished, test } from 'vitest'
import type { HeardReports } from '../../../src/contracts/report.js'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { Voice } from '../../../src/fleet/voice.js'
import { assembleHandler, type Assembled } from '../../../src/server/handler.js'
import { serveWith, type Server } from '../../../src/server/serve.js'
import { createDesk, type Desk } from '../../../src/server/together/desk.js'
import { createMember, type Member } from '../../../src/server/together/member.js'
import type { Channel, FromMember, ToMember } from '../../../src/server/together/messages.js'
import { createOutbox } from '../../../src/server/together/outbox.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { systemClock } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'
import { floodWith } from '../../support/endless-bodies.js'
import { reportOf } from '../../support/report-of.js'
import { makeRelease, NAMESPACE, never, TOKEN } from '../../support/server-fixtures.js'

/**
 * Both ends of what lies between two processes: messages come a turn later, as JSON carries them.
 */
function channels(): readonly [Channel<FromMember, ToMember>, Channel<ToMember, FromMember>] {
  const hearers = [new Set<(message: never) => void>(), new Set<(message: never) => void>()] as const
  const end = (own: 0 | 1) => ({
    async send(message: unknown) {
      const text = JSON.stringify(message)
      await new Promise(resolve => setImmediate(resolve))
      for (const hear of hearers[own === 0 ? 1 : 0]) hear(JSON.parse(text) as never)
    },
    listen(hear: (message: never) => void) {
      hearers[own].add(hear)
      return () => void hearers[own].delete(hear)
    },
  })
  return [end(0), end(1)]
}

function memberOf(desk: Desk): { readonly member: Member; readonly leave: () => void } {
  const [own, others] = channels()
  const leave = desk.join(others)
  const member = createMember({ channel: own, clock: systemClock })
  onTestFinished(() => member.close())
  return { member, leave }
}

/** As much as a report may carry, nearly. */
const LARGE = Object.fromEntries(Array.from({ length: 14 }, (_, at) => [`label-${at}`, 'x'.repeat(250)]))

/** A desk that hears, and what it was told. */
function listeningDesk(heard?: () => Promise<HeardReports>) {
  const taken: { readonly id: string; readonly voice: Voice | undefined }[] = []
  const reports: Assembled['reports'] = {
    take: (all, voice) => taken.push(...all.map(({ instanceId: id }) => ({ id, voice }))),
    heard: heard ?? (async () => ({ asOf: '', since: '', reports: [] })),
  }
  return { desk: createDesk({ reports }), taken }
}

async function publishedStore() {
  const store = memory()
  const { bytes, snapshot, digest, release } = makeRelease({ size: 1 })
  await store.put({ namespace: NAMESPACE, digest, bytes: snapshot }, never)
  await store.append({ namespace: NAMESPACE, at: release, bytes }, never)
  return store
}

const asOwner = { authorization: `Bearer ${TOKEN}` }

async function heardAt({ url }: Server): Promise<readonly string[]> {
  const answer = await fetch(`${url}/v1/${NAMESPACE}/~reports`, { headers: asOwner })
  const { reports } = (await answer.json()) as { reports: readonly { instanceId: string }[] }
  return reports.map(({ instanceId }) => instanceId)
}

const post = ({ url }: Server, instanceId: string): Promise<Response> =>
  fetch(`${url}/v1/${NAMESPACE}/~reports`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ reports: [reportOf({ namespace: NAMESPACE, instanceId })] }),
  })

test('what one process hears, every process of the server tells; a server beside them does not', async () => {
  const store = await publishedStore()
  const { handler, reports } = assembleHandler(store, { write: false })
  onTestFinished(() => handler.close())
  const desk = createDesk({ reports })
  const start = async (): Promise<{ readonly server: Server; readonly member: Member }> => {
    const { member } = memberOf(desk)
    const options = { write: { token: TOKEN }, controller: false as const }
    const server = await serveWith(member.over(store), options, member.shared)
    onTestFinished(() => server.close({ drainMs: 0, graceMs: 0 }))
    return { server, member }
  }
  const [first, second] = [await start(), await start()]
  const alone = await serveWith(await publishedStore(), { write: { token: TOKEN }, controller: false })
  onTestFinished(() => alone.close({ drainMs: 0, graceMs: 0 }))

  expect((await post(first.server, 'a')).status).toBe(204)
  expect((await post(second.server, 'b')).status).toBe(204)
  await Promise.all([first.member.flush(), second.member.flush()])
  for (const { server } of [first, second]) expect((await heardAt(server)).toSorted()).toEqual(['a', 'b'])
  expect(await heardAt(alone)).toEqual([])
})

test('what a process heard that died is told by the one in its place', async () => {
  const { handler, reports } = assembleHandler(await publishedStore(), { write: false })
  onTestFinished(() => handler.close())
  const desk = createDesk({ reports })
  const first = memberOf(desk)
  first.member.shared.registry.add(reportOf({ namespace: NAMESPACE, instanceId: 'a' }))
  await first.member.flush()
  first.leave()
  const second = memberOf(desk)
  const { reports: told } =
    (await second.member.over(memory()).reports?.({ namespace: NAMESPACE }, never)) ?? {}
  expect(told?.map(({ instanceId }) => instanceId)).toEqual(['a'])
})

test('what all of them heard comes a hundred reports a message, so that nobody waits for all of them', async () => {
  const { handler, reports } = assembleHandler(await publishedStore(), { write: false })
  onTestFinished(() => handler.close())
  const ids = Array.from({ length: 250 }, (_, at) => `life-${at}`)
  reports.take(
    ids.map(instanceId => reportOf({ namespace: NAMESPACE, instanceId })),
    { type: 'bearer' },
  )
  const [own, others] = channels()
  const parts: number[] = []
  own.listen(message => {
    if (message.type === 'part') parts.push(message.reports.length)
  })
  const leave = createDesk({ reports }).join(others)
  const member = createMember({ channel: own, clock: systemClock })
  onTestFinished(() => {
    member.close()
    leave()
  })
  const heard = await member.over(memory()).reports?.({ namespace: NAMESPACE }, never)
  expect(heard?.reports.map(({ instanceId }) => instanceId).toSorted()).toEqual(ids.toSorted())
  expect(parts).toEqual([100, 100, 50])
})

test('what an address brought to one process is gone at all of them', async () => {
  const { desk } = listeningDesk()
  const [first, second] = [memberOf(desk), memberOf(desk)]
  const apart = memberOf(listeningDesk().desk)
  first.member.shared.allowance.spend('192.0.2.7', 20_000)
  for (const { member } of [first, second])
    await expect.poll(() => member.shared.allowance.waitMs('192.0.2.7')).toBeGreaterThan(0)
  expect(second.member.shared.allowance.waitMs('192.0.2.8')).toBe(0)
  expect(apart.member.shared.allowance.waitMs('192.0.2.7')).toBe(0)
})

test('reports keep who brought them, so that the room of the fleet is shared fairly between addresses', async () => {
  const { desk, taken } = listeningDesk()
  const { registry } = memberOf(desk).member.shared
  registry.add(reportOf({ namespace: NAMESPACE, instanceId: 'a' }), {
    type: 'stranger',
    address: '192.0.2.7',
  })
  registry.add(reportOf({ namespace: NAMESPACE, instanceId: 'b' }))
  await expect.poll(() => taken.length).toBe(2)
  expect(taken).toEqual([
    { id: 'a', voice: { type: 'stranger', address: '192.0.2.7' } },
    { id: 'b', voice: { type: 'bearer' } },
  ])
})

test('more than is on its way at most is not taken, until that has come', async () => {
  const { desk, taken } = listeningDesk()
  const { member } = memberOf(desk)
  let added = 0
  const add = () =>
    member.shared.registry.add(reportOf({ namespace: NAMESPACE, instanceId: `i${added}`, labels: LARGE }))
  while (added < 20_000 && add() === 'kept-here') added += 1
  expect(added).toBeGreaterThan(1_000)
  expect(added).toBeLessThan(20_000)
  await member.flush()
  expect(taken).toHaveLength(added)
  expect(add()).toBe('kept-here')
})

test('whoever floods a process fills half of what may be on its way to the one that keeps the reports, and no fleet is left out', async () => {
  const { desk, taken } = listeningDesk()
  const { registry } = memberOf(desk).member.shared
  const add = (instanceId: string, address: string, labels: Record<string, string> = {}) =>
    registry.add(reportOf({ namespace: NAMESPACE, instanceId, labels }), { type: 'stranger', address })
  for (let index = 0; index < 20_000; index += 1) add(`fake${index}`, '198.51.100.1', LARGE)
  const fleet = Array.from({ length: 5_000 }, (_, index) => add(`client${index}`, '192.0.2.7'))
  expect(new Set(fleet)).toEqual(new Set(['kept-here']))
  expect(registry.add(reportOf({ namespace: NAMESPACE, instanceId: 'relay' }))).toBe('kept-here')
  await expect.poll(() => taken.filter(({ id }) => id.startsWith('client')).length).toBe(5_000)
})

test('reports go to the one that keeps them a hundred a message, one after the other', async () => {
  const sent: number[] = []
  let arrive = () => {}
  const member = createMember({
    channel: {
      async send(message) {
        if (message.type === 'heard') sent.push(message.reports.length)
        await new Promise<void>(resolve => (arrive = resolve))
      },
      listen: () => () => {},
    },
    clock: systemClock,
  })
  onTestFinished(() => member.close())
  for (let index = 0; index < 250; index += 1)
    member.shared.registry.add(reportOf({ namespace: NAMESPACE, instanceId: `i${index}` }))
  const flushed = member.flush()
  for (const before of [[100], [100, 100], [100, 100, 50]]) {
    await expect.poll(() => sent).toEqual(before)
    arrive()
  }
  await flushed
})

test('what keeps the reports from being told comes to who asks with its code, and nobody waits for a process that is gone', async () => {
  const failing = listeningDesk(() =>
    Promise.reject(new NoticeboardError('unavailable', 'the disk does not answer')),
  )
  const asking = memberOf(failing.desk).member.over(memory())
  await expect(asking.reports?.({ namespace: NAMESPACE }, never)).rejects.toMatchObject({
    code: 'unavailable',
    message: 'the disk does not answer',
  })

  const silent = memberOf(listeningDesk(() => new Promise(() => {})).desk)
  const waiting = silent.member.over(memory()).reports?.({ namespace: NAMESPACE }, never)
  silent.member.close()
  await expect(waiting).rejects.toMatchObject({ code: 'closed' })
})

test('the load of all is the sum of those that are there', async () => {
  const { desk } = listeningDesk()
  const [first, second] = [memberOf(desk), memberOf(desk)]
  const none = { made: 0, served: 0, bytesSaved: 0 }
  const saved = { deltas: { made: 1, served: 5, bytesSaved: 900 }, encodings: none }
  first.member.tell({ connections: 3, maxConnections: 19_000, ...saved })
  second.member.tell({ connections: 4, maxConnections: 19_000, deltas: none, encodings: none })
  await expect.poll(() => desk.load).toEqual({ connections: 7, maxConnections: 38_000, ...saved })
  first.leave()
  // What counts only grows, whoever is gone.
  expect(desk.load).toEqual({ connections: 4, maxConnections: 19_000, ...saved })
})

test('of a brief answer no more goes from the one that keeps the reports to the one that is asked', async () => {
  const labels = { ring: 'early', host: 'x'.repeat(200) }
  const asOf = new Date(0).toISOString()
  const reports = [reportOf({ namespace: NAMESPACE, instanceId: 'a', labels, build: '1.2.3' })]
  const { desk } = listeningDesk(async () => ({ asOf, since: asOf, reports }))
  const { member } = memberOf(desk)
  const store = member.over(memory())
  const brief = await store.reports?.({ namespace: NAMESPACE, brief: { labels: ['ring'] } }, never)
  expect(brief?.reports).toEqual([
    reportOf({ namespace: NAMESPACE, instanceId: 'a', labels: { ring: 'early' }, strategy: '-' }),
  ])
  expect((await store.reports?.({ namespace: NAMESPACE }, never))?.reports).toEqual(reports)
})

test.each([
  [1, 1],
  [4, 25],
  [64, 31],
])(
  '%i processes hold no more bodies of strangers together than one: each gives up %i of 33',
  async (processes, most) => {
    const [own] = channels()
    const { shared } = createMember({ channel: own, clock: systemClock, processes })
    const { handler } = assembleHandler(await publishedStore(), { write: false }, shared)
    onTestFinished(() => handler.close())
    let refused = 0
    await floodWith(body => {
      const init = { method: 'POST', body, duplex: 'half', headers: { 'content-type': 'application/json' } }
      const answer = handler.fetch(
        new Request(`http://board.test/v1/${NAMESPACE}/~reports`, init as RequestInit),
      )
      void answer.then(({ status }) => (refused += status === 429 ? 1 : 0))
    })
    await expect.poll(() => refused).toBe(most)
  },
)

test('reports of 31 MiB and no more than 32 are on their way at most', () => {
  const outbox = createOutbox()
  const report = reportOf({ namespace: NAMESPACE, instanceId: 'i', labels: LARGE })
  // Each from an address of its own, so that none is held to its share.
  const takes = (index: number): boolean => outbox.add(report, { type: 'stranger', address: String(index) })
  let bytes = 0
  for (let index = 0; index < 20_000 && takes(index); index += 1)
    bytes += Buffer.byteLength(JSON.stringify(report)) + 400
  expect(bytes).toBeGreaterThan(31 * 1_048_576)
  expect(bytes).toBeLessThanOrEqual(32 * 1_048_576)
})

test('what a process hears is on its way to the one that keeps the reports after a tenth of a second', async () => {
  const clock = virtualClock()
  const sent: FromMember[] = []
  const member = createMember({
    channel: { send: async message => void sent.push(message), listen: () => () => {} },
    clock,
  })
  member.shared.registry.add(reportOf({ namespace: NAMESPACE, instanceId: 'a' }))
  await clock.advance(99)
  expect(sent).toEqual([])
  await clock.advance(1)
  expect(sent).toMatchObject([{ type: 'heard', reports: [{ report: { instanceId: 'a' } }] }])
  member.close()
})
