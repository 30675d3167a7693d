import { expect, test } from 'vitest'
import * as prom from 'prom-client'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { RolloutPhase, RolloutState } from '../../../src/core/release/rollout.js'
import { clientMetrics } from '../../../src/metrics/index.js'
import { closedAfterEach, memoryFolder, runningFirst, type Harness } from '../../support/client-harness.js'
import { namespace, testBoard, type TestBoard } from './board.js'

const started = closedAfterEach(5_000)
/** The harness looks each second, so that much and a minute after `decideBy`. */
const GRACE_MS = 1_000 * 1.1 + 60_000

function rolloutOf(nowMs: number, more: Partial<RolloutState> = {}): RolloutState {
  return {
    id: 'r1',
    state: 'running',
    stage: 1,
    plan: { policy: 'staged@1' },
    stageStart: {
      position: { epoch: '1-0000000a', sequence: 2 },
      at: new Date(nowMs).toISOString(),
      live: 60,
      exposed: 1,
      control: 59,
    },
    from: { epoch: '1-0000000a', sequence: 1 },
    decideBy: new Date(nowMs + 600_000).toISOString(),
    controller: 'controller-a',
    ...more,
  }
}

const doc = (size: number): object => ({ pool: { size } })

/** A client that knows of a rollout which was to be decided ten minutes from now. */
async function inARollout(more?: Partial<RolloutState>, options?: Parameters<typeof runningFirst>[2]) {
  const board = testBoard()
  const harness = await runningFirst(started, board, options)
  const rollout = rolloutOf(harness.clock.now(), more)
  const put = board.put(doc(2))
  board.release({
    candidate: { version: 2, variants: [put] },
    audience: { salt: 's', clauses: [{ below: 1 }] },
    rollout,
  })
  await harness.clock.advance(2_000)
  return { ...harness, board, rollout }
}

const toldIn = ({ logs }: Harness): readonly string[] =>
  logs.filter(line => line.includes('nobody has decided'))

test('a rollout that nobody decided about in its time is told by the client itself, while no server answers', async () => {
  const harness = await inARollout()
  const { client, clock, board, rollout } = harness
  board.failing = new NoticeboardError('unavailable', 'everything is down')
  await clock.advance(Date.parse(rollout.decideBy) - clock.now() + GRACE_MS)
  expect([client.orphaned, toldIn(harness)]).toEqual([undefined, []])
  await clock.advance(10_000)
  expect(client.orphaned).toEqual({ rolloutId: 'r1', stage: 2, decideBy: rollout.decideBy })
  await clock.advance(3_600_000)
  expect(toldIn(harness)).toEqual([
    expect.stringMatching(
      /^warn nobody has decided about a rollout in its time.*"namespace":"checkout\/prod","rolloutId":"r1","stage":2,/,
    ),
  ])
  expect(client.current.pool.size).toBe(1)
})

test('the next stage is another matter, and once a rollout has ended nothing is left to tell', async () => {
  const harness = await inARollout()
  const { client, clock, board } = harness
  await clock.advance(700_000)
  expect(client.orphaned).toMatchObject({ stage: 2 })
  board.release({ rollout: rolloutOf(clock.now(), { stage: 2 }) })
  await clock.advance(2_000)
  expect(client.orphaned).toBeUndefined()
  await clock.advance(700_000)
  expect(client.orphaned).toMatchObject({ stage: 3 })
  expect(toldIn(harness)).toHaveLength(2)
  board.release({ rollout: rolloutOf(clock.now(), { state: 'completed' }) })
  await clock.advance(700_000)
  expect(client.orphaned).toBeUndefined()
  expect(toldIn(harness)).toHaveLength(2)
})

test.each<[state: RolloutPhase, isOrphaned: boolean]>([
  ['running', true],
  ['watching', true],
  ['paused', false],
  ['retreated', false],
  ['completed', false],
  ['rolled-back', false],
])('a rollout that is %s may be orphaned: %s', async (state, isOrphaned) => {
  const { client, clock } = await inARollout({ state })
  await clock.advance(3_600_000)
  expect(client.orphaned !== undefined).toBe(isOrphaned)
})

test('who starts anew from the disk while no server answers tells it too', async () => {
  const state = memoryFolder()
  const { client, board } = await inARollout({}, { state })
  await client.close()
  board.failing = new NoticeboardError('unavailable', 'everything is down')
  const second = started(board, { state })
  await second.start()
  expect(second.client.orphaned).toBeUndefined()
  await second.clock.advance(700_000)
  expect(second.client.orphaned).toMatchObject({ rolloutId: 'r1', stage: 2 })
})

test('before its start and after its end, and without a rollout, a client tells of none', async () => {
  const { client, clock } = await runningFirst(started, testBoard() as TestBoard)
  await clock.advance(3_600_000)
  expect(client.orphaned).toBeUndefined()
  expect(started(testBoard()).client.orphaned).toBeUndefined()
})

test('it is a metric', async () => {
  const { client, clock } = await inARollout()
  const register = new prom.Registry()
  clientMetrics(client, { prom, namespace, register })
  const line = async (): Promise<string | undefined> =>
    (await register.metrics()).split('\n').find(text => text.startsWith('noticeboard_rollout_orphaned{'))
  expect(await line()).toBe('noticeboard_rollout_orphaned{namespace="checkout/prod"} 0')
  await clock.advance(700_000)
  expect(await line()).toBe('noticeboard_rollout_orphaned{namespace="checkout/prod"} 1')
})
