import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  isDigest,
  isNoticeboardError,
  namespaceProblem,
  parseNamespace,
} from '../../../src/contracts/index.js'

const segment = fc.stringMatching(/^[a-z0-9][a-z0-9._-]{0,62}$/)

describe('namespaces', () => {
  it('that are accepted can be a folder everywhere, and cannot be taken for a file of the board', () => {
    let accepted = 0
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            segment,
            fc.constantFrom('releases', 'snapshots', 'con', 'aux.x', 'a.', 'x.json', '..', '.', '', 'A'),
          ),
          { maxLength: 5 },
        ),
        segments => {
          const text = segments.join('/')
          if (namespaceProblem(text) !== undefined) return
          accepted += 1
          expect(segments.length).toBeGreaterThanOrEqual(1)
          expect(segments.length).toBeLessThanOrEqual(4)
          expect(text.length).toBeLessThanOrEqual(200)
          expect(text).toBe(text.toLowerCase())
          expect(encodeURI(text)).toBe(text)
          for (const each of segments) {
            expect(each).not.toMatch(
              /^\.|\.$|\.json$|^(?:releases|snapshots)$|^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)|[~%\\\s]/,
            )
            expect(each.length).toBeLessThanOrEqual(63)
          }
        },
      ),
      { numRuns: 2_000 },
    )
    expect(accepted).toBeGreaterThan(100)
  })

  it('are refused in words that say what to do, as invalid-option, with the text cut and escaped', () => {
    for (const text of [
      undefined,
      null,
      7,
      {},
      [],
      '',
      'a\nb',
      '\u001b[2J',
      'x'.repeat(500),
      'a/releases',
      'con',
      'a.',
      'x.json',
      'a/b/c/d/e',
      'Checkout',
      '../x',
      '%2e%2e',
      'a\\b',
      'a\0',
    ]) {
      let error: unknown
      try {
        parseNamespace(text)
      } catch (thrown) {
        error = thrown
      }
      expect(isNoticeboardError(error, 'invalid-option')).toBe(true)
      expect((error as Error).message).not.toMatch(/[\u0000-\u001f]/)
      expect((error as Error).message.length).toBeLessThan(300)
    }
  })

  it('are given back as they are', () => {
    expect(parseNamespace('checkout/prod')).toBe('checkout/prod')
  })
})

describe('digests', () => {
  it('have one spelling', () => {
    expect(isDigest('0123456789abcdef'.repeat(4))).toBe(true)
    for (const text of [
      'A'.repeat(64),
      'a'.repeat(63),
      'a'.repeat(65),
      `${'a'.repeat(64)}\n`,
      'g'.repeat(64),
      '',
      undefined,
      5,
    ])
      expect(isDigest(text)).toBe(false)
  })
})
