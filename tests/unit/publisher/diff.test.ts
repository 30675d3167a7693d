import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Json } from '../../../src/contracts/json.js'
import { canonicalize } from '../../../src/core/json/canonical.js'
import { diffDocuments } from '../../../src/publisher/diff.js'

test.each<[string, Json, Json, unknown[]]>([
  ['the same', { a: [1, { b: null }] }, { a: [1, { b: null }] }, []],
  [
    'a changed number',
    { a: { b: 1 } },
    { a: { b: 2 } },
    [{ path: 'a.b', change: 'changed', before: 1, after: 2 }],
  ],
  [
    'an added and a removed key',
    { a: 1 },
    { b: 1 },
    [
      { path: 'a', change: 'removed', before: 1 },
      { path: 'b', change: 'added', after: 1 },
    ],
  ],
  ['a longer list', [1], [1, 2], [{ path: '[1]', change: 'added', after: 2 }]],
  ['another kind', { a: [] }, { a: {} }, [{ path: 'a', change: 'changed', before: [], after: {} }]],
  ['null, which is a value', { a: null }, {}, [{ path: 'a', change: 'removed', before: null }]],
  ['an odd key', { 'a b': 1 }, { 'a b': 2 }, [{ path: '["a b"]', change: 'changed', before: 1, after: 2 }]],
  [
    'a key that every object inherits',
    {},
    { toString: 1 },
    [{ path: 'toString', change: 'added', after: 1 }],
  ],
  ['the root', 1, 'x', [{ path: '', change: 'changed', before: 1, after: 'x' }]],
])('%s', (_name, before, after, expected) => {
  expect(diffDocuments(before, after)).toEqual(expected)
})

test('there is no difference exactly when the canonical forms are equal', () => {
  const document = fc
    .jsonValue({ maxDepth: 3 })
    .filter(value => !JSON.stringify(value).includes('-0') && !JSON.stringify(value).includes('__proto__'))
  fc.assert(
    fc.property(document, document, (a, b) => {
      const left = JSON.parse(JSON.stringify(a)) as Json
      const right = JSON.parse(JSON.stringify(b)) as Json
      expect(diffDocuments(left, structuredClone(left) as Json)).toEqual([])
      expect(diffDocuments(left, right).length === 0).toBe(canonicalize(left) === canonicalize(right))
    }),
  )
})
