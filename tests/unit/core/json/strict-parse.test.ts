import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isNoticeboardError } from '../../../../src/contracts/index.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { parseCanonical } from '../../../../src/core/json/strict-parse.js'

const parse = (bytes: Uint8Array | string) =>
  parseCanonical(typeof bytes === 'string' ? encodeText(bytes) : bytes, {
    what: 'the snapshot',
    maxBytes: 4_194_304,
  })

const isFrozenThroughout = (value: unknown): boolean =>
  typeof value !== 'object' ||
  value === null ||
  (Object.isFrozen(value) && Object.values(value).every(isFrozenThroughout))

describe('reading canonical JSON', () => {
  it('freezes everything that it read', () => {
    const value = parse('{"a":[{"b":[]}],"c":{"10":{},"9":[]}}')
    expect(isFrozenThroughout(value)).toBe(true)
    expect(() => Object.assign(value as object, { x: 1 })).toThrow(TypeError)
  })

  it('counts the limit in bytes before it reads', () => {
    expect(() => parseCanonical(encodeText('"אב"'), { what: 'the snapshot', maxBytes: 5 })).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    )
    expect(parseCanonical(encodeText('"אב"'), { what: 'the snapshot', maxBytes: 6 })).toBe('אב')
  })

  it.each([
    ['a mebibyte of open brackets', '['.repeat(1_048_576)], ['half a million levels', '['.repeat(500_000) + ']'.repeat(500_000)],
    ['a hundred thousand levels of objects', '{"a":'.repeat(100_000) + '1' + '}'.repeat(100_000)], ['a text without an end', `"${'a'.repeat(1_048_576)}`],
  ])('refuses %s without running out of stack', (_, text) => {
    expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'invalid-data' }))
  }) // prettier-ignore

  it('takes a hundred thousand keys, integer-like ones too', () => {
    const names = Array.from({ length: 100_000 }, (_, index) => [`${index}`, index] as const)
    const text = canonicalize(Object.fromEntries(names))
    expect(canonicalize(parse(text))).toBe(text)
  })

  it('pollutes no prototype', () => {
    for (const text of [
      '{"__proto__":{"polluted":1}}',
      '{"constructor":{"prototype":{"polluted":1}}}',
      '[{"a":{"__proto__":{"polluted":1}}}]',
    ]) {
      try {
        Object.assign({}, parse(text))
      } catch (error) {
        expect(isNoticeboardError(error, 'invalid-data')).toBe(true)
      }
    }
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined()
  })

  it('keeps a toJSON member as data', () => {
    expect(parse('{"toJSON":{"a":1}}')).toEqual({ toJSON: { a: 1 } })
  })

  it('never quotes the bytes', () => {
    for (const text of ['hunter2', '{"token":"hunter2"', '{"hunter2":1,"hunter2":2}', '["hunter2", 1]'])
      expect(() => parse(text)).toThrow(
        expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
      )
  })
})

describe('properties of reading canonical JSON', () => {
  /** What the doc says, without the fast paths. */
  const isCanonical = (text: string): boolean => {
    try {
      return canonicalize(JSON.parse(text)) === text
    } catch {
      return false
    }
  }
  const fragment = fc.constantFrom(
    ...'{}[]",:\\-+.eE0129 \n',
    '"a":',
    '"b":1',
    '"10":1',
    '"9":1',
    '"\ufb33":1',
    '"\u{1f600}":1',
    '"__proto__":1',
    '1e400',
    '-0',
    '\\ud800',
    '\\u0041',
    'null',
    ',"a":',
  )

  it('accepts exactly the texts that writing would give, as the same value, frozen', () => {
    let accepted = 0
    fc.assert(
      fc.property(
        fc.oneof(
          fc.jsonValue({ maxDepth: 4 }).map(value => JSON.stringify(value)),
          fc
            .dictionary(
              fc.constantFrom('1', '10', '9', '2', 'a', 'b', '01', '\ufb33', '\u{1f600}', ''),
              fc.jsonValue({ maxDepth: 2 }),
            )
            .map(value => {
              try {
                return canonicalize(value)
              } catch {
                return JSON.stringify(value)
              }
            }),
          fc.array(fragment, { maxLength: 10 }).map(parts => parts.join('')),
          fc.array(fragment, { maxLength: 5 }).map(parts => `{${parts.join(',')}}`),
        ),
        text => {
          let value: unknown
          try {
            value = parse(text)
          } catch (error) {
            expect(isNoticeboardError(error, 'invalid-data')).toBe(true)
            expect(isCanonical(text)).toBe(false)
            return
          }
          accepted += 1
          expect(isCanonical(text)).toBe(true)
          expect(value).toEqual(JSON.parse(text))
          expect(isFrozenThroughout(value)).toBe(true)
        },
      ),
      { numRuns: 3_000 },
    )
    expect(accepted).toBeGreaterThan(500)
  })

  it('throws nothing but its own error on any bytes', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 40 }),
          fc.uint8Array({ maxLength: 8 }).map(bytes => new Uint8Array([0x22, ...bytes, 0x22])),
        ),
        bytes => {
          try {
            expect(encodeText(canonicalize(parse(bytes)))).toEqual(new Uint8Array(bytes))
          } catch (error) {
            expect(isNoticeboardError(error, 'invalid-data')).toBe(true)
          }
        },
      ),
      { numRuns: 2_000 },
    )
  })
})
