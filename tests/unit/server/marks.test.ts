import { expect, test } from 'vitest'
import { encodeMark } from '../../../src/core/release/mark.js'
import { markFrame } from '../../../src/server/stream/frames.js'
import { markFrames, markTimes } from '../../../src/server/stream/mark-frames.js'
import { plainOf } from '../../../src/server/stream/messages.js'
import { markOf } from '../../../src/server/stream/mark-of.js'
import type { Newest } from '../../../src/server/stream/newest-release.js'
import type { Subscription, Topic } from '../../../src/server/stream/subscriptions.js'

const AS_OF_MS = Date.parse('2026-01-01T00:00:08.000Z')
const TIMES = markTimes(AS_OF_MS, AS_OF_MS + 20_000)
/** The last millisecond of the last year of four digits. */
const LAST_MS = Date.parse('9999-12-31T23:59:59.999Z')
const isoOf = (timeMs: number): string => new Date(timeMs).toISOString()
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes)
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
    for (const [asOfMs, forMs] of [
      [AS_OF_MS, 20_000],
      [AS_OF_MS + 8_000, 0],
      [LAST_MS, 20_000],
      [AS_OF_MS, 20_000],
    ] as const) {
      const times = { asOf: isoOf(asOfMs), validUntil: isoOf(asOfMs + forMs) }
      const whole = markFrame(mark.namespace, encodeMark({ ...mark, ...times }))
      const made = markAt(markTimes(asOfMs, asOfMs + forMs))
      expect([textOf(plainOf(made)), textOf(made.chunked)]).toEqual([
        textOf(plainOf(whole)),
        textOf(whole.chunked),
      ])
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
