import fc from 'fast-check'
import { expect, test } from 'vitest'
import { digestOf } from '../../../src/core/release/digest.js'
import {
  decodeRelease,
  digestsOf,
  positionOf,
  releaseDigest,
  type Arm,
  type Release,
} from '../../../src/core/release/release.js'
import { compose, type Statement } from '../../../src/publisher/compose.js'
import { systemHasher } from '../../../src/system/system.js'
import { release as anyRelease } from '../../support/arbitraries.js'
import { publisherContext } from './publisher-context.js'
import { scriptedStore } from './scripted-store.js'

const { signal } = new AbortController()
const audit = Buffer.from('{"reason":"a test"}')
const variants = (digit: string): Arm['variants'] => [{ digest: digit.repeat(64), bytes: 9 }]

/** All that a release says of its own accord, as a statement. */
function statementOf(release: Release): Statement {
  const {
    cause,
    stable,
    candidate,
    audience,
    withdrawn,
    readmit,
    rollout,
    evidence,
    spreadMs,
    activateAt,
    crit,
  } = release
  return {
    cause, stable: stable.variants, audit, readmit, rollout, evidence, spreadMs, activateAt, crit, at: positionOf(release),
    ...(withdrawn !== undefined && { withdrawn }),
    ...(candidate !== undefined && audience !== undefined && { candidate: candidate.variants, audience }),
  } // prettier-ignore
}

test('a statement can say every release of the format', async () => {
  await fc.assert(
    fc.asyncProperty(anyRelease, async given => {
      const { namespace, sequence } = given
      const context = publisherContext(scriptedStore(), { namespace })
      const { release, bytes } = await compose(context, undefined, statementOf(given), signal)
      const { withdrawn = [], ...rest } = given
      const kept = [...new Set(withdrawn.toReversed())]
        .toReversed()
        .filter(digest => !digestsOf(given).includes(digest))
      expect(release).toEqual({
        ...rest,
        // What follows from the place in the log, and from the clock.
        issuedAt: '2026-01-01T00:00:00.000Z',
        stable: { ...given.stable, version: sequence },
        ...(given.candidate !== undefined && { candidate: { ...given.candidate, version: sequence } }),
        ...(kept.length > 0 && { withdrawn: kept }),
        prev: null,
        audit: digestOf(systemHasher, audit),
      })
      expect(decodeRelease(bytes).release).toEqual(release)
    }),
  )
})

test('a candidate keeps its version from stage to stage, and when all clients get it', async () => {
  const context = publisherContext(scriptedStore())
  const audience = { salt: 's', clauses: [{ below: 1 }] }
  const exposed = { candidate: variants('b'), audience }
  const first = await compose(context, undefined, { cause: 'publish', stable: variants('a'), audit }, signal)
  const staged = await compose(
    context,
    first,
    { cause: 'publish', stable: variants('a'), ...exposed, audit },
    signal,
  )
  const wider = await compose(
    context,
    staged,
    { cause: 'widen', stable: variants('a'), ...exposed, audit },
    signal,
  )
  const all = await compose(context, wider, { cause: 'promote', stable: variants('b'), audit }, signal)
  expect(
    [first, staged, wider, all].map(({ release }) => [
      release.sequence,
      release.stable.version,
      release.candidate?.version,
    ]),
  ).toEqual([
    [1, 1, undefined],
    [2, 1, 2],
    [3, 1, 2],
    [4, 2, undefined],
  ])
  expect(all.release.prev).toBe(releaseDigest(systemHasher, wider.bytes))
})

test('naming a withdrawn snapshot as a candidate ends its withdrawal', async () => {
  const context = publisherContext(scriptedStore())
  const audience = { salt: 's', clauses: [{ below: 1 }] }
  const withdrawn = ['b'.repeat(64), 'c'.repeat(64)]
  const first = await compose(
    context,
    undefined,
    { cause: 'rollback', stable: variants('a'), audit, withdrawn },
    signal,
  )
  expect(first.release.withdrawn).toEqual(withdrawn)
  const again = await compose(
    context,
    first,
    { cause: 'publish', stable: variants('a'), candidate: variants('b'), audience, audit },
    signal,
  )
  expect(again.release.withdrawn).toEqual(['c'.repeat(64)])
})

test('a readmission holds for its own release, and is not carried on', async () => {
  const context = publisherContext(scriptedStore())
  const readmit = [{ digest: 'a'.repeat(64), reason: 'the check was wrong' }]
  const first = await compose(
    context,
    undefined,
    { cause: 'publish', stable: variants('a'), audit, readmit },
    signal,
  )
  const next = await compose(context, first, { cause: 'publish', stable: variants('b'), audit }, signal)
  expect([first.release.readmit, next.release.readmit]).toEqual([readmit, undefined])
})
