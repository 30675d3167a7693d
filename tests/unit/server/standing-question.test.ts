import { expect, test } from 'vitest'
import { questionOf, sidedBefore, sidesOf } from '../../../src/server/stream/standing-question.js'
import type { Topic } from '../../../src/server/stream/subscriptions.js'

const topicOf = (namespace: string): Topic => ({ namespace, version: 1 }) as unknown as Topic

test('topics stand that the store names and that did not move since it was asked', () => {
  const [a, b, c] = [topicOf('a'), topicOf('b'), topicOf('c')]
  const question = questionOf([a, b, c])
  b.version += 1
  const { standing, others } = sidesOf({ question, names: new Set(['a', 'b']), moves: 1 })
  expect([standing, others]).toEqual([[a], [b, c]])
})

test('what followed from an answer follows again from that answer alone, while no release moves', () => {
  const question = questionOf([topicOf('a')])
  const names = new Set(['a'])
  const sides = sidesOf({ question, names, moves: 1 })
  expect(sidedBefore(sides, { question, names, moves: 1 })).toBe(sides)
  expect(sidedBefore(undefined, { question, names, moves: 1 })).toBeUndefined()
  expect(sidedBefore(sides, { question, names, moves: 2 })).toBeUndefined()
  expect(sidedBefore(sides, { question, names: new Set(['a']), moves: 1 })).toBeUndefined()
  expect(sidedBefore(sides, { question: questionOf([topicOf('a')]), names, moves: 1 })).toBeUndefined()
})
