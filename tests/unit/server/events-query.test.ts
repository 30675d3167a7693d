import fc from 'fast-check'
import { expect, test } from 'vitest'
import {
  parseEventsQuery,
  rememberedQueries,
  type EventsQuery,
} from '../../../src/server/routes/events-query.js'

/** What a reader of queries makes of one, or refuses it with. */
function outcome(read: (query: string) => EventsQuery, query: string): unknown {
  try {
    return read(query)
  } catch (error) {
    return String(error)
  }
}

const name = fc.constantFrom('ns', 'client', 'inline', 'label', 'have', 'cl%69ent', 'xclient', 'other')
const value = fc.oneof(
  fc.constantFrom(
    'a/b',
    'a%2Fb',
    '1',
    'x=1',
    'region=eu',
    '',
    '%',
    '+',
    '%00',
    `a/b=${'ab'.repeat(32)}`,
    'client=1',
  ),
  fc.string({ maxLength: 4 }),
)
const query = fc
  .array(
    fc.oneof(
      fc.tuple(name, value).map(pair => pair.join('=')),
      fc.constantFrom('', 'client', 'ns=a/b'),
    ),
    {
      maxLength: 6,
    },
  )
  .map(pairs => pairs.join('&'))

test('a query that was read before is read as the first time, or refused with the same words', () => {
  const read = rememberedQueries()
  fc.assert(
    fc.property(query, each => {
      const expected = outcome(parseEventsQuery, each)
      expect(outcome(read, each)).toEqual(expected)
      expect(outcome(read, each)).toEqual(expected)
    }),
    { numRuns: 2_000 },
  )
})

test('clients that ask alike share what they ask for', () => {
  const read = rememberedQueries()
  const ask = (client: string): EventsQuery =>
    read(`ns=a%2Fb&inline=1&client=${client}&label=region%3Deu&have=a%2Fb%3D${'ab'.repeat(32)}`)
  const [one, other] = [ask('one'), ask('an%6Fther')]
  expect([one.identity?.clientId, other.identity?.clientId]).toEqual(['one', 'another'])
  expect(other.namespaces).toBe(one.namespaces)
  expect(other.have).toBe(one.have)
  expect(other.identity?.labels).toBe(one.identity?.labels)
})
