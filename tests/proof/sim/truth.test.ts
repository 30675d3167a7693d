import { expect, test } from 'vitest'
import type { Position } from '../../../src/contracts/position.js'
import { makeRelease, type Published } from '../../support/server-fixtures.js'
import { isAllowed } from './allowed.js'
import { createTruth, type Truth } from './truth.js'

const ALL = { salt: 'salt', clauses: [{ below: 4_294_967_296 }] }
const own = makeRelease('own')
const refused = makeRelease('refused', { epoch: '2-00000000' })
const first = makeRelease('first', {
  sequence: 2,
  stable: own.release.stable,
  candidate: makeRelease('first', { sequence: 2 }).release.stable,
  audience: ALL,
})

/**
 * A client that ran its own document, then another in the second release, and is back at its own in
 * a new epoch, whose document it refuses.
 */
function wentBack({ lost }: { readonly lost: readonly Uint8Array[] }): Truth {
  const truth = createTruth(() => 0, isAllowed)
  runs(truth, own, own.release)
  runs(truth, first, first.release)
  truth.restored({ epoch: own.release.epoch, sequence: 1 }, lost)
  runs(truth, own, refused.release)
  for (const { bytes } of [own, refused]) truth.released(bytes, 'the log')
  truth.checkFollowed()
  return truth
}

function runs(truth: Truth, { snapshot, digest }: Published, { epoch, sequence }: Position): void {
  const document = new TextDecoder().decode(snapshot)
  const identity = { clientId: 'client', labels: {} }
  const position = { epoch, sequence }
  truth.offered(document)
  truth.applied({
    client: 'client',
    build: 'b1',
    identity,
    digest,
    document,
    made: text => text,
    valid: true,
    position,
    keepsState: true,
    fromDisk: false,
  })
  truth.reported({ client: 'client', identity, position })
}

const oracles = ({ violations }: Truth): readonly string[] => violations.map(({ oracle }) => oracle)

test('a client whose candidate was lost with a restored backup may go back to what it ran before', () => {
  expect(oracles(wentBack({ lost: [first.bytes] }))).toEqual([])
})

test('a client that goes back from what no release gave to some first runs what is not for it', () => {
  const stable = makeRelease('first', { sequence: 2 })
  expect(oracles(wentBack({ lost: [stable.bytes] }))).toEqual(['nothing-moves-on-receipt', 'audience'])
})

test.each([
  { what: 'what a rollback withdraws', withdrawn: true, found: [] },
  { what: 'what it does not', withdrawn: false, found: ['nothing-moves-on-receipt', 'audience'] },
])('a client that refuses what a rollback goes back to leaves $what', ({ withdrawn, found }) => {
  const bad = makeRelease('bad', { sequence: 2 })
  const back = makeRelease('refused', {
    sequence: 3,
    ...(withdrawn && { withdrawn: [bad.digest] }),
  })
  const truth = createTruth(() => 0, isAllowed)
  for (const { bytes } of [own, bad, back]) truth.released(bytes, 'the log')
  runs(truth, own, own.release)
  runs(truth, bad, bad.release)
  runs(truth, own, back.release)
  truth.checkFollowed()
  expect(oracles(truth)).toEqual(found)
})
