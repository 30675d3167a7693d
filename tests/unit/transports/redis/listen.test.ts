import { expect, test } from 'vitest'
import type { RedisClient } from '../../../../src/transports/redis/client.js'
import { redis } from '../../../../src/transports/redis/redis.js'
import { virtualClock } from '../../../../src/sim/virtual-clock.js'
import { fakeRedis } from '../../../support/engines/fake-redis.js'
import { NAMESPACE, never, publish } from '../../../support/board-kit.js'

test.each(['connect', 'subscribe'] as const)(
  'a subscription whose %s fails after it was done leaves no connection behind',
  async step => {
    const clock = virtualClock()
    const server = fakeRedis(() => clock.now())
    const client = server.client()
    let destroyed = 0
    const failing: RedisClient = {
      ...client,
      duplicate() {
        const subscriber = client.duplicate()
        return {
          ...subscriber,
          async [step](...words: readonly unknown[]) {
            await (subscriber[step] as (...given: readonly unknown[]) => Promise<unknown>)(...words)
            throw new Error('the connection was lost')
          },
          destroy() {
            destroyed += 1
            subscriber.destroy()
          },
        }
      },
    }
    const store = redis(failing, { system: { clock } })
    const done = publish(store, { size: 1 })
    await clock.advance(1_000)
    await done
    const deliveries = store.watch({ namespaces: [NAMESPACE], inline: false }, never)
    const lost = expect(deliveries[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'unavailable',
    })
    await clock.advance(60_000)
    await lost
    expect(destroyed).toBe(1)
    expect(server.subscriptions).toBe(0)
  },
)
