import { expect, test } from 'vitest'
import type { ClientReport, PreviousLife } from '../../../src/contracts/report.js'
import { createInterner } from '../../../src/fleet/interner.js'
import { packWord, wordReader } from '../../../src/fleet/packed-word.js'
import { reportOf } from '../../support/report-of.js'

const stamps = { receivedAt: '2026-01-01T00:00:05.000Z', firstHeardAt: '2026-01-01T00:00:00.000Z' }
const digest = 'd'.repeat(64)
const given = (more: Partial<ClientReport>): ClientReport =>
  reportOf({ namespace: 'checkout/prod', instanceId: 'a'.repeat(32), ...more })

const previous: PreviousLife = { instanceId: 'b'.repeat(32), end: 'clean', ranMs: 9 }

test.each<[which: string, more: Partial<ClientReport>]>([
  ['the least', {}],
  [
    'labels and what it ran',
    { labels: { region: 'eu' }, digest, seen: { epoch: '1-9f3a01bc', sequence: 4 } },
  ],
  ['a life before that ran nothing', { previous }],
  ['a life before that ran something', { previous: { ...previous, digest, end: 'abrupt' } }],
  ['figures of the application', { measures: { latencyMs: { count: 3, mean: 12, variance: 2 } } as never }],
])('a word with %s is read as it was packed, with the stamps of who heard it', (_which, more) => {
  const same = createInterner()
  const word = packWord({ ...given(more), receivedAt: 'of somebody else' }, stamps, same)
  expect(wordReader()(word)).toEqual({ ...given(more), ...stamps })
})

test('what many words have in common is parsed once for all of an answer', () => {
  const same = createInterner()
  const words = ['a', 'b', 'c'].map(digit =>
    packWord(
      given({ instanceId: digit.repeat(32), seen: { epoch: '1-9f3a01bc', sequence: 4 } }),
      stamps,
      same,
    ),
  )
  const [one, two, three] = words.map(wordReader())
  expect(one?.seen).toEqual({ epoch: '1-9f3a01bc', sequence: 4 })
  expect(two?.seen).toBe(one?.seen)
  expect(three?.seen).toBe(one?.seen)
})
