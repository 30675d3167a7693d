import { expect, test } from 'vitest'
import { NoticeboardError } from '../../../../src/contracts/errors.js'
import type { Rollout } from '../../../../src/publisher/index.js'
import { rolloutBoard, type RolloutBoard } from './rollout-board.js'

async function running(): Promise<{ readonly board: RolloutBoard; readonly rollout: Rollout }> {
  const board = await rolloutBoard({ state: 'running' })
  const rollout = await board.publisher.rollout()
  if (rollout === undefined) throw new Error('there is no rollout')
  return { board, rollout }
}

test('a rollout that cannot be followed, since the store refuses, has settled as running', async () => {
  const { board, rollout } = await running()
  board.store.before = () => {
    throw new NoticeboardError('forbidden', 'no')
  }
  expect(await rollout.settled).toBe('running')
})

test('a rollout whose publisher is closed while it is followed, and before, has settled as running', async () => {
  const { board, rollout } = await running()
  const other = await board.publisher.rollout()
  const { settled } = rollout
  await board.publisher.close()
  expect(await settled).toBe('running')
  expect(await other?.settled).toBe('running')
})
