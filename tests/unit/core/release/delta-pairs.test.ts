import { expect, test } from 'vitest'
import { deltaPairs } from '../../../../src/core/release/delta-pairs.js'
import type { Release, Variant } from '../../../../src/core/release/release.js'
import { makeRelease } from '../../../support/server-fixtures.js'

/** A release that gives a snapshot of its own to each of some labels, and one to all others. */
function releaseOf(sequence: number, labels: number): Release {
  const variantOf = (label: number): Variant => ({
    digest: `${sequence}`.padStart(2, '0') + `${label}`.padStart(62, '0'),
    bytes: 100_000,
    ...(label < labels && { when: { shop: [`s${label}`] } }),
  })
  const [first, ...others] = Array.from({ length: labels + 1 }, (_, label) => variantOf(label))
  if (first === undefined) throw new Error('there is one at least')
  const { release } = makeRelease(
    {},
    { sequence, stable: { version: sequence, variants: [first, ...others] } },
  )
  return release
}

test('a release has 64 pairs at most, those of the latest release before it first', () => {
  const [newest, ...before] = [5, 4, 3, 2, 1].map(sequence => releaseOf(sequence, 19))
  if (newest === undefined) throw new Error('there is one')
  const pairs = deltaPairs(newest, before)
  const basesOf = (sequence: number) => pairs.filter(({ base }) => base.startsWith(`0${sequence}`)).length
  expect([4, 3, 2, 1].map(basesOf)).toEqual([20, 20, 20, 4])
  expect(pairs.map(({ base }) => base[1]).join('')).toMatch(/^4+3+2+1+$/)
  expect(new Set(pairs.map(({ base, digest }) => `${base} ${digest}`)).size).toBe(64)
})
