import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unicodePattern } from '../../../../src/core/schema/pattern.js'

test.each([
  ['^[a-z]+\\-[0-9]+$', '^[a-z]+-[0-9]+$'],
  ['^\\w+\\@x\\_y$', '^\\w+@x_y$'],
  ['^a]$', '^a\\]$'],
  ['^{a}$', '^\\{a\\}$'],
  ['^a{2,3}b{,3}$', '^a{2,3}b\\{,3\\}$'],
  ['[\\w-.]', '[\\w\\-.]'],
  ['[+-\\d]', '[+\\-\\d]'],
  ['\\p{L}\\-', 'p\\{L\\}-'],
  ['(a)\\1\\-\\2', '(a)\\1-\\x02'],
  ['^[a-z]+$', '^[a-z]+$'],
])('the pattern %s, which people write, is read with the flag u as %s', (source, expected) => {
  expect(unicodePattern(source)).toBe(expected)
})

test.each(['[', '(', '*'])('the pattern %s is none', source => {
  expect(unicodePattern(source)).toBeUndefined()
})

test('a pattern that is written anew matches what it matched before', () => {
  const piece = fc.constantFrom(
    'a', '-', ']', '{', '}', '[', '(', ')', '\\-', '\\@', '\\_', '\\d', '\\w', '\\b', '\\B', '\\1', '\\8', '\\07', '\\c', '\\ca', '\\k', '\\x4', '\\u1',
    '\\p{L}', '{2}', '{,2}', '+', '?', '|', '^', '$', '[^', '(?:', '\\]', '@', 'p', '1',
  ) // prettier-ignore
  const text = fc.string({ unit: fc.constantFrom('a', '-', ']', '{', '}', '@', '_', '1', '2', 'L', 'p', '8', '\\', 'c', 'k', 'B', '\u0001', '\u0007') }) // prettier-ignore
  let anew = 0
  fc.assert(
    fc.property(
      fc.array(piece, { minLength: 1, maxLength: 6 }),
      fc.array(text, { minLength: 8 }),
      (pieces, texts) => {
        const source = pieces.join('')
        const strict = unicodePattern(source)
        if (strict === undefined || strict === source) return
        anew += 1
        for (const each of [...texts, source, 'a-@_1'])
          expect([strict, each, new RegExp(strict, 'u').test(each)]).toEqual([
            strict,
            each,
            new RegExp(source).test(each),
          ])
      },
    ),
    { numRuns: 3_000, seed: 7 },
  )
  expect(anew).toBeGreaterThan(300)
})
