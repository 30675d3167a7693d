import { expect, test } from 'vitest'
import { createLifetime } from '../../../src/server/http/lifetime.js'
import { createTopics } from '../../../src/server/stream/topics.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'

test('a namespace that comes while ten thousand are listened to is followed like the others', () => {
  const topics = createTopics({
    transport: memory(),
    hasher: systemHasher,
    clock: virtualClock(),
    lifetime: createLifetime(),
    trustsWatch: false,
    changed: () => {},
  })
  for (let listened = 0; listened < 10_000; listened += 1)
    topics.open(`n${listened}`).subscriptions.add({} as never)
  const late = topics.open('late')
  expect(topics.find('late')).toBe(late)
})
