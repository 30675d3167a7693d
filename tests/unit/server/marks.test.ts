import { expect, test } from 'vitest'
import { encodeMark } from '../../../src/core/release/mark.js'
import { markFrame, markFrames } from '../../../src/server/stream/frames.js'
import { markOf } from '../../../src/server/stream/mark-of.js'
import type { Newest } from '../../../src/server/stream/newest-release.js'
import type { Subscription, Topic } from '../../../src/server/stream/subscriptions.js'

const TIMES = { asOf: '2026-01-01T00:00:08.000Z', validUntil: '2026-01-01T00:00:28.000Z' }
const place = (namespace: string, sequence = 1) => ({
  v: 1 as const,
  namespace,
  epoch: '1-9f3a01bc',
  sequence,
  digest: 'ab'.repeat(32),
})

test('a mark is byte for byte what is encoded whole, whatever it names and whenever it is made', () => {
  for (const mark of [
    place('a'),
    place('time/time.asof', 42),
    place('x'.repeat(63), Number.MAX_SAFE_INTEGER),
  ]) {
    const markAt = markFrames(mark)
    for (const times of [TIMES, { asOf: TIMES.validUntil, validUntil: '+010000-01-01T00:00:00.000Z' }]) {
      const { plain, chunked } = markFrame(mark.namespace, encodeMark({ ...mark, ...times }))
      expect(markAt(times)).toEqual({ plain, chunked })
    }
  }
})

test('what a mark says of its release is encoded once, however often the mark is made', () => {
  let encoded = 0
  const markAt = markFrames({
    ...place('shop'),
    get digest() {
      encoded += 1
      return 'ab'.repeat(32)
    },
  })
  for (let beat = 0; beat < 100; beat += 1) markAt(TIMES)
  expect(encoded).toBe(1)
})

test('a mark of several readers is made once, and one of a single reader is not kept', () => {
  let made = 0
  const markAt = markFrames(place('shop'))
  const topic = {
    mark: TIMES,
    subscriptions: new Set([{} as Subscription]),
    newest: {
      read: {
        markAt(times: typeof TIMES) {
          made += 1
          return markAt(times)
        },
      },
    } as unknown as Newest,
  } as unknown as Topic
  expect(markOf(topic)).toEqual(markAt(TIMES))
  expect([made, topic.mark]).toEqual([1, TIMES])
  topic.subscriptions.add({} as Subscription)
  expect(markOf(topic)).toBe(markOf(topic))
  expect(made).toBe(2)
})
