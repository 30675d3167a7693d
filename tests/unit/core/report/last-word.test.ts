import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { ClientReport } from '../../../../src/contracts/report.js'
import { lastWord } from '../../../../src/core/report/last-word.js'
import { reportOf } from '../../../support/report-of.js'

const timeAt = (second: number): string => new Date(Date.UTC(2026, 0, 1, 0, 0, second)).toISOString()

/** A word of one instance, as a receiver stamped it that had not heard it before. */
const word = (count: number, second: number): ClientReport =>
  reportOf({
    namespace: 'a',
    instanceId: 'i',
    count,
    upMs: count,
    receivedAt: timeAt(second),
    firstHeardAt: timeAt(second),
  })
const words = fc.array(fc.tuple(fc.integer({ min: 1, max: 4 }), fc.nat(50)), { minLength: 1, maxLength: 12 })

test('of all words of an instance the highest count holds, heard first when any was, in whatever order they are folded', () => {
  fc.assert(
    fc.property(words, fc.infiniteStream(fc.nat(1_000)), (said, chance) => {
      const heard = said.map(([count, second]) => word(count, second))
      const highest = Math.max(...said.map(([count]) => count))
      const model = {
        ...word(highest, 0),
        firstHeardAt: timeAt(Math.min(...said.map(([, second]) => second))),
        receivedAt: timeAt(
          Math.max(...said.filter(([count]) => count === highest).map(([, second]) => second)),
        ),
      }
      for (const order of [heard, heard.toReversed(), heard.toSorted(() => (chance.next().value ?? 0) - 500)])
        expect(order.reduce(lastWord)).toEqual(model)
    }),
  )
})

test('a receiver that says only when a word came has heard the instance then', () => {
  const { firstHeardAt: _, ...unstamped } = word(1, 5)
  expect(lastWord(unstamped, word(2, 9))).toMatchObject({ firstHeardAt: timeAt(5), receivedAt: timeAt(9) })
})

test('an instance that names another client than before is heard first when it did so', () => {
  const later = { ...word(2, 9), clientId: 'canary' }
  expect(lastWord(word(1, 5), later)).toMatchObject({ clientId: 'canary', firstHeardAt: timeAt(9) })
  expect(lastWord(later, word(1, 5))).toMatchObject({ clientId: 'canary', firstHeardAt: timeAt(9) })
})
