import { expect, test } from 'vitest'
import { canonicalize } from '../../../src/core/json/canonical.js'
import { encodeText } from '../../../src/core/json/text.js'
import { digestOf } from '../../../src/core/release/digest.js'
import type { StepEvidence } from '../../../src/core/release/step-evidence.js'
import { decodeAudit, encodeAudit } from '../../../src/publisher/audit.js'
import { seededRandom } from '../../../src/sim/seeded-random.js'
import { systemHasher as hasher } from '../../../src/system/system.js'

const context = { random: seededRandom(1), author: 'ada' }
const evidence: StepEvidence = {
  rollout: 'r1',
  stage: 0,
  step: 'advance',
  verdict: 'good',
  why: 'every exposed client is healthy',
  asOf: '2026-11-21T09:30:00.000Z',
  counts: { exposed: 1, healthy: 1 },
  exceptions: [],
}

test('an audit record tells who, why and what a step rests on', () => {
  const bytes = encodeAudit(context, { reason: 'more load', evidence })
  expect(decodeAudit(hasher, bytes, digestOf(hasher, bytes))).toEqual({
    author: 'ada',
    reason: 'more load',
    evidence,
  })
})

test('evidence that this version cannot read is left out, and the rest of the record is told', () => {
  const bytes = encodeText(canonicalize({ v: 1, nonce: 'n', reason: 'more load', evidence: { later: 1 } }))
  expect(decodeAudit(hasher, bytes, digestOf(hasher, bytes))).toEqual({ reason: 'more load' })
})

test('author and reason are bounded by themselves, and evidence by the record', () => {
  expect(() => encodeAudit(context, { reason: 'x'.repeat(4_097) })).toThrow(
    expect.objectContaining({ code: 'invalid-option' }),
  )
  const exceptions = Array.from({ length: 100 }, (_, index) => ({
    clientId: `client-${index}`.padEnd(200, 'x'),
    kind: 'silent',
    path: 'p'.repeat(256),
  }))
  expect(encodeAudit(context, { reason: 'r', evidence: { ...evidence, exceptions } }).length).toBeGreaterThan(
    40_000,
  )
  const long = exceptions.map(exception => ({ ...exception, validator: 'v'.repeat(256) }))
  expect(() => encodeAudit(context, { reason: 'r', evidence: { ...evidence, exceptions: long } })).toThrow(
    expect.objectContaining({ code: 'too-large' }),
  )
  const unread = { ...evidence, stage: -1 }
  expect(() => encodeAudit(context, { reason: 'r', evidence: unread })).toThrow(
    expect.objectContaining({ code: 'invalid-data' }),
  )
})
