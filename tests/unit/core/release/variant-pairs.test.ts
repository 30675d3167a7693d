import fc from 'fast-check'
import { expect, test } from 'vitest'
import { sayMatch, type LabelMatch } from '../../../../src/core/release/labels.js'
import type { Arm, Variant } from '../../../../src/core/release/release.js'
import { variantFor } from '../../../../src/core/release/target.js'
import { pairVariants } from '../../../../src/core/release/variant-pairs.js'

const arm = (...variants: [Variant, ...Variant[]]): Pick<Arm, 'variants'> => ({ variants })
const named = (digest: string, when?: LabelMatch): Variant => ({
  digest,
  bytes: 9,
  ...(when !== undefined && { when }),
})
const told = (before: Pick<Arm, 'variants'>, after: Pick<Arm, 'variants'>): readonly string[] =>
  pairVariants(before, after).map(
    pair => `${sayMatch(pair.when ?? {})} ${pair.before.digest} ${pair.after.digest}`,
  )

test('clients with a label that gets a variant are told apart from all others', () => {
  const eu = { region: ['eu'] }
  expect(told(arm(named('a')), arm(named('e', eu), named('a')))).toEqual([' a a', 'region=eu a e'])
  expect(told(arm(named('e', eu), named('a')), arm(named('f', eu), named('a')))).toEqual([
    ' a a',
    'region=eu e f',
  ])
  expect(told(arm(named('e', eu), named('a')), arm(named('b')))).toEqual([' a b', 'region=eu e b'])
})

test('a value that moves from one variant to another has a group of its own, and what an earlier variant takes has none', () => {
  const before = arm(named('e', { region: ['eu', 'us'] }), named('a'))
  const after = arm(named('f', { region: ['us'] }), named('g', { region: ['us', 'eu'] }), named('a'))
  expect(told(before, after)).toEqual([' a a', 'region=us e f', 'region=eu e g'])
})

test('an empty match holds for nobody, and for no group', () => {
  expect(told(arm(named('e', {}), named('a')), arm(named('b')))).toEqual([' a b'])
})

test('every client is in a group that says what it gets by both', () => {
  const values = ['1', '2', '3']
  const match = fc
    .record(
      { a: fc.subarray(values, { minLength: 1 }), b: fc.subarray(values, { minLength: 1 }) },
      { requiredKeys: [] },
    )
    .filter(when => Object.keys(when).length > 0)
  const arms = fc
    .array(match, { maxLength: 3 })
    .map(matches =>
      arm(...(matches.map((when, index) => named(`${index}`, when)) as [Variant]), named('main')),
    )
  const labels = fc.record(
    { a: fc.constantFrom(...values), b: fc.constantFrom(...values) },
    { requiredKeys: [] },
  )
  fc.assert(
    fc.property(arms, arms, labels, (before, after, client) => {
      const mine = {
        before: variantFor(before, { labels: client }),
        after: variantFor(after, { labels: client }),
      }
      const group = pairVariants(before, after).find(
        pair =>
          pair.before === mine.before &&
          pair.after === mine.after &&
          Object.entries(pair.when ?? {}).every(([name, list]) => list.includes(client[name as 'a'] ?? '')),
      )
      expect(group).toBeDefined()
    }),
  )
})
