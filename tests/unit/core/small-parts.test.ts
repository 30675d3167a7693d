import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import type { Json } from '../../../src/contracts/index.js'
import { assertDigest, digestOf, toHex } from '../../../src/core/release/digest.js'
import { decodeText } from '../../../src/core/json/strict-parse.js'
import { encodeText, exceedsBytes, isLine, isWellFormed, sameBytes } from '../../../src/core/json/text.js'
import { formatPath } from '../../../src/core/json/path.js'
import { shapeOf } from '../../../src/core/json/shape.js'
import { systemHasher as hasher } from '../../../src/system/system.js'

const unit = fc.integer({ min: 0, max: 0xffff }).map(code => String.fromCharCode(code))

describe('texts and bytes', () => {
  it('a well-formed text survives UTF-8, and no other', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary' }),
          fc.string({ unit }),
          fc.string({ unit: fc.constantFrom('\ud83d', '\ude00', 'a') }),
        ),
        text => {
          expect(decodeText(encodeText(text), 'x') === text).toBe(isWellFormed(text))
        },
      ),
    )
  })

  it('bytes that are not UTF-8 are refused and not replaced', () => {
    for (const hex of ['ff', 'c0af', 'eda080', 'e282', 'f4908080', 'f8888080']) {
      expect(() => decodeText(Buffer.from(hex, 'hex'), 'the snapshot')).toThrow(
        expect.objectContaining({ code: 'invalid-data' }),
      )
    }
  })

  it('lengths are counted as UTF-8', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.nat(60), (text, limit) => {
        expect(exceedsBytes(text, limit)).toBe(Buffer.byteLength(text) > limit)
      }),
    )
  })

  it('a line holds no character that could end it or move a cursor', () => {
    for (const text of ['a', 'Grüße, 世界 \u{1f600}', 'a=b "c"', 'x'.repeat(256)])
      expect(isLine(text)).toBe(true)
    for (const text of [
      '',
      'a\n',
      'a\r',
      '\0',
      '\u001b[0m',
      '\u007f',
      '\u0085',
      '\u2028',
      '\ud800',
      'x'.repeat(257),
      5,
      null,
      undefined,
      ['a'],
    ])
      expect(isLine(text)).toBe(false)
  })

  it('bytes are the same or not', () => {
    fc.assert(
      fc.property(fc.uint8Array(), fc.uint8Array(), (a, b) => {
        expect(sameBytes(a, b)).toBe(Buffer.compare(a, b) === 0)
      }),
    )
    fc.assert(
      fc.property(fc.uint8Array(), a => {
        expect(sameBytes(a, new Uint8Array(a))).toBe(true)
      }),
    )
  })
})

describe('digests', () => {
  it('are SHA-256 in lower-case hexadecimal', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), bytes => {
        expect(digestOf(hasher, bytes)).toBe(createHash('sha256').update(bytes).digest('hex'))
        expect(toHex(bytes)).toBe(Buffer.from(bytes).toString('hex'))
      }),
    )
  })

  it('tell a changed byte', () => {
    const bytes = encodeText('{"a":1}')
    const digest = digestOf(hasher, bytes)
    expect(() => assertDigest(hasher, { bytes, digest, what: 'the snapshot' })).not.toThrow()
    for (const other of [encodeText('{"a":2}'), bytes.subarray(1), new Uint8Array()]) {
      expect(() => assertDigest(hasher, { bytes: other, digest, what: 'the snapshot' })).toThrow(
        expect.objectContaining({ code: 'digest-mismatch' }),
      )
    }
  })
})

describe('paths', () => {
  it('read like code, and hide keys that may be data', () => {
    expect(formatPath([])).toBe('')
    expect(formatPath(['servers', 2, 'host'])).toBe('servers[2].host')
    expect(formatPath([0, 1, 'a-b', '$c', '_d'])).toBe('[0][1].a-b.$c._d')
    expect(formatPath(['users', 'ann@example.org', '42', '', 'a b', 'x'.repeat(65), 'é'])).toBe(
      'users.*.*.*.*.*.*',
    )
  })
})

describe('shapes', () => {
  const value: Json = { text: 'x', count: 3, list: [1, { a: 'b' }], inner: { deep: {} }, nothing: null }
  const shape = shapeOf(value, 'the thing')
  const refused = (read: () => unknown, path: string) =>
    expect(read).toThrow(
      expect.objectContaining({ code: 'invalid-data', issues: [expect.objectContaining({ path })] }),
    )

  it('read what is there', () => {
    expect([
      shape.string('text'),
      shape.integer('count', 1, 3),
      shape.member('nothing'),
      shape.has('nothing'),
      shape.has('toString'),
      shape.names().length,
    ]).toEqual(['x', 3, null, true, false, 5])
    expect(shape.list('list', 2)).toHaveLength(2)
    expect(shape.object('inner').object('deep').path).toBe('inner.deep')
  })

  it('refuse the rest with its path', () => {
    refused(() => shape.string('missing'), 'missing')
    refused(() => shape.string('count'), 'count')
    refused(() => shape.string('text', () => false), 'text')
    refused(() => shape.integer('count', 4, 5), 'count')
    refused(() => shape.integer('text', 0, 1), 'text')
    refused(() => shape.list('inner', 5), 'inner')
    refused(() => shape.list('list', 1), 'list')
    refused(() => shape.objects('list', 2), 'list[0]')
    refused(() => shape.object('list'), 'list')
    refused(() => shape.object('nothing'), 'nothing')
    refused(() => shape.member('toString'), 'toString')
    refused(() => shape.member('__proto__'), '__proto__')
    refused(() => shape.object('inner').object('deep').string('x y'), 'inner.deep.*')
    expect(shape.object('inner').refuse('', 'is wrong').issues).toMatchObject([{ path: 'inner' }])
    for (const other of [null, 1, 'x', [], true] as Json[]) refused(() => shapeOf(other, 'the thing'), '')
  })
})
