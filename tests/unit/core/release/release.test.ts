import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { describe, expect, it } from 'vitest'
import { isNoticeboardError, type Json } from '../../../../src/contracts/index.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { decodeMark, encodeMark, type Mark } from '../../../../src/core/release/mark.js'
import {
  decodeRelease,
  digestsOf,
  encodeRelease,
  releaseDigest,
  unknownCritical,
  type Release,
} from '../../../../src/core/release/release.js'
import { isInstant } from '../../../../src/core/release/instant.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { MAX_RELEASE_BYTES } from '../../../../src/core/limits.js'
import { systemHasher as hasher } from '../../../../src/system/system.js'
import {
  damaged,
  digest,
  epoch,
  instant,
  namespace,
  release,
  sequence,
} from '../../../support/arbitraries.js'

const first: Release = {
  v: 1, namespace: 'checkout/prod', epoch: '1-9f3a01bc', sequence: 1, issuedAt: '2026-11-21T09:30:00.000Z', cause: 'publish',
  stable: { version: 1, variants: [{ digest: 'b'.repeat(64), bytes: 20 }] }, prev: null,
} // prettier-ignore
const file = (value: object, signatures: readonly Json[] = []) =>
  encodeText(canonicalize({ release: value, signatures }))

describe('release files', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(release, statement => {
        const bytes = encodeRelease(statement)
        expect(decodeRelease(bytes)).toEqual({ release: statement, signatures: [], bytes })
      }),
    )
  })

  it('are refused with our own error and nothing else, wherever they are damaged', () => {
    const codes = new Set<string>()
    fc.assert(
      fc.property(
        release.chain(statement => damaged({ release: statement, signatures: [] } as unknown as Json)),
        value => {
          let bytes: Uint8Array
          try {
            bytes = encodeText(canonicalize(value))
          } catch {
            return
          }
          for (const read of [() => decodeRelease(bytes), () => releaseDigest(hasher, bytes)]) {
            try {
              read()
              codes.add('read')
            } catch (error) {
              expect(isNoticeboardError(error, 'invalid-data', 'unsupported', 'too-large')).toBe(true)
              codes.add((error as { code: string }).code)
            }
          }
        },
      ),
      { numRuns: 3_000 },
    )
    expect([...codes].sort()).toEqual(['invalid-data', 'read', 'unsupported'])
  })

  it('name the member that is wrong, and never what stands there', () => {
    const bytes = file({ ...first, stable: { version: 1, variants: [{ digest: 'hunter2', bytes: 1 }] } })
    expect(() => decodeRelease(bytes)).toThrow(
      expect.objectContaining({
        code: 'invalid-data',
        message: 'the release file: release.stable.variants[0].digest is not written as docs/formats.md says',
        issues: [expect.objectContaining({ path: 'release.stable.variants[0].digest' })],
      }),
    )
  })

  it('may hold more than this version knows, and keep their digest when signatures are added', () => {
    const more = {
      ...first,
      later: { deep: [1] },
      stable: { ...first.stable, later: 1, variants: [{ ...first.stable.variants[0], encoding: 'x' }] },
    }
    expect(canonicalize(decodeRelease(file(more)).release)).toBe(canonicalize(first))
    expect(releaseDigest(hasher, file(first, [{ protected: 'x' }]))).toBe(releaseDigest(hasher, file(first)))
    expect(releaseDigest(hasher, file(more))).not.toBe(releaseDigest(hasher, file(first)))
    expect(releaseDigest(hasher, file(first))).toBe(
      createHash('sha256').update(canonicalize(first)).digest('hex'),
    )
  })

  it('say what must be known', () => {
    expect(unknownCritical(first)).toBeUndefined()
    expect(unknownCritical({ ...first, crit: ['stable', 'withdrawn', 'v', 'crit'] })).toBeUndefined()
    expect(unknownCritical({ ...first, crit: ['stable', 'stable.encoding', 'x'] })).toBe('stable.encoding')
    expect(unknownCritical({ ...first, crit: ['toString'] })).toBe('toString')
  })

  it.each<[string, object]>([
    ['a cause that forges a line', { cause: 'publish\nrollback' }], ['a time that is none', { issuedAt: '2026-02-30T00:00:00.000Z' }], ['a spread over an hour', { spreadMs: 3_600_001 }],
    ['a clause with a salt of nothing', { candidate: first.stable, audience: { salt: '', clauses: [] } }], ['a salt with NUL', { candidate: first.stable, audience: { salt: 'a\0b', clauses: [] } }],
    ['513 ids', { candidate: first.stable, audience: { salt: 's', clauses: [{ ids: Array.from({ length: 513 }, () => 'x') }] } }], ['below over 2^32', { candidate: first.stable, audience: { salt: 's', clauses: [{ below: 2 ** 32 + 1 }] } }],
    ['129 withdrawn digests', { withdrawn: Array.from({ length: 129 }, () => 'a'.repeat(64)) }], ['a sequence past 2^53', { sequence: 2 ** 53 }], ['a candidate alone', { candidate: first.stable }], ['an audience alone', { audience: { salt: 's', clauses: [] } }],
  ])('are not even written with %s', (_, change) => {
    expect(() => encodeRelease({ ...first, ...change } as Release)).toThrow(expect.objectContaining({ code: 'invalid-data' }))
  }) // prettier-ignore

  it('hold 65,536 bytes at most', () => {
    const variants = Array.from({ length: 60 }, (_, index) => ({
      when: { [`label-${index}`]: ['x'.repeat(1_000)] },
      digest: 'a'.repeat(64),
      bytes: 1,
    }))
    expect(() =>
      encodeRelease({
        ...first,
        stable: {
          version: 1,
          variants: [...variants, first.stable.variants[0]] as unknown as Release['stable']['variants'],
        },
      }),
    ).toThrow(expect.objectContaining({ code: 'too-large' }))
    expect(() => decodeRelease(new Uint8Array(MAX_RELEASE_BYTES + 1))).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    )
  })

  it('hold 16 signatures at most', () => {
    const signed = (count: number) =>
      file(
        first,
        Array.from({ length: count }, () => ({ protected: 'x' })),
      )
    expect(decodeRelease(signed(16)).signatures).toHaveLength(16)
    expect(() => decodeRelease(signed(17))).toThrow(expect.objectContaining({ code: 'invalid-data' }))
  })

  it('name each digest once', () => {
    const [variant] = first.stable.variants
    const other = {
      version: 2,
      variants: [{ when: { a: ['b'] }, digest: 'c'.repeat(64), bytes: 1 }, variant] as const,
    }
    expect(digestsOf({ ...first, candidate: other as unknown as Release['stable'] })).toEqual([
      'b'.repeat(64),
      'c'.repeat(64),
    ])
  })

  it.each([
    'null',
    '[]',
    '1',
    '"release"',
    '{}',
    '{"release":null,"signatures":[]}',
    '{"release":{},"signatures":{}}',
    '{"release":{}}',
  ])('are not %s', text => {
    expect(() => decodeRelease(encodeText(text))).toThrow(expect.objectContaining({ code: 'invalid-data' }))
  })

  it.each(['null', '[]', '1', '{}'])('have no digest when they are %s', text => {
    expect(() => releaseDigest(hasher, encodeText(text))).toThrow(
      expect.objectContaining({ code: 'invalid-data' }),
    )
  })
})

