import { describe, expect, test } from 'vitest'
import type { StageMeasures } from '../../../src/contracts/report.js'
import type { Release } from '../../../src/core/release/release.js'
import { BUCKETS } from '../../../src/core/release/audience.js'
import { closedAfterEach, runningFirst, type Harness } from '../../support/client-harness.js'
import { testBoard, type TestBoard } from './board.js'

const started = closedAfterEach(5_000)

const doc = (size: number): object => ({ pool: { size } })
const evidence = { bakeMs: 90_000, reportMs: 30_000, spreadMs: 0, measures: ['latencyMs', 'errors'] }

/** A rollout whose stage began with a release. */
const stage = (sequence: number): Partial<Release> => ({
  evidence,
  rollout: {
    id: 'r1',
    state: 'running',
    stage: 0,
    plan: { type: 'staged', version: 1 },
    stageStart: {
      position: { epoch: '1-0000000a', sequence },
      at: '2026-01-01T00:00:00.000Z',
      live: 60,
      exposed: 30,
      control: 30,
    },
    from: { epoch: '1-0000000a', sequence: 1 },
    decideBy: '2026-01-02T00:00:00.000Z',
    controller: 'c',
  },
})

const running = (board: TestBoard): Promise<Harness> => runningFirst(started, board)

const said = ({ reports }: Harness): StageMeasures | undefined => reports.at(-1)?.measures

describe('what an application measures', () => {
  test('is kept and reported only while a rollout asks for it, under the names that it asks for', async () => {
    const board = testBoard()
    const client = await running(board)
    client.client.measure('latencyMs', 5)
    await client.clock.advance(400_000)
    expect(said(client)).toBeUndefined()

    const { sequence } = board.release(stage(2))
    await client.clock.advance(2_000)
    for (const value of [10, 14]) client.client.measure('latencyMs', value)
    client.client.measure('somethingElse', 1)
    await client.clock.advance(40_000)
    expect(said(client)).toMatchObject({
      stage: { epoch: '1-0000000a', sequence },
      digest: client.client.running.digest,
      numbers: [{ name: 'latencyMs', count: 2, sum: 24 }],
    })

    board.release({ evidence: undefined, rollout: undefined } as never)
    await client.clock.advance(400_000)
    expect(said(client)).toBeUndefined()
  })

  test('is added up for the bake and then stays as it is, and the report of that time says it whole', async () => {
    const board = testBoard()
    const client = await running(board)
    const put = board.put(doc(2))
    board.release({
      ...stage(2),
      candidate: { version: 2, variants: [put] },
      audience: { salt: 's', clauses: [{ below: BUCKETS }] },
    })
    await client.clock.advance(2_000)
    expect(client.client.current.pool.size).toBe(2)
    client.client.measure('errors', 1)
    client.reports.length = 0
    await client.clock.advance(95_000)
    const baked = client.reports.find(({ sinceMs }) => sinceMs >= evidence.bakeMs)
    expect(baked?.measures).toEqual({
      stage: { epoch: '1-0000000a', sequence: 2 },
      digest: put.digest,
      overMs: evidence.bakeMs,
      numbers: [{ name: 'errors', count: 1, sum: 1 }],
    })
    client.client.measure('errors', 1)
    await client.clock.advance(120_000)
    expect(said(client)).toEqual(baked?.measures)
  })

  test('begins anew with the next stage and with another snapshot, and not with a release that is neither', async () => {
    const board = testBoard()
    const client = await running(board)
    board.release(stage(2))
    await client.clock.advance(2_000)
    client.client.measure('errors', 1)
    board.release(stage(2))
    await client.clock.advance(40_000)
    expect(said(client)?.numbers).toEqual([{ name: 'errors', count: 1, sum: 1 }])

    board.release(stage(4))
    await client.clock.advance(2_000)
    client.client.measure('errors', 0)
    await client.clock.advance(40_000)
    expect(said(client)).toMatchObject({
      stage: { sequence: 4 },
      numbers: [{ name: 'errors', count: 1, sum: 0 }],
    })

    board.publish(doc(3), stage(4))
    await client.clock.advance(2_000)
    client.client.measure('errors', 1)
    await client.clock.advance(40_000)
    expect(said(client)).toMatchObject({
      digest: client.client.running.digest,
      numbers: [{ name: 'errors', count: 1, sum: 1 }],
    })
  })

  test('is left out where it is no number from 0 on, which is logged once and hurts nobody', async () => {
    const board = testBoard()
    const client = await running(board)
    board.release(stage(2))
    await client.clock.advance(2_000)
    for (const value of [Number.NaN, -1, Number.POSITIVE_INFINITY, 1e16, 'much' as unknown as number])
      client.client.measure('errors', value)
    client.client.measure('errors', -0)
    await client.clock.advance(40_000)
    expect(said(client)?.numbers).toEqual([{ name: 'errors', count: 1, sum: 0 }])
    expect(client.logs.filter(line => line.includes('measure()'))).toHaveLength(1)
  })

  test('costs nothing before the start and after the end', async () => {
    const board = testBoard()
    board.publish(doc(1), stage(1))
    const client = started(board, { intervalMs: 1_000 })
    client.client.measure('errors', 1)
    await client.start()
    await client.client.close()
    client.client.measure('errors', 1)
    expect(said(client)).toBeUndefined()
  })
})
