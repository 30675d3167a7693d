import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isNoticeboardError, type NoticeboardError } from '../../../../src/contracts/index.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { parseCanonical } from '../../../../src/core/json/strict-parse.js'
import { readJsonText } from '../../../../src/core/json/json-text.js'
import { encodeText } from '../../../../src/core/json/text.js'

const read = (text: string) => readJsonText(text, { what: 'app.json' })

function refusal(text: string): NoticeboardError {
  try {
    read(text)
  } catch (error) {
    if (isNoticeboardError(error)) return error
    throw error
  }
  throw new Error(`accepted ${text}`)
}

describe('reading JSON as people write it', () => {
  it('reads a pretty-printed document', () => {
    expect(read('{\r\n  "pool": { "size": 10 },\n\t"hosts": [ "a", "b\\u0041\\n" ],\n  "on": true, "off": false, "none": null\n}\n')).toEqual({
      pool: { size: 10 }, hosts: ['a', 'bA\n'], on: true, off: false, none: null,
    }) // prettier-ignore
  })

  it.each([
    ['1.0', 1], ['1e3', 1000], ['1E+2', 100], ['-1.50', -1.5], ['0', 0], ['0.0', 0], ['0e999999999', 0], ['1e22', 1e22], ['9007199254740992', 2 ** 53],
    ['1' + '0'.repeat(22), 1e22], ['123456789012345680000', 123456789012345680000], ['0.1000000000000000055', 0.1], ['3.14159265358979323846', Math.PI],
    ['1.7976931348623157e308', Number.MAX_VALUE], ['5e-324', 5e-324], ['900719925474099.2e1', 9007199254740992],
  ])('reads the number %s, which loses nothing', (text, value) => {
    expect(read(text)).toBe(value)
  }) // prettier-ignore

  it.each([
    ['1e400', 'too large'], ['-1e400', 'too large'], ['1' + '0'.repeat(400), 'too large'], ['-0', '-0'], ['-0.0', '-0'], ['-0e5', '-0'], ['-1e-400', '-0'],
    ['1e-400', 'become 0'], ['0.' + '0'.repeat(400) + '1', 'become 0'], ['9007199254740993', '2^53'], ['-9007199254740993', '2^53'],
    ['9007199254740993.0', '2^53'], ['9007199254740993e0', '2^53'], ['900719925474099.3e1', '2^53'], ['12345678901234567890', '2^53'],
  ])('refuses the number %s, which would become another', (text, words) => {
    expect(refusal(`{"n":${text}}`)).toMatchObject({ code: 'invalid-data', issues: [{ path: 'n', validator: 'format' }] })
    expect(refusal(`{"n":${text}}`).message).toContain(words)
  }) // prettier-ignore

  it.each([
    ['{"a":1,}', 8, '', 'comma stands before the closing brace'],
    ['[1,]', 4, '[1]', 'comma stands before the closing bracket'],
    ['{"a":1 // one\n}', 8, '', 'comments'],
    ['# yes\n1', 1, '', 'comments'],
    ['[/* x */1]', 2, '[0]', 'comments'],
    ["{'a':1}", 2, '', 'double quotes'],
    ["{\"a\":'x'}", 6, 'a', 'double quotes'],
    ['{a:1}', 2, '', 'key in double quotes'],
    ['{"a":1 "b":2}', 8, '', 'comma or }'],
    ['[1 2]', 4, '', 'comma or ]'],
    ['{"a" 1}', 6, 'a', 'colon'],
    ['{"a":}', 6, 'a', 'value is missing'],
    ['[,1]', 2, '[0]', 'value is missing'],
    ['{"a":1', 7, '', 'ends too early'],
    ['', 1, '', 'ends too early'],
    ['{"a":"x', 8, 'a', 'ends inside a string'],
    ['"a\nb"', 3, '', 'end of its line'],
    ['"a\tb"', 3, '', 'control character'],
    ['"a\u0000b"', 3, '', 'control character'],
    ['"\\x41"', 2, '', 'backslash'],
    ['"\\u00g0"', 2, '', 'backslash'],
    ['"\\', 2, '', 'backslash'],
    ['NaN', 1, '', 'NaN'],
    ['-Infinity', 1, '', 'infinity'],
    ['undefined', 1, '', 'null'],
    ['True', 1, '', 'lower case'],
    ['tru', 1, '', 'not a JSON value'],
    ['01', 2, '', 'leading zeros'],
    ['+1', 1, '', 'not written as JSON'],
    ['.5', 1, '', 'not written as JSON'],
    ['1.', 1, '', 'not written as JSON'],
    ['-', 1, '', 'not written as JSON'],
    ['1e', 1, '', 'not written as JSON'],
    ['[1.2.3]', 5, '', 'not written as JSON'],
    ['[0x10]', 3, '', 'not written as JSON'],
    ['1 2', 3, '', 'more text follows'],
    ['{} // done', 4, '', 'comments'],
    ['\u{feff}{}', 1, '', 'byte order mark'],
    ['"\\ud800"', 1, '', 'surrogate'],
    ['["\ud800"]', 2, '[0]', 'surrogate'],
    ['{"a":{"b":1,"b":2}}', 13, 'a.b', 'twice'],
    ['{"b":1,"\\u0062":2}', 8, 'b', 'twice'],
    ['{"__proto__":1}', 2, '', '__proto__'],
    ['{"a":[{"\\u005f_proto__":1}]}', 8, 'a[0]', '__proto__'],
  ])('refuses %s at its column and path, saying why', (text, column, path, words) => {
    const error = refusal(text)
    expect(error).toMatchObject({ code: 'invalid-data', issues: [{ path }] })
    expect(error.message).toMatch(new RegExp(`^app\\.json:1:${column}: `))
    expect(error.message).toContain(words)
  }) // prettier-ignore

  it.each(['\n', '\r\n', '\r'])('counts lines that end in %j', newline => {
    expect(refusal(['{', '  "pool": {', '    "size": 01', '  }', '}'].join(newline)).message).toMatch(
      /^app\.json:3:14: /,
    )
  })

  it('never quotes the document, neither its values nor keys that may be data', () => {
    for (const text of [
      '{"token":"hunter2" hunter2}',
      'hunter2',
      '{"hunter2 ":01}',
      '["hunter2',
      '{"token":"\\hunter2"}',
      "'hunter2'",
    ]) {
      const error = refusal(text)
      expect(`${error.message} ${JSON.stringify(error.issues)}`).not.toContain('hunter2')
    }
  })

  it('takes 64 levels and refuses 65 and half a million without running out of stack', () => {
    expect(read('['.repeat(64) + ']'.repeat(64))).toBeDefined()
    for (const depth of [65, 500_000]) {
      expect(refusal('['.repeat(depth) + ']'.repeat(depth)).message).toContain('deeper than 64')
      expect(refusal('{"a":'.repeat(depth)).message).toContain('deeper than 64')
    }
  })

  it('counts the limit in bytes of UTF-8', () => {
    expect(readJsonText('"אב"', { what: 'x', maxBytes: 6 })).toBe('אב')
    expect(() => readJsonText('"אב"', { what: 'x', maxBytes: 5 })).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    )
  })

  it('keeps keys that every object inherits as plain data', () => {
    const value = read(
      '{"constructor":{"prototype":{"x":1}},"toString":2,"hasOwnProperty":3,"__defineGetter__":4}',
    )
    expect(JSON.stringify(value)).toBe(
      '{"constructor":{"prototype":{"x":1}},"toString":2,"hasOwnProperty":3,"__defineGetter__":4}',
    )
    expect(({} as Record<string, unknown>)['x']).toBeUndefined()
  })
})

