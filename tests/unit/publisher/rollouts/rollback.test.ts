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

test('a rollback does not go to what only a rollout tried, by its version or its digest, and says so', async () => {
  const board = await rolloutBoard({ state: 'running' })
  const tried = board.releases()[1]!.candidate!
  for (const to of [tried.version, tried.variants[0].digest.slice(0, 12)])
    await expect(board.publisher.rollback({ to, reason: 'x' })).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringMatching(
        /was tried by a rollout and never given to everyone: publish its document/,
      ),
    })
})
