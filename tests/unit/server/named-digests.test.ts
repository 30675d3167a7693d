import { expect, test } from 'vitest'
import type { Variant } from '../../../src/core/release/release.js'
import type { Lifetime } from '../../../src/server/http/lifetime.js'
import { createNamedDigests } from '../../../src/server/stream/named-digests.js'
import type { Newest } from '../../../src/server/stream/newest-release.js'
import { makeRelease, never } from '../../support/server-fixtures.js'

/** A release of 60 snapshots that no other release names. */
function releaseOf(sequence: number) {
  const variantOf = (_: unknown, index: number): Variant => ({
    digest: (sequence * 100 + index).toString(16).padStart(64, '0'),
    bytes: 1,
    ...(index < 59 && { when: { shop: [`s${index}`] } }),
  })
  const variants = Array.from({ length: 60 }, variantOf) as unknown as readonly [Variant, ...Variant[]]
  return makeRelease({}, { sequence, stable: { version: sequence, variants } })
}

test('of the snapshots that releases named 200 at most are remembered, those of the newest first', async () => {
  const releases = [5, 4, 3, 2, 1].map(releaseOf)
  const [newest] = releases
  const named = createNamedDigests({
    transport: {
      async *history() {
        for (const { bytes } of releases) yield { bytes }
      },
    } as never,
    lifetime: { run: (work: (signal: AbortSignal) => unknown) => work(never) } as unknown as Lifetime,
  })
  const known: number[] = []
  for (const { release } of releases) {
    const { variants } = release.stable
    const has = variants.map(({ digest }) =>
      named.has(release.namespace, newest as unknown as Newest, digest),
    )
    known.push((await Promise.all(has)).filter(Boolean).length)
  }
  expect(known.slice(0, 2)).toEqual([60, 60])
  expect(known.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(200)
  expect(known.at(-1)).toBe(0)
})
