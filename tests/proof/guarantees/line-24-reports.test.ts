import { describe, expect, test } from 'vitest'
import { comparePositions } from '../../../src/contracts/position.js'
import type { ClientReport } from '../../../src/contracts/report.js'
import type { CompleteStore } from '../../../src/contracts/transport.js'
import { createHandler } from '../../../src/server/handler.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { virtualClock, type VirtualClock } from '../../../src/sim/virtual-clock.js'
import { memory } from '../../../src/transports/memory.js'
import { publish } from '../../support/board-kit.js'
import { openMachine } from './machine.js'
import {
  boundMs,
  NAMESPACE,
  openPlace,
  PERIODS,
  runs,
  TOKEN,
  WAYS,
  type Member,
  type Place,
  type Sent,
  type Way,
} from './place.js'

const isReport = ({ method, path }: Sent): boolean => method === 'POST' && path.endsWith('/~reports')
const reportsIn = ({ body }: Sent): readonly ClientReport[] =>
  (JSON.parse(new TextDecoder().decode(body)) as { reports: ClientReport[] }).reports
const saidBy = ({ sent }: Member): readonly ClientReport[] => sent.filter(isReport).flatMap(reportsIn)

/** A member that lived through two publishes, a refusal, a rollback and its own end. */
async function life(place: Place, way: Way): Promise<Member> {
  const { clock } = place
  await place.publish({ n: 1 })
  const member = place.client(way)
  await place.until(() => runs(member)?.n === 1, boundMs(way))
  for (const n of [2, 3]) {
    await place.publish({ n })
    await place.until(() => runs(member)?.n === n, boundMs(way))
    await clock.advance(PERIODS.reportIntervalMs)
  }
  await place.done(place.publisher.rollback({ reason: 'a test' }))
  await place.until(() => runs(member)?.n === 2, boundMs(way))
  await clock.advance(2 * PERIODS.reportIntervalMs)
  return member
}

/** What the fleet's view says of one instance, without what the hearer adds. */
async function heard(place: Pick<Place, 'done'>, ask: () => Promise<Response>): Promise<readonly object[]> {
  const response = await place.done(ask())
  const { reports } = (await response.json()) as { reports: ClientReport[] }
  return reports.map(({ receivedAt: _, firstHeardAt: __, ...report }) => report)
}

const STORES: readonly (readonly [string, (clock: VirtualClock) => CompleteStore])[] = [
  ['memory', clock => memory({ system: { clock } })],
  ['files', clock => openMachine(clock).store()],
]

describe.each(WAYS)('24. reports are idempotent states (%s)', (_name, way) => {
  test.each(STORES)(
    'the same ones again, late and in any order, leave the last word (%s)',
    async (_store, open) => {
      const clock = virtualClock({ turns: 1 })
      const place = openPlace({ clock, store: memory({ system: { clock } }) })
      const member = await life(place, way)
      await place.done(member.client.close())
      const said = saidBy(member)
      expect(said.length).toBeGreaterThan(4)
      const { receivedAt: _, firstHeardAt: __, ...last } = said.at(-1) as ClientReport
      expect(last.phase).toBe('stopped')

      for (const seed of [1, 2]) {
        const random = seededRandom(seed)
        const store = open(clock)
        await place.done(publish(store, { n: 1 }, { namespace: NAMESPACE }))
        const handler = createHandler(store, { system: { clock }, write: { token: TOKEN } })
        const url = `http://board.test/v1/${NAMESPACE}/~reports`
        const say = async (report: ClientReport): Promise<void> => {
          const body = JSON.stringify({ reports: [report] })
          await place.done(
            handler.fetch(
              new Request(url, { method: 'POST', body, headers: { 'content-type': 'application/json' } }),
            ),
          )
        }
        // Each twice, in an order of chance; the last word is among the first.
        const order = [...said, ...said].sort(() => random.number() - 0.5)
        for (const report of [last as ClientReport, ...order]) {
          await say(report)
          if (random.number() < 0.3) await clock.advance(1_000)
        }
        await clock.advance(10_000)
        const asked = new Request(url, { headers: { authorization: `Bearer ${TOKEN}` } })
        expect(await heard(place, () => handler.fetch(asked))).toEqual([last])
        await place.done(handler.close({ drainMs: 0, graceMs: 1 }))
      }
    },
  )

  test('they never move backwards within an instance', async () => {
    const clock = virtualClock({ turns: 1 })
    const machine = openMachine(clock)
    const place = openPlace({ clock, store: machine.store() })
    const member = await life(place, way)
    // Also when a server comes back that knows less.
    const backup = machine.disk.copy()
    await place.publish({ n: 5 })
    await place.until(() => runs(member)?.n === 5, boundMs(way))
    await place.done(place.origin.end())
    machine.disk.restore(backup)
    place.origin.start(machine.store())
    await clock.advance(boundMs(way))
    const said = saidBy(member)
    expect(said.at(-1)).toMatchObject({ seen: { sequence: 5 }, applied: { sequence: 5 } })
    for (const [index, report] of said.entries()) {
      const before = said[index - 1]
      if (before === undefined) continue
      expect(report.instanceId).toBe(before.instanceId)
      expect(report.count).toBe(before.count + 1)
      for (const name of ['seen', 'applied'] as const) {
        const [a, b] = [report[name], before[name]]
        if (b !== undefined) expect(a && comparePositions(a, b)).toMatch(/^(newer|same)$/)
      }
    }
  })

  test('they survive a reconnect, and a server that forgot them', async () => {
    const clock = virtualClock({ turns: 1 })
    const machine = openMachine(clock)
    const place = openPlace({ clock, store: machine.store() })
    await place.publish({ n: 1 })
    const member = place.client(way, { reports: { intervalMs: 3_600_000 } })
    await place.until(() => runs(member)?.n === 1, boundMs(way))
    await place.publish({ n: 2 })
    await clock.advance(5_000)
    // It could not say what it runs while nobody took reports.
    member.obstacle = (_url, { method }) => {
      if (method === 'POST') throw new TypeError('fetch failed')
      return undefined
    }
    await place.publish({ n: 3 })
    await place.until(() => runs(member)?.n === 3, boundMs(way))
    await clock.advance(60_000)
    member.obstacle = undefined
    await clock.advance(PERIODS.retryCapMs + 5_000)
    expect(await place.done(place.publisher.fleet())).toMatchObject({ type: 'known', counts: { current: 1 } })
    const { length } = saidBy(member)

    // Long before the next presence is due: the connection that is back makes it speak.
    await place.done(Promise.all([place.origin.end(), place.relay.end()]))
    const image = machine.disk.copy()
    const forgetful = new Map([...image].filter(([path]) => !path.includes('/reports/')))
    expect(forgetful.size).toBeLessThan(image.size)
    machine.disk.restore(forgetful)
    await clock.advance(120_000)
    place.origin.start(machine.store())
    place.restartRelay()
    expect(await place.done(place.publisher.fleet())).toMatchObject({ type: 'unknown' })
    await clock.advance(boundMs(way))
    expect(saidBy(member).length).toBeGreaterThan(length)
    expect(await place.done(place.publisher.fleet())).toMatchObject({ type: 'known', counts: { current: 1 } })
  })
})