const document = fc.jsonValue({ maxDepth: 6, noUnicodeString: false })
const space = fc.stringMatching(/^[ \t\r\n]{0,3}$/)

describe('properties of reading JSON text', () => {
  it('gives every document back, however it is indented', () => {
    fc.assert(
      fc.property(document, fc.constantFrom('', 1, 2, '\t'), space, (value, indent, around) => {
        let canonical: string
        try {
          canonical = canonicalize(value)
        } catch {
          return // what cannot travel is covered by the table above
        }
        const text = around + JSON.stringify(value, null, indent) + around
        expect(canonicalize(read(text))).toBe(canonical)
        expect(read(text)).toEqual(parseCanonical(encodeText(canonical), { what: 'x', maxBytes: 1e6 }))
      }),
    )
  })

  it('accepts a damaged text only where JSON.parse does, as the same value, and throws nothing but its own error', () => {
    const fragment = fc.constantFrom(
      ...'{}[]",:\\-+.eE0123456789 \n\ttfnu/#\'',
      'true',
      'null',
      '"a"',
      '"\\u0041"',
      '1e5',
      '-0',
      '\ud83d',
      '\\ude00',
      '__proto__',
      '"a":',
    )
    const damaged = fc
      .tuple(document, fc.array(fc.tuple(fc.nat(), fc.nat(3), fragment), { minLength: 1, maxLength: 4 }))
      .map(([value, edits]) =>
        edits.reduce(
          (text, [where, remove, insert]) => {
            const at = where % (text.length + 1)
            return text.slice(0, at) + insert + text.slice(at + remove)
          },
          JSON.stringify(value, null, 1),
        ),
      )
    const soup = fc.array(fragment, { maxLength: 12 }).map(parts => parts.join(''))
    let accepted = 0
    let refusedOnlyHere = 0
    fc.assert(
      fc.property(fc.oneof(damaged, soup), text => {
        let ours: unknown
        let error: unknown
        try {
          ours = read(text)
        } catch (thrown) {
          error = thrown
        }
        let theirs: unknown
        try {
          theirs = JSON.parse(text)
        } catch {
          expect(isNoticeboardError(error, 'invalid-data')).toBe(true)
          return
        }
        if (error === undefined) {
          accepted += 1
          expect(ours).toEqual(theirs)
        } else {
          refusedOnlyHere += 1
          expect(isNoticeboardError(error, 'invalid-data')).toBe(true)
          expect((error as Error).message).toMatch(/twice|__proto__|-0|too large|become 0|2\^53|surrogate/)
        }
      }),
      { numRuns: 3_000 },
    )
    expect(accepted).toBeGreaterThan(50)
    expect(refusedOnlyHere).toBeGreaterThan(5)
  })

  it('takes a whole number only when it prints as it was written', () => {
    fc.assert(
      fc.property(fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n }), whole => {
        const text = String(whole)
        const kept = BigInt(String(Number(text)).replace(/^(-?)(\d)(?:\.(\d+))?e\+(\d+)$/, (_, sign: string, first: string, rest = '', power: string) =>
          sign + first + (rest as string).padEnd(Number(power), '0'))) === whole // prettier-ignore
        if (kept) expect(read(text)).toBe(Number(text))
        else expect(refusal(text).message).toContain('2^53')
      }),
    )
  })
})
