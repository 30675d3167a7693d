import { expect, test } from 'vitest'
import { checkAppend } from '../../../../src/core/release/log-order.js'
import { encodeRelease } from '../../../../src/core/release/release.js'
import { systemHasher } from '../../../../src/system/system.js'
import { errorOf } from '../../../support/error-of.js'

const namespace = 'checkout/prod'
const at = { epoch: '1-9f3a01bc', sequence: 1 }
const bytes = encodeRelease({
  v: 1, namespace, ...at, issuedAt: '2026-11-21T09:30:00.000Z', cause: 'publish',
  stable: { version: 1, variants: [{ digest: 'b'.repeat(64), bytes: 20 }] }, prev: null,
}) // prettier-ignore

test.each([
  [{ ...at, epoch: 'first' }, '`at.epoch` must read <number>-<8 hex digits>, such as 1-9f3a01bc'],
  [{ ...at, sequence: 0 }, '`at.sequence` must be a whole number from 1 on'],
])(
  'an append to %o is refused as an option that is wrong, before its bytes are read',
  async (place, message) => {
    const append = (what: Uint8Array) => () =>
      checkAppend({ namespace, at: place, bytes: what }, systemHasher)
    for (const what of [bytes, new Uint8Array()])
      expect(await errorOf(Promise.resolve().then(append(what)))).toMatchObject({
        code: 'invalid-option',
        message,
      })
  },
)

test('an append says which release its bytes are, where that is another', () => {
  const elsewhere = { namespace, at: { ...at, sequence: 2 }, bytes }
  expect(() => checkAppend(elsewhere, systemHasher)).toThrow(
    'the release is checkout/prod 1-9f3a01bc:1, and it was to be appended as checkout/prod 1-9f3a01bc:2',
  )
})
