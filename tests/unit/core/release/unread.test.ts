import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { Json, JsonObject } from '../../../../src/contracts/json.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { decodeText } from '../../../../src/core/json/strict-parse.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { decodeRelease, encodeRelease } from '../../../../src/core/release/release.js'
import { release as anyRelease } from '../../../support/arbitraries.js'

/**
 * Every object of a release but labels and plans, whose members are not the format's, with one
 * member more.
 */
function withMore(value: Json, more: JsonObject): Json {
  if (Array.isArray(value)) return value.map(item => withMore(item, more))
  if (typeof value !== 'object' || value === null) return value
  const members = Object.entries(value as JsonObject).map(([name, member]): [string, Json] => [
    name,
    LEFT_ALONE.has(name) ? member : withMore(member, more),
  ])
  return { ...Object.fromEntries(members), ...more }
}

/** Their members are names of others, or they are taken over as they are or not at all. */
const LEFT_ALONE = new Set(['when', 'labels', 'plan', 'readmit', 'from', 'position', 'before'])

test('a condition that was not understood stays as it was, wherever its clause goes', () => {
  const clauses: readonly JsonObject[] = [
    { constructor: 1, moon: 'full' },
    { labels: { region: { not: ['eu'] } } },
    { below: 2 },
  ]
  const arm = { version: 1, variants: [{ bytes: 1, digest: 'a'.repeat(64) }] }
  const given = {
    v: 1, namespace: 'checkout/prod', epoch: '1-9f3a01bc', sequence: 2, issuedAt: '2026-01-01T00:00:00.000Z',
    cause: 'publish', prev: null, stable: arm, candidate: arm, audience: { salt: 's', clauses },
  } // prettier-ignore
  const { release } = decodeRelease(encodeText(canonicalize({ release: given, signatures: [] })))
  expect(release.audience?.clauses).toMatchObject([
    { unknown: true },
    { labels: { region: [] } },
    { below: 2 },
  ])
  const wider = { salt: 's', clauses: [...(release.audience?.clauses ?? []).slice(0, 2), { below: 3 }] }
  const again = JSON.parse(decodeText(encodeRelease({ ...release, audience: wider }), 'the release'))
  expect(again.release.audience.clauses).toEqual([...clauses.slice(0, 2), { below: 3 }])
})

describe('a release that is read and written again', () => {
  test('says at every level what it said, also what this version does not know', () => {
    fc.assert(
      fc.property(anyRelease, given => {
        const more = { later: { than: 'this' }, toString: 'a name that every object has' }
        const known = JSON.parse(decodeText(encodeRelease(given), 'the release')) as { release: Json }
        const bytes = encodeText(canonicalize({ release: withMore(known.release, more), signatures: [] }))
        const { release } = decodeRelease(bytes)
        expect(decodeText(encodeRelease(release), 'the release')).toBe(decodeText(bytes, 'the release'))
        // A copy says so too.
        expect(decodeText(encodeRelease({ ...release, cause: given.cause }), 'the release')).toBe(
          decodeText(bytes, 'the release'),
        )
      }),
    )
  })
})