describe('marks', () => {
  const mark: fc.Arbitrary<Mark> = fc
    .record({ namespace, epoch, sequence, digest, times: fc.tuple(instant, instant) })
    .map(({ times, ...rest }) => ({
      v: 1 as const,
      ...rest,
      asOf: [...times].sort()[0]!,
      validUntil: [...times].sort()[1]!,
    }))

  it('come back as they were written', () => {
    fc.assert(
      fc.property(mark, value => {
        expect(decodeMark(encodeMark(value))).toEqual(value)
      }),
    )
  })

  it('are refused with our own error and nothing else, wherever they are damaged', () => {
    fc.assert(
      fc.property(
        mark.chain(value => damaged({ mark: value, signatures: [] } as unknown as Json)),
        value => {
          let bytes: Uint8Array
          try {
            bytes = encodeText(canonicalize(value))
          } catch {
            return
          }
          try {
            decodeMark(bytes)
          } catch (error) {
            expect(isNoticeboardError(error, 'invalid-data')).toBe(true)
          }
        },
      ),
      { numRuns: 1_000 },
    )
  })

  const one: Mark = {
    v: 1,
    namespace: 'a',
    epoch: '1-9f3a01bc',
    sequence: 1,
    digest: 'a'.repeat(64),
    asOf: '2026-11-21T09:30:00.000Z',
    validUntil: '2026-11-21T09:30:00.001Z',
  }

  it('have 4,096 bytes at most', () => {
    const ofBytes = (bytes: number) => encodeMark(one, ['x'.repeat(bytes - encodeMark(one, ['']).length)])
    expect(ofBytes(4_096)).toHaveLength(4_096)
    expect(decodeMark(ofBytes(4_096))).toEqual(one)
    expect(() => decodeMark(ofBytes(4_097))).toThrow(expect.objectContaining({ code: 'too-large' }))
  })

  it('do not end before they begin', () => {
    const value: Mark = { ...one, asOf: one.validUntil, validUntil: one.asOf }
    expect(() => decodeMark(encodeMark(value))).toThrow(expect.objectContaining({ code: 'invalid-data' }))
  })
})

describe('times', () => {
  it('have one spelling', () => {
    fc.assert(
      fc.property(instant, text => {
        expect(isInstant(text)).toBe(true)
      }),
    )
    for (const text of [
      '2026-11-21',
      '2026-11-21T09:30:00Z',
      '2026-11-21T09:30:00.000+00:00',
      '2026-13-01T00:00:00.000Z',
      '+002026-11-21T09:30:00.000Z',
      '2026-11-21T24:00:00.000Z',
      '2026-11-21T09:30:00.000Z\n',
      '',
    ]) {
      expect(isInstant(text)).toBe(false)
    }
  })
})
