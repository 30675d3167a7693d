import fc from 'fast-check'
import vm from 'node:vm'
import { describe, expect, it } from 'vitest'
import { canonicalize } from '../../../../src/core/json/canonical.js'

const refused = (value: unknown): { message: string; issues: readonly { path: string }[] } => {
  try {
    canonicalize(value)
  } catch (error) {
    expect(error).toMatchObject({ name: 'NoticeboardError', code: 'invalid-data' })
    return error as { message: string; issues: readonly { path: string }[] }
  }
  throw new Error('it was written')
}

describe('canonical JSON', () => {
  it('prints the example of RFC 8785, section 3.2.2', () => {
    const value = JSON.parse(
      String.raw`{"numbers":[333333333.33333329,1E30,4.50,2e-3,0.000000000000000000000000001],"string":"\u20ac$\u000F\u000aA'\u0042\u0022\u005c\\\"\/","literals":[null,true,false]}`,
    )
    expect(canonicalize(value)).toBe(
      String.raw`{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],"string":"€$\u000f\nA'B\"\\\\\"/"}`,
    )
  })

  it('sorts keys by UTF-16 code unit, as in RFC 8785, section 3.2.3', () => {
    const value = { '\u20ac': 5, '\r': 1, '\ufb33': 7, '1': 2, '\u{1f600}': 6, '\u0080': 3, '\u00f6': 4 }
    expect(canonicalize(value)).toBe(
      '{"\\r":1,"1":2,"\u0080":3,"\u00f6":4,"\u20ac":5,"\u{1f600}":6,"\ufb33":7}',
    )
  })

  it('takes plain objects of every kind and leaves out what is undefined', () => {
    const bare = Object.assign(Object.create(null) as object, { b: 1 })
    expect(canonicalize(bare)).toBe('{"b":1}')
    expect(canonicalize(vm.runInNewContext('({ a: [1] })'))).toBe('{"a":[1]}')
    expect(canonicalize({ a: undefined, b: { c: undefined } })).toBe('{"b":{}}')
    expect(canonicalize(Object.freeze([Object.freeze({})]))).toBe('[{}]')
  })

  it.each([
    ['undefined', undefined, ''], ['a function', { a: { b: () => {} } }, 'a.b'], ['a symbol', [Symbol('x')], '[0]'], ['a bigint', { a: 1n }, 'a'], ['NaN', { a: [0, Number.NaN] }, 'a[1]'],
    ['an infinity', [-Infinity], '[0]'], ['-0', { a: -0 }, 'a'], ['a hole', [1, , 2], '[1]'], ['a Date', { a: new Date(0) }, 'a'], ['a Map', new Map(), ''], ['a boxed text', { a: new String('x') }, 'a'],
    ['a class instance', { a: new (class Settings { size = 1 })() }, 'a'], ['half a pair', { a: '\ud800' }, 'a'], ['half a pair as a key', { a: { 'x\udc00': 1 } }, 'a.*'],
    ['__proto__', { a: JSON.parse('{"__proto__":1}') }, 'a'], ['inherited members', { a: Object.create({ b: 1 }) }, 'a'],
  ])('refuses %s and names its path', (_, value, path) => {
    expect(refused(value).issues).toMatchObject([{ path }])
  }) // prettier-ignore

  it('refuses a cycle and 65 levels, and takes 64', () => {
    const cycle: Record<string, unknown> = {}
    cycle['self'] = { cycle }
    expect(refused(cycle).message).toContain('64 levels')
    const nested = (levels: number) => JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown
    expect(canonicalize(nested(64))).toHaveLength(128)
    expect(refused(nested(65)).message).toContain('64 levels')
  })

  it('gives up on parts that are shared again and again, instead of writing them out for ever', () => {
    let value: unknown = 'x'.repeat(1000)
    for (let level = 0; level < 60; level += 1) value = [value, value]
    expect(() => canonicalize(value)).toThrow(expect.objectContaining({ code: 'too-large' }))
  })

  it('never puts a value, or a key that may be data, into its error', () => {
    const { message, issues } = refused({
      token: { hunter2: { 'hunter 2': { a: ['hunter2\ud800'] } } },
    }) as any
    expect(`${message} ${JSON.stringify(issues)}`).not.toMatch(/hunter 2|\ud800/)
  })
})

describe('properties of canonical JSON', () => {
  const document = fc
    .jsonValue({ maxDepth: 5 })
    .map(value => JSON.parse(JSON.stringify(value).replaceAll(/-0(?![.\d])/g, '0')) as unknown)
  const shuffled = (value: unknown): unknown =>
    typeof value !== 'object' || value === null
      ? value
      : Array.isArray(value)
        ? value.map(shuffled)
        : Object.fromEntries(
            Object.entries(value)
              .map(([key, member]) => [key, shuffled(member)] as const)
              .reverse(),
          )
  const without = (value: unknown): boolean => !JSON.stringify(value).includes('"__proto__"')

  it('means the same as JSON and does not depend on the order of keys', () => {
    fc.assert(
      fc.property(document.filter(without), value => {
        const text = canonicalize(value)
        expect(JSON.parse(text)).toEqual(value)
        expect(canonicalize(shuffled(value))).toBe(text)
        expect(canonicalize(JSON.parse(text))).toBe(text)
      }),
      { numRuns: 500 },
    )
  })

  it('prints every finite double so that it comes back', () => {
    fc.assert(
      fc.property(
        fc.double({ noNaN: true, noDefaultInfinity: true }).filter(number => !Object.is(number, -0)),
        number => {
          expect(Number(canonicalize(number))).toBe(number)
        },
      ),
    )
  })

  it('writes strings as JSON.stringify does, or refuses half pairs', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map(unit => String.fromCharCode(unit)) }),
        text => {
          if (/\\ud[89a-f]/.test(JSON.stringify(text))) expect(() => canonicalize(text)).toThrow('surrogate')
          else expect(canonicalize(text)).toBe(JSON.stringify(text))
        },
      ),
      { numRuns: 1_000 },
    )
  })
})
