import { expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import { createPublisher, everyone } from '../../../src/publisher/index.js'
import { memory } from '../../../src/transports/memory.js'
import { rolloutBoard } from './rollouts/rollout-board.js'
import { reportOf } from '../../support/report-of.js'
import { z } from 'zod'

const NAMESPACE = 'checkout/prod'
const signal = new AbortController().signal

test('what the fleet says becomes alarms, and a board that cannot be read is one', async () => {
  const store = memory()
  const schema = z.looseObject({})
  await using publisher = createPublisher({ namespace: NAMESPACE, schema, store, retries: 0 })
  expect(await publisher.alarms()).toEqual([])
  const { position } = await publisher.publish({ a: 1 }, { rollout: everyone(), reason: 'a test' })
  const seen = { epoch: position.epoch, sequence: position.sequence + 1 }
  await store.report([reportOf({ namespace: NAMESPACE, instanceId: 'one', seen })], signal)
  expect(await publisher.alarms()).toMatchObject([
    { name: 'board-behind', severity: 'critical', instances: 1 },
  ])

  const broken = { ...store, latest: () => Promise.reject(new NoticeboardError('forbidden', 'no way in')) }
  await using other = createPublisher({ namespace: NAMESPACE, schema, store: broken, retries: 0 })
  expect(await other.alarms()).toEqual([
    { name: 'board-failing', severity: 'critical', says: expect.stringContaining('(forbidden)') },
  ])
})

test('the alarm of a rollout that somebody paused has the reason and the name', async () => {
  const { publisher } = await rolloutBoard({ state: 'running' })
  const paused = async () =>
    (await publisher.alarms()).filter(({ name }) => name === 'rollout-paused').map(({ says }) => says)
  expect(await paused()).toEqual([])
  await publisher.pause({ reason: 'lunch' })
  const says = expect.stringMatching(/^rollout r1, stage 1, is paused: paused by hand: lunch \(by ada\)$/)
  expect(await paused()).toEqual([says])
  // What is said on top of it does not hide who it was.
  await publisher.retreat({ reason: 'a long lunch' })
  expect(await paused()).toEqual([
    expect.stringMatching(/^rollout r1, stage 1, is retreated: .*: a long lunch \(by ada\)$/),
  ])
})
