import { describe, expect, it } from 'vitest'
import type { Json } from '../../../../src/contracts/json.js'
import { shapeOf } from '../../../../src/core/json/shape.js'
import { isUnderWay, readRollout, type RolloutState } from '../../../../src/core/release/rollout.js'
import { readStepEvidence } from '../../../../src/core/release/step-evidence.js'

const position = { epoch: '1-9f3a01bc', sequence: 7 }
const at = '2026-11-21T09:30:00.000Z'
const rollout: RolloutState = {
  id: 'r1',
  state: 'running',
  stage: 0,
  plan: { type: 'staged', version: 1 },
  stageStart: { position, at, live: 60, exposed: 1, control: 59 },
  from: position,
  decideBy: at,
  controller: 'server-1',
}
const read = (change: object): RolloutState =>
  readRollout(shapeOf({ ...rollout, ...change } as unknown as Json, 'the release'))

describe('a rollout in a release', () => {
  it('is read as it was written, and a state of a later version as one that is not known', () => {
    expect(read({})).toEqual(rollout)
    expect(read({ state: 'dancing' }).state).toBe('other')
    expect(read({ later: 1 })).toEqual(rollout)
  })

  it('is under way unless it is watched or over; what is not known has not ended', () => {
    const underWay = [
      'running',
      'paused',
      'retreated',
      'dancing',
      'watching',
      'completed',
      'rolled-back',
    ].filter(state => isUnderWay(read({ state })))
    expect(underWay).toEqual(['running', 'paused', 'retreated', 'dancing'])
  })

  it.each<[string, object]>([
    ['a plan of more than 4,096 bytes', { plan: 'ä'.repeat(2_048) }],
    ['no plan', { plan: undefined }],
    ['no way back', { from: undefined }],
    ['a stage that nobody can be in', { stage: 1_001 }],
    ['a state that forges a line', { state: 'run\nning' }],
    ['a control of less than nobody', { stageStart: { ...rollout.stageStart, control: -1 } }],
    ['a start at no time', { stageStart: { ...rollout.stageStart, at: 'today' } }],
  ])('is refused with %s', (_, change) => {
    expect(() => read(change)).toThrow(expect.objectContaining({ code: 'invalid-data' }))
  })

  it('takes a plan of exactly 4,096 bytes', () => {
    expect(read({ plan: 'x'.repeat(4_094) }).plan).toHaveLength(4_094)
  })
})

describe('the evidence of a step', () => {
  const evidence = {
    rollout: 'r1',
    stage: 1,
    step: 'roll-back',
    verdict: 'bad',
    why: 'two clients ended abruptly',
    asOf: at,
    counts: { exposed: 6, healthy: 4 },
    exceptions: [{ clientId: 'web-1', kind: 'abrupt' }],
    omitted: 1,
  }
  const readStep = (change: object): object =>
    readStepEvidence(shapeOf({ ...evidence, ...change } as unknown as Json, 'the record'))

  it('is read as it was written, and another verdict is unknown', () => {
    expect(readStep({})).toEqual(evidence)
    expect(readStep({ verdict: 'splendid' })).toMatchObject({ verdict: 'unknown' })
  })

  it.each<[string, object]>([
    ['101 clients', { exceptions: Array.from({ length: 101 }, () => ({ clientId: 'a', kind: 'b' })) }],
    ['65 numbers', { counts: Object.fromEntries(Array.from({ length: 65 }, (_, n) => [`n${n}`, 1])) }],
    ['a number that is none', { counts: { exposed: 'six' } }],
    ['a reason of two lines', { why: 'a\nb' }],
  ])('is refused with %s', (_, change) => {
    expect(() => readStep(change)).toThrow(expect.objectContaining({ code: 'invalid-data' }))
  })
})
