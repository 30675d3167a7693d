import fc from 'fast-check'
import { expect, test } from 'vitest'
import type { Digest } from '../../../src/contracts/names.js'
import { MAX_WITHDRAWN } from '../../../src/core/limits.js'
import { decodeRelease, encodeRelease, type Release } from '../../../src/core/release/release.js'
import { encodeFitting, listWithdrawn } from '../../../src/publisher/withdrawn.js'

const digestOfNumber = (n: number): Digest => n.toString(16).padStart(64, '0')
const digests = fc.array(fc.nat(300).map(digestOfNumber), { maxLength: 200 })

test('a list of withdrawn digests is a plain list: each once, the newest last, what is named left out', () => {
  fc.assert(
    fc.property(digests, digests, digests, (before, added, named) => {
      let model: Digest[] = []
      for (const digest of [...before, ...added]) model = [...model.filter(other => other !== digest), digest]
      model = model.filter(digest => !named.includes(digest))
      while (model.length > MAX_WITHDRAWN) model.shift()
      expect(listWithdrawn({ before, added, named })).toEqual(model)
    }),
  )
})

test('release after release the newest withdrawals stay, and only the oldest are ever forgotten', () => {
  const step = fc.record({ withdraws: fc.nat(400), runs: fc.nat(400) })
  fc.assert(
    fc.property(fc.array(step, { minLength: 150, maxLength: 250 }), steps => {
      let list: readonly Digest[] = []
      /** When each was withdrawn last, without those that ran again after that. */
      const withdrawnAt = new Map<Digest, number>()
      for (const [at, { withdraws, runs }] of steps.entries()) {
        const [digest, named] = [digestOfNumber(withdraws), digestOfNumber(runs)]
        list = listWithdrawn({ before: list, added: [digest], named: [named] })
        withdrawnAt.set(digest, at)
        withdrawnAt.delete(named)
        const oldest = [...withdrawnAt].sort(([, a], [, b]) => a - b)[0]
        if (withdrawnAt.size > MAX_WITHDRAWN && oldest !== undefined) withdrawnAt.delete(oldest[0])
      }
      const oldestFirst = [...withdrawnAt].sort(([, a], [, b]) => a - b).map(([digest]) => digest)
      expect(list).toEqual(oldestFirst)
    }),
    { numRuns: 30 },
  )
})

/** A release whose file has about that many bytes without any withdrawn digest. */
function releaseOfSize(bytes: number): Release {
  const release: Release = {
    v: 1,
    namespace: 'checkout/prod',
    epoch: '1-9f3a01bc',
    sequence: 7,
    issuedAt: '2026-01-01T00:00:00.000Z',
    cause: 'rollback',
    stable: { version: 7, variants: [{ digest: digestOfNumber(1), bytes: 9 }] },
    prev: null,
  }
  const filled = (length: number): Release => ({
    ...release,
    stable: {
      version: 7,
      variants: [
        { when: { region: ['x'.repeat(length)] }, digest: digestOfNumber(2), bytes: 9 },
        { digest: digestOfNumber(1), bytes: 9 },
      ],
    },
  })
  return filled(bytes - encodeRelease(filled(0)).length)
}

test('a release keeps exactly as many withdrawn digests as fit, the newest', () => {
  const sizes = fc.integer({ min: 56_000, max: 65_536 })
  fc.assert(
    fc.property(sizes, fc.nat(MAX_WITHDRAWN), (bytes, count) => {
      const release = releaseOfSize(bytes)
      const withdrawn = Array.from({ length: count }, (_, n) => digestOfNumber(n + 100))
      const fits = (list: readonly Digest[]): boolean => {
        try {
          encodeRelease(list.length === 0 ? release : { ...release, withdrawn: list })
          return true
        } catch {
          return false
        }
      }
      const model = [...withdrawn]
      while (!fits(model)) model.shift()

      const { release: fitting, bytes: file } = encodeFitting(release, withdrawn)
      expect(fitting.withdrawn ?? []).toEqual(model)
      expect(decodeRelease(file).release).toEqual(fitting)
    }),
  )
})

test('a release that is too large by itself is refused, whatever it withdraws', () => {
  for (const withdrawn of [[], [digestOfNumber(2)]])
    expect(() => encodeFitting(releaseOfSize(65_537), withdrawn)).toThrow(
      expect.objectContaining({ code: 'too-large' }),
    )
})
