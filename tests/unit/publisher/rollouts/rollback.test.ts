import { expect, test } from 'vitest'
import { rolloutBoard, size } from './rollout-board.js'

test.each(['running', 'paused', 'retreated', 'watching'] as const)(
  'a rollback during a rollout that is %s ends it: the version before it runs, and what it tried is withdrawn',
  async state => {
    const board = await rolloutBoard({ state })
    const tried = board.releases()[1]?.candidate?.variants[0]?.digest
    const back = await board.publisher.rollback({ reason: 'x' })
    expect(back).toMatchObject({ outcome: 'published', version: 1, withdrawn: [tried] })
    expect(board.document('stable')).toEqual(size(1))
    expect(board.newest()).toMatchObject({ cause: 'rollback', rollout: { id: 'r1', state: 'rolled-back' } })
  },
)

test('a rollback after the end of a rollout says nothing of it', async () => {
  const board = await rolloutBoard({ state: 'watching' })
  await board.publisher.kill({ patch: { fast: false }, reason: 'ends the watch' })
  await board.publisher.rollback({ reason: 'x' })
  expect(board.newest()).not.toHaveProperty('rollout')
})
