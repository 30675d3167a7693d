import { expect, test } from 'vitest'
import type { Json } from '../../../src/contracts/json.js'
import { readStagedPlan, readTimedPlan } from '../../../src/rollouts/plan.js'

const ALL = { by: 'all' }
const GATE = { name: 'calm', onBad: 'pause' }
const MOST = Number.MAX_SAFE_INTEGER

const staged = (changes: Record<string, Json>): Json => ({
  type: 'staged', version: 1, stages: [ALL], bakeMs: 0, reportMs: 1, spreadMs: 0,
  quorum: 0.9, watchMs: 0, late: 'alarm', gates: [], ...changes,
}) // prettier-ignore
const timed = (changes: Record<string, Json>): Json => ({
  type: 'timed', version: 1, stages: [ALL], everyMs: 1, ...changes,
}) // prettier-ignore
const times = (count: number, item: Json): Json => Array.from({ length: count }, () => item)

const read = (plan: Json): unknown =>
  (plan as { type: string }).type === 'timed' ? readTimedPlan(plan) : readStagedPlan(plan)

test.each<[string, Json]>([
  ['64 stages', staged({ stages: times(64, ALL) })],
  ['64 gates', staged({ gates: times(64, GATE) })],
  ['a count of 1', staged({ stages: [{ by: 'count', count: 1 }] })],
  ['a count of 2^53-1', staged({ stages: [{ by: 'count', count: MOST }] })],
  ['a whole share of at least 2^53-1', staged({ stages: [{ by: 'share', share: 1, atLeast: MOST }] })],
  ['a quorum of 1', staged({ quorum: 1 })],
  ['a watch of a week', staged({ watchMs: 604_800_000 })],
  ['a step each week', timed({ everyMs: 604_800_000 })],
])('a plan is read with %s', (_, plan) => {
  expect(read(plan)).toEqual(plan)
})

test.each<[string, Json]>([
  ['no stages', staged({ stages: [] })],
  ['65 stages', staged({ stages: times(65, ALL) })],
  ['65 gates', staged({ gates: times(65, GATE) })],
  ['a count of 0', staged({ stages: [{ by: 'count', count: 0 }] })],
  ['a count of 2^53', staged({ stages: [{ by: 'count', count: 2 ** 53 }] })],
  ['at least 0', staged({ stages: [{ by: 'share', share: 0.5, atLeast: 0 }] })],
  ['at least 2^53', staged({ stages: [{ by: 'share', share: 0.5, atLeast: 2 ** 53 }] })],
  ['a share of 0', staged({ stages: [{ by: 'share', share: 0 }] })],
  ['a share of 1.1', staged({ stages: [{ by: 'share', share: 1.1 }] })],
  ['a quorum of 0', staged({ quorum: 0 })],
  ['a quorum of 1.1', staged({ quorum: 1.1 })],
  ['a watch of more than a week', staged({ watchMs: 604_800_001 })],
  ['a step each 0 ms', timed({ everyMs: 0 })],
  ['a step each week and a millisecond', timed({ everyMs: 604_800_001 })],
  ['no stages that are timed', timed({ stages: [] })],
])('a plan is refused with %s', (_, plan) => {
  expect(() => read(plan)).toThrow(expect.objectContaining({ code: 'invalid-data' }))
})
