import { expect, test } from 'vitest'
import type { Json } from '../../../../src/contracts/index.js'
import { canonicalize } from '../../../../src/core/json/canonical.js'
import { encodeText } from '../../../../src/core/json/text.js'
import { readForeignRelease } from '../../../../src/core/release/later-release.js'

const place = { v: 2, namespace: 'checkout/prod', epoch: '1-9f3a01bc', sequence: 3 }
const read = (release: Json) => readForeignRelease(encodeText(canonicalize({ release })))?.release

test('of a release of a later format its place is read', () => {
  expect(read(place)).toMatchObject({ namespace: 'checkout/prod', epoch: '1-9f3a01bc', sequence: 3 })
})

test.each([
  ['without a namespace', { namespace: null }],
  ['of a namespace that is none', { namespace: '../etc' }],
  ['of an epoch that is none', { epoch: '1' }],
  ['of a sequence that is none', { sequence: 0 }],
])('what is a release %s is none', (_, change) => {
  expect(read({ ...place, ...change })).toBeUndefined()
})
