import fc from 'fast-check'
import { expect, test } from 'vitest'
import { unicodePattern } from '../../../../src/core/schema/pattern.js'
import { minLengthByUnits, patternByUnits } from '../../../../src/core/schema/text-units.js'
import { schemaFromJson } from '../../../../src/core/schema/schema-from-json.js'

const reads = (jsonSchema: object, text: string): boolean =>
  !('issues' in (schemaFromJson(jsonSchema, { what: 'it' })['~standard'].validate(text) as object))

test.each([
  '^[a-z]+$', '^.*$', '^.+$', '^\\S+$', '^[^@]+@[^@.]+\\.[^@.]+$', '^a.*', '.*b$', '^.{0,20}$', '^(www\\.)?.+$', '^(.+)$', '.+|x', '[\\s\\S]+',
  '^(?!\\.)(?!.*\\.\\.)([A-Za-z0-9_]*)[A-Za-z0-9_-]@([A-Za-z0-9-]*\\.)+[A-Za-z]{2,}$', '^\\d{4}-\\d\\d$', '^😀$',
])('the pattern %s, which reads an emoji alike with the flag u, stays as it is', source => {
  expect(patternByUnits(source)).toBe(source)
}) // prettier-ignore

test.each([
  ['^..$', '😀'],
  ['^.{2}$', '😀'],
  ['^[^a]{2,}$', '😀'],
  ['^\\S\\S+$', '😀'],
  ['^(?:.)+.$', '😀'],
  ['^[\\ud800-\\udbff][\\udc00-\\udfff]$', '😀'],
  ['^\\ud83d[\\ude00-\\ude4f]$', '😀'],
  ['^[\\u0000-\\uffff]+$', '😀'],
  ['^.(?!\\d).\\d$', '😀5'],
  ['^(..|a)$', '😀'],
  ['a\\Ba|\\B', 'a😀a'],
])('the pattern %s of a program takes %s where it is kept too', (source, text) => {
  expect(new RegExp(source).test(text)).toBe(true)
  expect(reads({ pattern: patternByUnits(source) }, text)).toBe(true)
})

test('a kept pattern takes every text that the program takes, and reads one without emoji as the program does', () => {
  const piece = fc.constantFrom(
    '.', '.', 'a', '1', '[^a]', '[^a]', '\\S', '\\D', '\\d', '\\W', '[\\s\\S]', '[\\ud800-\\udfff]', '\\ud83d', '😀', '[😀a]', '[^😀]', '(', '(?:', ')', ')', '|', '^', '$',
    '*', '+', '?', '{2}', '{2,}', '{0,3}', '\\b', '\\B', '(?=', '(?!', '(?<!', '(a)\\1',
  ) // prettier-ignore
  const text = fc.string({
    unit: fc.constantFrom('a', '1', ' ', '😀', '😁', '𐀀', '\u{10ffff}'),
    maxLength: 5,
  })
  const seen = { taken: 0, exact: 0 }
  fc.assert(
    fc.property(
      fc.tuple(fc.boolean(), fc.array(piece, { minLength: 1, maxLength: 7 }), fc.boolean()),
      fc.array(text, { minLength: 1, maxLength: 8 }),
      ([starts, pieces, ends], texts) => {
        const source = `${starts ? '^' : ''}${pieces.join('')}${ends ? '$' : ''}`
        let program: RegExp
        try {
          program = new RegExp(source)
        } catch {
          // Not every row of pieces is a pattern.
          return
        }
        const written = patternByUnits(source)
        if (written === undefined) return
        const kept = new RegExp(unicodePattern(written) ?? '', 'u')
        for (const one of texts) {
          const takes = program.test(one)
          if (/^[^\u{10000}-\u{10FFFF}]*$/u.test(one)) {
            if (takes) expect(kept.test(one)).toBe(true)
            // What repeats an emoji repeats its second half in a program, which nobody means.
            else if (!/😀[*?{]/.test(source)) expect(kept.test(one)).toBe(false)
            seen.exact += 1
          } else if (takes) {
            expect(kept.test(one)).toBe(true)
            seen.taken += 1
          }
        }
      },
    ),
    { numRuns: 1_000 },
  )
  expect(Math.min(seen.taken, seen.exact)).toBeGreaterThan(50)
})

test.each([
  [2, '😀', true],
  [3, '😀', false],
  [3, '😀a', true],
  [2, 'ä', false],
  [2, 'äb', true],
  [1, '😀', true],
])('a text of %i units at least: %s is taken: %s', (least, text, expected) => {
  expect(reads(minLengthByUnits(least), text)).toBe(expected)
})
