import { expect, test } from 'vitest'
import { createLifetime } from '../../../src/server/http/lifetime.js'
import { createTopics } from '../../../src/server/stream/topics.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'

const openTopics = (): ReturnType<typeof createTopics> =>
  createTopics({
    transport: memory(),
    hasher: systemHasher,
    clock: virtualClock(),
    lifetime: createLifetime(),
    trustsWatch: false,
    changed: () => {},
  })

test('a namespace that comes while ten thousand are listened to is followed like the others', () => {
  const topics = openTopics()
  for (let listened = 0; listened < 10_000; listened += 1)
    topics.open(`n${listened}`).subscriptions.add({} as never)
  const late = topics.open('late')
  expect(topics.find('late')).toBe(late)
})

test('once more than ten thousand are not listened to any more, the next one brings them back to the bound', () => {
  const topics = openTopics()
  for (let listened = 0; listened < 10_050; listened += 1)
    topics.open(`n${listened}`).subscriptions.add({} as never)
  for (const { subscriptions } of topics.all()) subscriptions.clear()
  topics.open('late')
  expect([...topics.all()]).toHaveLength(10_000)
  expect(topics.find('n50')).toBeUndefined()
  expect(topics.find('n51')).toBeDefined()
})
