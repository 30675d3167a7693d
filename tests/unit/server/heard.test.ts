import { expect, test } from 'vitest'
import type { HeardReports } from '../../../src/contracts/report.js'
import { createHandler } from '../../../src/server/handler.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { memory } from '../../../src/transports/memory.js'
import { NAMESPACE, publish } from '../../support/board-kit.js'
import { reportOf } from '../../support/report-of.js'

const START_MS = Date.parse('2026-01-01T00:00:00.000Z')
const DAY_MS = 86_400_000
const TOKEN = 'a-token'

test.each([
  ['a day behind', -DAY_MS],
  ['the same', 0],
  ['a day ahead', DAY_MS],
])("reports are told by the store's clock alone, which is %s", async (_, aheadMs) => {
  const clock = virtualClock({ startMs: START_MS })
  const stores = virtualClock({ startMs: START_MS + aheadMs })
  const time = (afterMs: number): string => new Date(START_MS + aheadMs + afterMs).toISOString()
  const pass = (ms: number) => Promise.all([clock.advance(ms), stores.advance(ms)])
  const store = memory({ system: { clock: stores } })
  await publish(store, { pool: 1 })
  const { fetch } = createHandler(store, { system: { clock }, write: { token: TOKEN } })
  const url = `http://board.test/v1/${NAMESPACE}/~reports`
  const say = (instanceId: string, count: number) =>
    fetch(
      new Request(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ reports: [reportOf({ namespace: NAMESPACE, instanceId, count })] }),
      }),
    )
  const heard = async (): Promise<HeardReports> => {
    const answer = await fetch(new Request(url, { headers: { authorization: `Bearer ${TOKEN}` } }))
    return (await answer.json()) as HeardReports
  }

  await pass(60_000)
  await say('x', 1)
  // Handed to the store, which stamps it a second later.
  await pass(10_000)
  await say('x', 2)
  await say('y', 1)
  await pass(500)
  const { reports, ...said } = await heard()
  expect(said).toEqual({ since: time(0), asOf: time(70_500) })
  expect(
    reports.map(({ instanceId, count, firstHeardAt, receivedAt }) => [
      instanceId,
      count,
      firstHeardAt,
      receivedAt,
    ]),
  ).toEqual([
    ['x', 2, time(60_000), time(70_000)],
    ['y', 1, time(70_000), time(70_000)],
  ])
})

test('a server over a store that keeps no reports tells of an instance until it was silent for a week', async () => {
  const clock = virtualClock({ startMs: START_MS })
  const { report: _, reports: __, ...store } = memory({ system: { clock } })
  await publish(store, { pool: 1 })
  const { fetch } = createHandler(store, { system: { clock }, write: { token: TOKEN } })
  const url = `http://board.test/v1/${NAMESPACE}/~reports`
  await fetch(
    new Request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ reports: [reportOf({ namespace: NAMESPACE, instanceId: 'x' })] }),
    }),
  )
  const names = async (): Promise<readonly string[]> => {
    const answer = await fetch(new Request(url, { headers: { authorization: `Bearer ${TOKEN}` } }))
    return ((await answer.json()) as HeardReports).reports.map(({ instanceId }) => instanceId)
  }
  await clock.advance(7 * DAY_MS)
  expect(await names()).toEqual(['x'])
  await clock.advance(1)
  expect(await names()).toEqual([])
})
