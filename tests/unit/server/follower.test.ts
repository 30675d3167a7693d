import { expect, test } from 'vitest'
import { NoticeboardError } from '../../../src/contracts/errors.js'
import type { WatchTransport } from '../../../src/contracts/transport.js'
import { follow, type FollowOptions } from '../../../src/server/stream/follower.js'
import type { Topic } from '../../../src/server/stream/subscriptions.js'
import { seededRandom, virtualClock } from '../../../src/testing/index.js'

test('a topic whose watch was lost is not watched while its follower stays away', async () => {
  const clock = virtualClock()
  const ending = new AbortController()
  const topic = { namespace: 'shop/prod', watched: false } as Topic
  const away = new NoticeboardError('unavailable', 'away', { retryAfterMs: 60_000 })
  const transport: WatchTransport = {
    name: 'origin',
    latest: () => Promise.reject(away),
    snapshot: () => Promise.reject(away),
    async *watch() {
      yield { type: 'alive' } as const
      await clock.sleep(1_000, ending.signal)
      throw away
    },
  }
  const options: FollowOptions = {
    transport,
    topics: { check: () => Promise.reject(away) } as unknown as FollowOptions['topics'],
    clock,
    random: seededRandom(1),
    pollIntervalMs: 1_000,
    logger: undefined,
    passMark() {},
  }
  const following = follow(topic, options, ending.signal)
  await clock.advance(500)
  expect(topic.watched).toBe(true)
  await clock.advance(1_000)
  expect(topic.watched).toBe(false)
  ending.abort()
  await following
})
