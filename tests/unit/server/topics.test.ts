import { describe, expect, test } from 'vitest'
import { createLifetime } from '../../../src/server/http/lifetime.js'
import { createTopics } from '../../../src/server/stream/topics.js'
import { virtualClock } from '../../../src/sim/virtual-clock.js'
import { systemHasher } from '../../../src/system/system.js'
import { memory } from '../../../src/transports/memory.js'
import { NAMESPACE, publish, releaseOf, snapshotOf } from '../../support/board-kit.js'

const openTopics = (
  more: Partial<Parameters<typeof createTopics>[0]> = {},
): ReturnType<typeof createTopics> =>
  createTopics({
    transport: memory(),
    hasher: systemHasher,
    clock: virtualClock(),
    lifetime: createLifetime(),
    isRelay: false,
    trustMs: 37_500,
    wentBack: () => false,
    changed: () => {},
    ...more,
  })

/** A namespace that has something and that somebody listens to. */
function listenTo(topics: ReturnType<typeof createTopics>, namespace: string): void {
  const topic = topics.open(namespace)
  topic.newest = {} as never
  topic.subscriptions.add({} as never)
  topics.hold(topic)
}

test('a namespace that comes while ten thousand are listened to is followed like the others', () => {
  const topics = openTopics()
  for (let listened = 0; listened < 10_000; listened += 1) listenTo(topics, `n${listened}`)
  const late = topics.open('late')
  expect(topics.find('late')).toBe(late)
})

test('once more than ten thousand are not listened to any more, the next one brings them back to the bound', () => {
  const topics = openTopics()
  for (let listened = 0; listened < 10_050; listened += 1) listenTo(topics, `n${listened}`)
  for (const topic of topics.all()) {
    topic.subscriptions.clear()
    topics.release(topic)
  }
  topics.open('late')
  expect([...topics.all()]).toHaveLength(10_000)
  expect(topics.find('n50')).toBeUndefined()
  expect(topics.find('n51')).toBeDefined()
})

describe('what another server says is newest', () => {
  const releaseAt = (epoch: string, sequence: number): Uint8Array =>
    releaseOf(snapshotOf({ size: sequence % 7 }), { at: { epoch, sequence } })
  const relayed = (isRelay: boolean): { topics: ReturnType<typeof createTopics>; told: unknown[] } => {
    const told: unknown[] = []
    const say = (...words: unknown[]): void => void told.push(words)
    const logger = { debug: say, info: say, warn: say, error: say }
    return { topics: openTopics({ isRelay, logger }), told }
  }

  test('moves a relay no further than a fleet can come, which it logs once', () => {
    const { topics, told } = relayed(true)
    const topic = topics.open(NAMESPACE)
    topics.accept(topic, releaseAt('1-9f3a01bc', 1))
    topics.accept(topic, releaseAt('999999999-ffffffff', Number.MAX_SAFE_INTEGER))
    topics.accept(topic, releaseAt('999999999-ffffffff', 1))
    topics.accept(topic, releaseAt('1-9f3a01bc', 2))
    expect(topic.newest?.read?.position).toEqual({ epoch: '1-9f3a01bc', sequence: 2 })
    expect(told).toEqual([
      [
        'the upstream server names a position further on than a log can grow; it is ignored',
        {
          namespace: NAMESPACE,
          position: `999999999-ffffffff:${Number.MAX_SAFE_INTEGER}`,
          seen: '1-9f3a01bc:1',
        },
      ],
    ])
  })

  test('is logged without what was seen where nothing was', () => {
    const { topics, told } = relayed(true)
    topics.accept(topics.open(NAMESPACE), releaseAt('999999999-ffffffff', 1))
    expect(told).toEqual([
      [
        expect.stringContaining('further on than a log can grow'),
        { namespace: NAMESPACE, position: '999999999-ffffffff:1' },
      ],
    ])
  })

  test('is not judged where the store itself is asked', () => {
    const { topics, told } = relayed(false)
    const topic = topics.open(NAMESPACE)
    topics.accept(topic, releaseAt('1-9f3a01bc', 1))
    topics.accept(topic, releaseAt('5000000-ffffffff', 1))
    expect(topic.newest?.read?.position.epoch).toBe('5000000-ffffffff')
    expect(told).toEqual([])
  })
})

test('what another process has written is answered once what is known is a second old', async () => {
  const clock = virtualClock()
  const store = memory()
  const topics = openTopics({ transport: store, clock })
  const sequenceOf = async (): Promise<number | undefined> =>
    (await topics.newest(NAMESPACE))?.read?.position.sequence
  await publish(store, { size: 1 })
  expect(await sequenceOf()).toBe(1)
  await publish(store, { size: 2 })
  await clock.advance(999)
  expect(await sequenceOf()).toBe(1)
  await clock.advance(1)
  expect(await sequenceOf()).toBe(2)
})
