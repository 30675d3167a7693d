import fc from 'fast-check'
import { expect, test } from 'vitest'
import { isLine, oneLine } from '../../../../src/core/json/text.js'

test('a text from outside becomes a line that every format takes, wherever it is cut', () => {
  fc.assert(
    fc.property(
      fc.array(fc.constantFrom('a', '\ud83d', '\ude00', '\u{1f600}', '\n', '\u2028'), { minLength: 1 }),
      fc.integer({ min: 1, max: 8 }),
      (parts, maxLength) => isLine(oneLine(parts.join(''), maxLength), maxLength),
    ),
  )
  expect(oneLine('ab\u{1f600}', 3)).toBe('ab\uFFFD')
})
