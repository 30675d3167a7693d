import { expect, test } from 'vitest'
import type { Release } from '../../../src/core/release/release.js'
import { makeRelease } from '../../support/server-fixtures.js'
import { insteadOfLeft } from './left-on.js'

const folder = '/state/shop/prod'
const ran = makeRelease('ran')
const earned = makeRelease('earned')
const newer = { sequence: 2, stable: makeRelease('newer', { sequence: 2 }).release.stable }

/**
 * The disk of a client that ran a document, earned another one before, and has seen a release
 * since.
 */
function diskOf(
  seen: Partial<Release>,
  {
    candidate,
    good = [{ digest: ran.digest }, { digest: earned.digest }],
  }: { candidate?: boolean; good?: object[] } = {},
): ReadonlyMap<string, Uint8Array> {
  const { release, bytes } = makeRelease('newer', seen)
  const { epoch, sequence } = release
  const file = {
    seen: { epoch, sequence },
    release: new TextDecoder().decode(bytes),
    applied: { epoch, sequence: 1 },
    current: { digest: ran.digest, ...(candidate === true && { candidate }) },
    good,
  }
  return new Map([[`${folder}/instances/one.json`, new TextEncoder().encode(JSON.stringify(file))]])
}

test('a restart begins from what ran while no release takes that away', () => {
  expect(insteadOfLeft(new Map(), { folder })).toBeUndefined()
  expect(insteadOfLeft(diskOf(newer), { folder })).toBeUndefined()
  const stable = { ...newer, stable: ran.release.stable, withdrawn: [ran.digest] }
  expect(insteadOfLeft(diskOf(stable, { candidate: true }), { folder })).toBeUndefined()
})

test('a restart begins from what was earned before, once what ran was withdrawn or given up', () => {
  expect(insteadOfLeft(diskOf({ ...newer, withdrawn: [ran.digest] }), { folder })).toEqual([earned.digest])
  const good = [{ digest: earned.digest }]
  expect(insteadOfLeft(diskOf(newer, { candidate: true, good }), { folder })).toEqual([earned.digest])
  expect(insteadOfLeft(diskOf(newer, { candidate: true, good: [] }), { folder })).toEqual([])
})
