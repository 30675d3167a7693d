import { expect, test } from 'vitest'
import { everyone, timed } from '../../../../src/rollouts/index.js'
import { rolloutBoard, size } from './rollout-board.js'

test.each(['missing', 'damaged'] as const)(
  'no rollout begins whose clients could not go back, since what they run is %s in the store; published once more it is there again',
  async how => {
    const { store, publisher, newest } = await rolloutBoard()
    const { digest } = newest().stable.variants[0]
    if (how === 'missing') store.snapshots.delete(digest)
    else store.snapshots.set(digest, new TextEncoder().encode('{}'))
    const staged = { rollout: timed(), drive: true, reason: 'more load' }
    await expect(publisher.publish(size(2), staged)).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining('could not go back to it: publish the running document once more'),
    })
    await expect(publisher.publish(size(2), { ...staged, dryRun: true })).rejects.toMatchObject({
      code: 'not-found',
    })
    expect(store.log).toHaveLength(1)
    expect(await publisher.publish(size(1), { rollout: everyone(), reason: 'again' })).toMatchObject({
      outcome: 'unchanged',
    })
    expect(await publisher.publish(size(2), staged)).toMatchObject({ outcome: 'published', state: 'running' })
  },
)

test('what goes to everyone goes also where the version before it is lost', async () => {
  const { store, publisher, newest } = await rolloutBoard()
  store.snapshots.delete(newest().stable.variants[0].digest)
  expect(await publisher.publish(size(2), { rollout: everyone(), reason: 'the outage' })).toMatchObject({
    outcome: 'published',
    state: 'everyone',
  })
})
